import type { AnySchema } from '../../schema/types.js'
import { resolve } from '../../schema/walk.js'
import { isKubernetes } from '../../schema/zero.js'
import { type ApplyType, deduced, fieldType, objectTypeOf } from './apply-type.js'
import type { Entry } from './entries.js'
import { withFields } from './entries.js'
import { type FieldSet, FieldSetBuilder, isMember, leaf } from './field-set.js'

/**
 * Entries written when a custom resource's schema was another one: what has become atomic since is owned as a whole by
 * whoever owned a part of it. The types of built-in resources do not change.
 */
export function reconciled(entries: readonly Entry[], schema: AnySchema | undefined): readonly Entry[] {
  const resolved = schema && resolve(schema)
  if (resolved?.kind !== 'message' || isKubernetes(resolved)) return entries
  const type = objectTypeOf(schema)
  return entries.map(entry => (entry.fields ? withFields(entry, collapse(entry.fields, type)) : entry))
}

function collapse(set: FieldSet, type: ApplyType): FieldSet {
  if (type.kind === 'deduced' || type.kind === 'ignored') return set
  const elements = Object.entries(set).filter(([element]) => element !== '.')
  if (type.kind === 'atomic' || type.kind === 'scalar' || type.kind === 'list') return elements.length ? leaf : set
  const builder = new FieldSetBuilder()
  let changed = false
  for (const [element, child] of elements) {
    const collapsed = collapse(child, childType(type, element))
    if (collapsed !== child) changed = true
    builder.add(element, collapsed)
  }
  return changed ? (builder.build(isMember(set)) ?? leaf) : set
}

function childType(type: ApplyType, element: string): ApplyType {
  const name = element.startsWith('f:') ? element.slice(2) : undefined
  if (name === undefined) return type.kind === 'keyed' || type.kind === 'set' ? type.item : deduced
  if (type.kind === 'map') return type.value
  return (type.kind === 'struct' ? fieldType(type, name) : undefined) ?? deduced
}
