import { checkedDuration } from '../time.js'
import {
  CelError,
  type CelValue,
  celCompare,
  celEqual,
  type Duration,
  EntryMap,
  type ListValue,
  Uint,
} from '../values.js'
import { declare, type Signatures } from './declare.js'
import { checkedInt } from './standard.js'

function isSorted(list: ListValue): boolean {
  for (let i = 1; i < list.size; i++) if ((celCompare(list.get(i - 1), list.get(i)) ?? 0) > 0) return false
  return true
}

function extreme(list: ListValue, name: string, sign: 1 | -1): CelValue {
  if (list.size === 0) throw new CelError(`${name} called on empty list`)
  let best = list.get(0)
  for (const item of list) if ((celCompare(item, best) ?? 0) * sign > 0) best = item
  return best
}

function indexOf(list: ListValue, value: CelValue): bigint {
  for (let i = 0; i < list.size; i++) if (celEqual(list.get(i), value)) return BigInt(i)
  return -1n
}

function lastIndexOf(list: ListValue, value: CelValue): bigint {
  for (let i = list.size - 1; i >= 0; i--) if (celEqual(list.get(i), value)) return BigInt(i)
  return -1n
}

const comparable: { readonly [signature: string]: (list: ListValue) => CelValue } = Object.fromEntries(
  ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'].flatMap(type => [
    [`list(${type}).isSorted(): bool`, isSorted],
    [`list(${type}).min(): ${type}`, (list: ListValue) => extreme(list, 'min', -1)],
    [`list(${type}).max(): ${type}`, (list: ListValue) => extreme(list, 'max', 1)],
  ]),
)

const contains = (list: ListValue, value: CelValue): boolean => indexOf(list, value) >= 0n

const sets: Signatures = {
  'sets::contains(list(T), list(T)): bool': (list: ListValue, part: ListValue) =>
    [...part].every(item => contains(list, item)),
  'sets::equivalent(list(T), list(T)): bool': (a: ListValue, b: ListValue) =>
    [...a].every(item => contains(b, item)) && [...b].every(item => contains(a, item)),
  'sets::intersects(list(T), list(T)): bool': (a: ListValue, b: ListValue) => [...a].some(item => contains(b, item)),
}

/** Kubernetes' lists library, and the sets of cel-go. */
export const listFunctions = declare({
  ...comparable,
  'list(int).sum(): int': (list: ListValue) =>
    [...list].reduce<bigint>((sum, item) => checkedInt(sum + (item as bigint)), 0n),
  'list(uint).sum(): uint': (list: ListValue) =>
    new Uint([...list].reduce<bigint>((sum, item) => sum + (item as Uint).value, 0n)),
  'list(double).sum(): double': (list: ListValue) => [...list].reduce<number>((sum, item) => sum + (item as number), 0),
  'list(duration).sum(): duration': (list: ListValue) =>
    checkedDuration([...list].reduce<bigint>((sum, item) => sum + (item as Duration).nanos, 0n)),
  'list(T).indexOf(T): int': indexOf,
  'list(T).lastIndexOf(T): int': lastIndexOf,
  ...sets,
})

/** Entries of several maps as one; a key that comes twice is an error. */
export function mergedEntries(maps: Iterable<readonly [CelValue, CelValue]>): EntryMap {
  const merged = new EntryMap()
  for (const [key, value] of maps) {
    if (merged.get(key) !== undefined) throw new CelError(`insert failed: key ${String(key)} already exists`)
    merged.set(key, value)
  }
  return merged
}
