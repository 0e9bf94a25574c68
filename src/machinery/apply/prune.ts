import { mapFields } from '../patch/json-value.js'
import { type ApplyType, deduce, deduced, fieldType, itemElement, valueElement } from './apply-type.js'
import { below, type FieldSet, isMember } from './field-set.js'

type Values = { readonly [name: string]: unknown }

/**
 * Removes what the manager applied last time (`last`) and nobody owns any more (`owned` is what all managers own together,
 * with this manager's new configuration). What was never applied stays, unless it is part of something that goes.
 */
export function prune(
  value: unknown,
  type: ApplyType,
  last: FieldSet | undefined,
  owned: FieldSet | undefined,
): unknown {
  return visit(value, type, { last, owned, lastAbove: false, orphan: false })
}

interface Place {
  readonly last: FieldSet | undefined
  readonly owned: FieldSet | undefined
  /** Something above was applied last time. */
  readonly lastAbove: boolean
  /** Something above was applied last time and is nobody's now, though it stays for what is in it. */
  readonly orphan: boolean
}

const gone = Symbol('gone')

function visit(value: unknown, type: ApplyType, place: Place): unknown {
  // Nothing below was applied last time: nothing can go.
  if (!place.last) return value
  switch (type.kind) {
    case 'deduced':
      return visit(value, deduce(value), place)
    case 'struct':
    case 'map':
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
      return mapFields(value as Values, (field, name) => {
        const child = type.kind === 'map' ? type.value : fieldType(type, name)
        // A field of a struct goes with what is in it; a key of a map is owned on its own.
        const kept = step(field, child ?? deduced, `f:${name}`, place, type.kind === 'struct' && child !== undefined)
        return kept === gone ? undefined : kept
      })
    case 'keyed':
    case 'set': {
      if (!Array.isArray(value)) return value
      const kept = value
        .map(item => {
          const element = type.kind === 'keyed' ? itemElement(type, item) : valueElement(item)
          return step(item, type.item, element, place, false)
        })
        .filter(item => item !== gone)
      const same = kept.length === value.length && kept.every((item, index) => item === value[index])
      return same ? value : kept
    }
    default:
      return value
  }
}

function step(value: unknown, type: ApplyType, element: string, place: Place, named: boolean): unknown {
  const last = below(place.last, element)
  if (!last) return value
  const owned = below(place.owned, element)
  const wasApplied = named || isMember(last)
  const isOwned = owned !== undefined && (named || isMember(owned))
  const orphan = place.orphan || (!isOwned && (wasApplied || place.lastAbove))
  if (wasApplied && orphan) return gone
  return visit(value, type, { last, owned, lastAbove: place.lastAbove || wasApplied, orphan })
}
