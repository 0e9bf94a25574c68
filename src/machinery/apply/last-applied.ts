import { exactJson, parseExactJson } from '../../schema/exact-json.js'
import { annotationsLimit } from '../validate-labels.js'
import type { ApplyType } from './apply-type.js'
import { compare } from './compare.js'
import type { Conflict } from './conflicts.js'
import { difference } from './field-set.js'
import { fieldSetOf } from './field-set-of.js'

/** Where `kubectl apply` without `--server-side` keeps what it applied. */
export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration'

/** The one manager for which client-side and server-side apply go together. */
const kubectl = 'kubectl'

interface Annotated {
  readonly metadata?: { readonly annotations?: { readonly [key: string]: string } | null } | null
}

const annotationsOf = (object: object) => (object as Annotated).metadata?.annotations ?? {}

/**
 * Whether conflicts are only about fields that kubectl itself applied before, from the client's side: it may go on to
 * manage them from the server's.
 */
export function isAllowedByLastApplied(
  conflicts: readonly Conflict[],
  live: object,
  manager: string,
  type: ApplyType,
): boolean {
  const text = manager === kubectl ? annotationsOf(live)[lastAppliedAnnotation] : undefined
  if (!text) return false
  let last: unknown
  try {
    last = parseExactJson(text)
  } catch {
    return false
  }
  // Fields that have changed since were not kubectl's any more.
  const since = compare(last, live, type)
  const allowed = difference(difference(fieldSetOf(last, type), since?.changed), since?.removed)
  return conflicts.every(({ fields }) => difference(fields, allowed) === undefined)
}

/** Keeps the annotation of client-side apply in step when kubectl applies from the server's side. */
export function withLastApplied(object: object, config: object, manager: string): object {
  const annotations = annotationsOf(object)
  if (manager !== kubectl || annotations[lastAppliedAnnotation] === undefined) return object
  const text = `${exactJson(withoutLastApplied(config), sortedKeys)}\n`
  if (text === annotations[lastAppliedAnnotation]) return object
  const { [lastAppliedAnnotation]: _, ...rest } = annotations
  const fits = Buffer.byteLength(text) <= annotationsLimit
  return {
    ...object,
    metadata: {
      ...(object as Annotated).metadata,
      annotations: fits ? { ...rest, [lastAppliedAnnotation]: text } : rest,
    },
  }
}

function withoutLastApplied(config: object): object {
  const annotations = annotationsOf(config)
  if (annotations[lastAppliedAnnotation] === undefined) return config
  const { [lastAppliedAnnotation]: _, ...rest } = annotations
  return { ...config, metadata: { ...(config as Annotated).metadata, annotations: rest } }
}

const sortedKeys = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value
