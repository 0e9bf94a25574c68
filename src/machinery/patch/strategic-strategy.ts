import type { AnySchema } from '../../schema/types.js'
import { fieldOf, resolve } from '../../schema/walk.js'
import { StatusError } from '../status-error.js'

/** How strategic merge treats a list. */
export interface ListStrategy {
  /** Of the items; undefined where nothing is known. */
  readonly schema: AnySchema | undefined
  /** Merge the items, or take the patch's list. */
  readonly merge: boolean
  /** The field by which items are paired; undefined for lists of scalars. */
  readonly mergeKey: string | undefined
}

/** The strategy of a list in the field `key` of something with this schema. */
export function listStrategy(schema: AnySchema | undefined, key: string): ListStrategy {
  const { schema: child } = objectStrategy(schema, key)
  const list = child && resolve(child)
  if (list?.kind !== 'list') return { schema: undefined, merge: false, mergeKey: undefined }
  const { patch, patchKey } = list.semantics
  return { schema: list.item, merge: patch?.startsWith('merge') ?? false, mergeKey: patchKey }
}

/** The strategy of an object in the field `key`: merged, unless it is declared to be replaced. */
export function objectStrategy(
  schema: AnySchema | undefined,
  key: string,
): { readonly schema: AnySchema | undefined; readonly merge: boolean } {
  const parent = schema && resolve(schema)
  if (parent?.kind === 'map') return { schema: parent.value, merge: true }
  const field = parent?.kind === 'message' ? fieldOf(parent, key) : undefined
  return { schema: field?.schema, merge: !field?.patch?.startsWith('replace') }
}

/** The kind of error upstream does not expect: a 500 that says what is wrong. */
export const patchFault = (message: string): StatusError => new StatusError(500, '', message)
