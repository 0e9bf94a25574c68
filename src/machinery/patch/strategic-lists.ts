import { goValue } from '../go-format.js'
import { StatusError } from '../status-error.js'
import { isObject, type JsonObject } from './json-value.js'
import { fresh } from './strategic-directives.js'
import { type ListStrategy, patchFault } from './strategic-strategy.js'

type Items = readonly unknown[]
/** Merges an item of the patch into its counterpart. */
type MergeItem = (original: JsonObject, patch: JsonObject, schema: ListStrategy['schema']) => JsonObject

/** Merges the items of `patch` into those of `original`: objects by their merge key, scalars as sets. */
export function mergeLists(original: Items, patch: Items, strategy: ListStrategy, mergeItem: MergeItem): Items {
  if (original.length === 0 && patch.length === 0) return original
  const { mergeKey } = strategy
  if (!holdsObjects(original, patch)) {
    const merged = [...new Set([...original, ...patch])]
    return arrange(merged, patch, original, undefined)
  }
  if (!mergeKey) throw patchFault('cannot merge lists without merge key')
  const { kept, changes } = special(original, patch, mergeKey)
  const merged = [...kept]
  const places = new Map(merged.map((item, index) => [keyOf(item, mergeKey), index]).reverse() as [unknown, number][])
  for (const change of changes) {
    const key = requiredKey(change, mergeKey)
    const place = places.get(key)
    const current = place === undefined ? undefined : merged[place]
    if (place !== undefined && isObject(current)) merged[place] = mergeItem(current, change, strategy.schema)
    else {
      places.set(key, merged.length)
      merged.push(fresh(change))
    }
  }
  const result = arrange(merged, changes, kept, mergeKey)
  return result.length === original.length && result.every((item, index) => item === original[index])
    ? original
    : result
}

/** Merges and then orders items as `order` names them; undefined if there is nothing to order. */
export function orderAs(
  original: Items | undefined,
  patch: Items | undefined,
  order: Items,
  strategy: ListStrategy,
  mergeItem: MergeItem,
): Items | undefined {
  const { mergeKey } = strategy
  if (patch) checkOrder(patch, order, mergeKey)
  let merged = original
  if (patch && original)
    merged = strategy.merge ? mergeLists(original, patch, strategy, mergeItem) : (fresh(patch) as Items)
  else if (patch) merged = fresh(patch) as Items
  if (!merged) return undefined
  if (!holdsObjects(merged, [])) return arrange(merged, order, original ?? [], undefined)
  if (!mergeKey) throw patchFault('cannot merge lists without merge key')
  return arrange(merged, order, original ?? [], mergeKey)
}

function holdsObjects(original: Items, patch: Items): boolean {
  let objects: boolean | undefined
  for (const item of [...original, ...patch]) {
    if (Array.isArray(item)) {
      throw new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {})
    }
    if (objects !== undefined && objects !== isObject(item)) throw patchFault('list element types are not identical')
    objects = isObject(item)
  }
  return objects ?? false
}

const keyOf = (item: unknown, mergeKey: string): unknown => (isObject(item) ? item[mergeKey] : undefined)

function requiredKey(item: unknown, mergeKey: string): unknown {
  const key = keyOf(item, mergeKey)
  if (key === undefined) throw patchFault(`map: ${goValue(item)} does not contain declared merge key: ${mergeKey}`)
  return key
}

/** Carries out the items of the patch that are directives: `$patch: delete` with a key, `$patch: replace` for the list. */
function special(original: Items, patch: Items, mergeKey: string): { kept: Items; changes: readonly JsonObject[] } {
  const changes: JsonObject[] = []
  const gone = new Set<unknown>()
  let replace = false
  for (const item of patch as readonly JsonObject[]) {
    const directive = item['$patch']
    if (directive === undefined) changes.push(item)
    else if (directive === 'delete') gone.add(requiredKey(item, mergeKey))
    else if (directive === 'replace') replace = true
    else if (directive === 'merge') throw patchFault('merging lists cannot yet be specified in the patch')
    else throw patchFault(`unknown patch type: ${goValue(directive)} in map: ${goValue(item)}`)
  }
  if (replace) return { kept: changes.map(fresh), changes: [] }
  const kept = gone.size ? original.filter(item => !gone.has(keyOf(item, mergeKey))) : original
  return { kept, changes }
}

/**
 * The order of a merged list: items named by `order` stand as it says, the others as they stood. Between the two, what
 * stood before the other in `previous` comes first; what was not there comes as early as it can.
 */
function arrange(merged: Items, order: Items, previous: Items, mergeKey: string | undefined): Items {
  const identity = (item: unknown): unknown => (mergeKey ? requiredKey(item, mergeKey) : item)
  const rank = positions(order, identity)
  const before = positions(previous, identity)
  const named = merged.filter(item => rank.has(identity(item)))
  const others = merged.filter(item => !rank.has(identity(item)))
  const by = (places: ReadonlyMap<unknown, number>) => (a: unknown, b: unknown) =>
    (places.get(identity(a)) ?? 0) - (places.get(identity(b)) ?? 0)
  named.sort(by(rank))
  others.sort(by(before))
  const result: unknown[] = []
  for (let left = 0, right = 0; left < others.length || right < named.length; ) {
    const other = left < others.length ? before.get(identity(others[left])) : undefined
    const next = right < named.length ? before.get(identity(named[right])) : undefined
    const otherFirst = right >= named.length || (other !== undefined && next !== undefined && other < next)
    result.push(otherFirst ? others[left++] : named[right++])
  }
  return result
}

function positions(items: Items, identity: (item: unknown) => unknown): Map<unknown, number> {
  const found = new Map<unknown, number>()
  items.forEach((item, index) => {
    const key = identity(item)
    if (!found.has(key)) found.set(key, index)
  })
  return found
}

/** The items of the patch must stand in the order that the patch itself asks for. */
function checkOrder(patch: Items, order: Items, mergeKey: string | undefined): void {
  if (!patch.length || !order.length) return
  const identity = (item: unknown): unknown => (mergeKey && isObject(item) ? requiredKey(item, mergeKey) : item)
  const changes = patch.filter(item => !isObject(item) || item['$patch'] === undefined)
  let found = 0
  for (const item of order) {
    if (found < changes.length && identity(changes[found]) === identity(item)) found++
  }
  if (found < changes.length) {
    throw patchFault(
      `The order in patch list:\n${goValue(patch)}\n doesn't match $setElementOrder list:\n${goValue(order)}\n`,
    )
  }
}
