import { mapFields, setField } from '../patch/json-value.js'
import { type ApplyType, deduce, deduced, fieldType, itemElement, type KeyedType, valueElement } from './apply-type.js'

type Values = { readonly [name: string]: unknown }
type Items = readonly unknown[]

const isValues = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Lays an applied configuration over the live object: structs and maps field by field, keyed lists and sets item by item,
 * everything else replaced. Shares with both what stays as it is; changes neither.
 */
export function merge(live: unknown, config: unknown, type: ApplyType): unknown {
  if (config === undefined || config === live) return live
  switch (type.kind) {
    case 'deduced': {
      const now = deduce(config, live)
      return now.kind === deduce(live, config).kind ? merge(live, config, now) : config
    }
    case 'struct':
    case 'map':
      if (config === null) return isValues(live) && Object.keys(live).length ? live : null
      return isValues(live) && isValues(config) ? mergeFields(live, config, type) : config
    case 'keyed':
    case 'set':
      if (config === null) return Array.isArray(live) && live.length ? live : null
      return Array.isArray(live) && Array.isArray(config) ? mergeItems(live, config, type) : config
    default:
      return config
  }
}

function mergeFields(live: Values, config: Values, type: Extract<ApplyType, { kind: 'struct' | 'map' }>): Values {
  const typeOf = (name: string): ApplyType => (type.kind === 'map' ? type.value : (fieldType(type, name) ?? deduced))
  const kept = mapFields(live, (value, name) =>
    Object.hasOwn(config, name) ? merge(value, config[name], typeOf(name)) : value,
  )
  let merged: Record<string, unknown> | undefined
  for (const name of Object.keys(config)) {
    if (Object.hasOwn(live, name) || config[name] === undefined) continue
    merged ??= { ...kept }
    setField(merged, name, config[name])
  }
  return merged ?? kept
}

/**
 * Items of both sides stand in the order of the configuration; those of the live object alone stay where they are
 * between them, and new ones come where the configuration has them.
 */
function mergeItems(live: Items, config: Items, type: KeyedType | Extract<ApplyType, { kind: 'set' }>): Items {
  const elementOf = (item: unknown): string => (type.kind === 'keyed' ? itemElement(type, item) : valueElement(item))
  const left = live.map(elementOf)
  const right = config.map(elementOf)
  const liveAt = new Map(left.map((element, index) => [element, index]).reverse() as [string, number][])
  const wanted = new Set(right)
  const shared = right.filter(element => liveAt.has(element))
  const merged: unknown[] = []
  let nextShared = 0
  for (let l = 0, r = 0; l < left.length || r < right.length; ) {
    const mine = left[l]
    const theirs = right[r]
    if (mine !== undefined && mine === theirs) {
      merged.push(merge(live[l], config[r], type.item))
      l++
      r++
      nextShared++
    } else if (mine !== undefined && wanted.has(mine) && mine !== shared[nextShared]) {
      // Comes, or came, where the configuration has it.
      l++
    } else if (mine !== undefined && !wanted.has(mine)) {
      merged.push(live[l])
      l++
    } else {
      const at = theirs === undefined ? undefined : liveAt.get(theirs)
      merged.push(at === undefined ? config[r] : merge(live[at], config[r], type.item))
      if (at !== undefined) nextShared++
      r++
    }
  }
  return merged.length === live.length && merged.every((item, index) => item === live[index]) ? live : merged
}
