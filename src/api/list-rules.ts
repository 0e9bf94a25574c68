import { duplicate, tooMany } from '../machinery/field-errors.js'
import type { FieldPath } from '../machinery/path.js'
import type { FieldError } from '../machinery/status-error.js'

type Check<T> = (item: T, at: FieldPath) => FieldError[]

/** What is found in the items of a list, in their order. Nearly always that is nothing, which is why it is no `flatMap`. */
export function ofItems<T, R>(
  list: readonly T[] | undefined | null,
  find: (item: T, position: number) => readonly R[],
): R[] {
  const all: R[] = []
  if (!list) return all
  for (let i = 0; i < list.length; i++) {
    const found = find(list[i] as T, i)
    if (found.length > 0) all.push(...found)
  }
  return all
}

/** Faults of the items of a list; of a list that is too long nothing is looked at. */
export function validateItems<T>(
  list: readonly T[] | undefined,
  most: number,
  at: FieldPath,
  check: Check<T>,
): FieldError[] {
  const items = list ?? []
  return items.length > most ? [tooMany(at, items.length, most)] : ofItems(items, (item, i) => check(item, at.index(i)))
}

/** The same of a list in which no two items may have the same key. */
export function validateSet<T>(
  list: readonly T[] | undefined,
  most: number,
  at: FieldPath,
  check: Check<T>,
  keyOf: (item: T) => unknown,
): FieldError[] {
  const items = list ?? []
  const errors = validateItems(items, most, at, check)
  if (items.length > most) return errors
  const seen = new Set<string>()
  items.forEach((item, i) => {
    const key = keyOf(item)
    const identity = String(key)
    if (seen.has(identity)) errors.push(duplicate(at.index(i), key))
    seen.add(identity)
  })
  return errors
}

/** Faults of the keys and values of a map; of one that is too large nothing is looked at. */
export function validateEntries<T>(
  map: { readonly [key: string]: T } | undefined,
  most: number,
  at: FieldPath,
  checkKey: (key: string, at: FieldPath) => FieldError[],
  check: Check<T> = () => [],
): FieldError[] {
  const entries = Object.entries(map ?? {})
  if (entries.length > most) return [tooMany(at, entries.length, most)]
  return ofItems(entries, ([key, value]) => [...checkKey(key, at.key(key)), ...check(value, at.key(key))])
}
