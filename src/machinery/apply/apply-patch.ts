import type { GroupVersionKind } from '../../schema/types.js'
import { resolve } from '../../schema/walk.js'
import { badRequest, StatusError } from '../status-error.js'
import { objectTypeOf } from './apply-type.js'
import { configFault } from './check-config.js'
import { ApplyConflictError, type Conflict } from './conflicts.js'
import { type Entry, type ManagedFieldsEntry, readEntries, sameManager, withFields, writeEntries } from './entries.js'
import { difference, type FieldSet, intersection, union } from './field-set.js'
import { fieldSetOf } from './field-set-of.js'
import { isAllowedByLastApplied, withLastApplied } from './last-applied.js'
import { ChangesByVersion, changesOf, emptyObject, type ManagedType, ownable, unowned } from './managed-object.js'
import { merge } from './merge.js'
import { prune } from './prune.js'
import { reconciled } from './reconcile.js'
import { tracked } from './update.js'

/** A server-side apply. */
export interface ApplyRequest extends ManagedType {
  /** The stored object; undefined if the apply creates it. */
  readonly live: object | undefined
  /** The applied configuration as it was sent: parsed, but neither decoded nor defaulted. */
  readonly config: unknown
  /** `metadata.managedFields` of the stored object. */
  readonly managedFields?: readonly ManagedFieldsEntry[] | undefined
  readonly manager: string
  /** Take over what others own. */
  readonly force?: boolean | undefined
  readonly subresource?: string | undefined
  /** RFC 3339. */
  readonly time: string
}

export interface Applied {
  /**
   * The object that comes out, still to be decoded, defaulted and validated like one that was sent. Its own
   * `metadata.managedFields` is out of date. Shares with the live object what stays as it is.
   */
  readonly object: object
  readonly managedFields: readonly ManagedFieldsEntry[]
}

const firstManager = 'before-first-apply'

/**
 * Applies a configuration: lays it over the live object, removes what this manager applied before and nobody owns any
 * more, and makes it the owner of what it names. Throws a StatusError: 409 if that changes fields of other managers and
 * `force` is not set, 400 for another kind or managed fields in the configuration, 500 for one unfit for its type.
 */
export function applyPatch(request: ApplyRequest): Applied {
  const { manager, apiVersion, subresource = '', time } = request
  const type = objectTypeOf(request.schema)
  const config = checked(request)
  const live = request.live ?? emptyObject(request.schema)
  const entries = knownEntries(request)
  const identity = { manager, operation: 'Apply' as const, apiVersion, subresource }
  const previous = entries.find(entry => sameManager(entry, identity))
  const others = entries.filter(entry => entry !== previous)

  const applied = ownable(fieldSetOf(config, type), request)
  const owned = others.reduce<FieldSet | undefined>((all, { fields }) => union(all, fields), union(applied, unowned))
  const object = prune(merge(live, config, type), type, previous?.fields, owned) as object

  const changes = new ChangesByVersion(live, object, request, changesOf(live, object, request))
  const conflicts: Conflict[] = []
  for (const entry of others) {
    const fields = intersection(entry.fields, changes.at(entry.apiVersion).changed)
    if (fields) conflicts.push({ manager: entry, fields })
  }
  if (conflicts.length && !request.force && !isAllowedByLastApplied(conflicts, live, manager, type)) {
    throw new ApplyConflictError(conflicts)
  }
  const remaining = others.map(entry => withFields(entry, difference(entry.fields, changes.at(entry.apiVersion).all)))
  const result = withLastApplied(object, config, manager)
  const changed = changes.here !== undefined || result !== object
  return {
    object: result,
    managedFields: writeEntries([...remaining, own(identity, previous, applied, changed, time)]),
  }
}

/** The applying manager's entry; its time only moves when the object changes. */
function own(
  identity: Pick<Entry, 'manager' | 'operation' | 'apiVersion' | 'subresource'>,
  previous: Entry | undefined,
  fields: FieldSet | undefined,
  changed: boolean,
  time: string,
): Entry {
  // Keeping the entry keeps its identity when the same configuration is applied again.
  const same =
    previous?.fields && fields && !difference(previous.fields, fields) && !difference(fields, previous.fields)
  if (previous && same && !changed) return previous
  return { ...identity, fields, time: changed ? time : previous?.time }
}

/** The entries of the live object; what was there before anybody applied belongs to a manager of its own. */
function knownEntries(request: ApplyRequest): readonly Entry[] {
  const { live, managedFields = [] } = request
  const entries = readEntries(managedFields) ?? []
  if (entries.length || !live) return reconciled(entries, request.schema)
  const empty = emptyObject(request.schema)
  const changes = new ChangesByVersion(empty, live, request, changesOf(empty, live, request))
  return tracked([], changes, { manager: firstManager, apiVersion: request.apiVersion, time: request.time })
}

interface Config {
  readonly apiVersion?: unknown
  readonly kind?: unknown
  readonly metadata?: { readonly managedFields?: unknown; readonly name?: unknown; readonly namespace?: unknown } | null
}

function checked(request: ApplyRequest): object {
  const { config, schema, apiVersion } = request
  const { apiVersion: version, kind, metadata } = (config ?? {}) as Config
  const expected = schema && gvkOf(schema)
  if (typeof config !== 'object' || config === null || version !== apiVersion || (expected && kind !== expected.kind)) {
    throw badRequest(`invalid object type: ${printKind(version, kind)}`)
  }
  if (metadata?.managedFields !== undefined && metadata.managedFields !== null) {
    throw badRequest('metadata.managedFields must be nil')
  }
  const fault = configFault(config, objectTypeOf(schema))
  if (fault) {
    const [namespace, name] = [metadata?.namespace, metadata?.name].map(part => (typeof part === 'string' ? part : ''))
    throw new StatusError(
      500,
      '',
      `failed to create typed patch object (${namespace}/${name}; ${printKind(version, kind)}): ${fault}`,
    )
  }
  return config
}

function gvkOf(schema: NonNullable<ManagedType['schema']>): GroupVersionKind | undefined {
  const resolved = resolve(schema)
  return resolved.kind === 'message' ? resolved.gvk : undefined
}

function printKind(apiVersion: unknown, kind: unknown): string {
  const version = typeof apiVersion === 'string' ? apiVersion : ''
  return `${version.includes('/') ? version : `/${version}`}, Kind=${typeof kind === 'string' ? kind : ''}`
}
