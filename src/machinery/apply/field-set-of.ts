import { type ApplyType, deduce, deduced, fieldType, itemElement, valueElement } from './apply-type.js'
import { type FieldSet, FieldSetBuilder, leaf, union } from './field-set.js'

/**
 * The fields that an applied configuration names: leaves, items of lists and keys of maps. Structs do not count
 * themselves, unless they are empty.
 */
export function fieldSetOf(value: unknown, type: ApplyType): FieldSet | undefined {
  if (value === undefined) return undefined
  switch (type.kind) {
    case 'ignored':
      return undefined
    case 'scalar':
    case 'atomic':
    case 'list':
      return leaf
    case 'deduced':
      return fieldSetOf(value, deduce(value))
    default:
      return value === null ? leaf : childrenOf(value, type)
  }
}

function childrenOf(
  value: unknown,
  type: Extract<ApplyType, { kind: 'struct' | 'map' | 'keyed' | 'set' }>,
): FieldSet | undefined {
  const builder = new FieldSetBuilder()
  if (type.kind === 'keyed' || type.kind === 'set') {
    const sets = new Map<string, FieldSet>()
    for (const item of Array.isArray(value) ? value : []) {
      const element = type.kind === 'keyed' ? itemElement(type, item) : valueElement(item)
      const set = union(union(fieldSetOf(item, type.item), leaf), sets.get(element))
      if (set) sets.set(element, set)
    }
    for (const [element, set] of sets) builder.add(element, set)
    return builder.build(false)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return leaf
  let empty = true
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue
    empty = false
    const child = type.kind === 'map' ? type.value : (fieldType(type, name) ?? deduced)
    const set = fieldSetOf(field, child)
    if (type.kind === 'map') builder.add(`f:${name}`, union(set, leaf) ?? leaf)
    else if (set) builder.add(`f:${name}`, set)
  }
  return builder.build(empty)
}
