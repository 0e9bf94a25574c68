import type { AnySchema } from '../../schema/types.js'
import { goValue, jsonTypeName } from '../go-format.js'
import { badRequest } from '../status-error.js'
import { isObject, type JsonObject, setField } from './json-value.js'
import { fresh, listDirective, retainKeysDirective } from './strategic-directives.js'
import { mergeLists, orderAs } from './strategic-lists.js'
import { listStrategy, objectStrategy, patchFault } from './strategic-strategy.js'

/**
 * Applies a strategic merge patch: like a merge patch, but lists whose schema says so are merged item by item, and the
 * patch may hold directives (`$patch`, `$retainKeys`, `$setElementOrder/x`, `$deleteFromPrimitiveList/x`). Shares with
 * `original` and `patch` what stays as it is. Throws a StatusError for a malformed patch: 400, 422, or a 500 without a
 * reason where upstream does not expect the error.
 */
export function applyStrategicMerge(original: unknown, patch: unknown, schema: AnySchema | undefined): unknown {
  if (patch === null) return original
  if (!isObject(patch)) {
    throw badRequest(`json: cannot unmarshal ${jsonTypeName(patch)} into Go value of type map[string]interface {}`)
  }
  return mergeObjects(isObject(original) ? original : {}, patch, schema)
}

/** Merges `patch` into `original`, both described by `schema`. */
function mergeObjects(original: JsonObject, patch: JsonObject, schema: AnySchema | undefined): JsonObject {
  if (Object.hasOwn(patch, '$patch')) {
    const { $patch: directive, ...rest } = patch
    if (directive === 'replace') return rest
    if (directive === 'delete') return {}
    throw patchFault(`unknown patch type: ${goValue(directive)} in map: ${goValue(patch)}`)
  }
  const merged: Record<string, unknown> = { ...retained(original, patch) }
  const ordered = new Set<string>()
  for (const key of Object.keys(patch)) {
    const directive = listDirective(key)
    if (directive?.kind === 'order') {
      orderField(merged, patch, directive.field, patch[key], schema)
      ordered.add(directive.field)
    }
  }
  for (const key of Object.keys(patch)) {
    const value = patch[key]
    const directive = listDirective(key)
    if (key === retainKeysDirective || directive?.kind === 'order' || ordered.has(key) || value === undefined) continue
    if (directive) deleteFromField(merged, directive.field, value)
    else mergeField(merged, key, value, schema)
  }
  return sameFields(original, merged) ? original : merged
}

function mergeField(merged: Record<string, unknown>, key: string, value: unknown, schema: AnySchema | undefined): void {
  const current = Object.hasOwn(merged, key) ? merged[key] : undefined
  if (value === null) delete merged[key]
  else if (isObject(value) && isObject(current)) {
    const strategy = objectStrategy(schema, key)
    setField(merged, key, strategy.merge ? mergeObjects(current, value, strategy.schema) : fresh(value))
  } else if (Array.isArray(value) && Array.isArray(current)) {
    const strategy = listStrategy(schema, key)
    setField(merged, key, strategy.merge ? mergeLists(current, value, strategy, mergeObjects) : fresh(value))
  } else {
    // What has only directives to say about a field that is not there says nothing.
    const taken = fresh(value)
    if (taken !== undefined) setField(merged, key, taken)
  }
}

/** `$setElementOrder/x`: merges the field and puts its items into the order the patch names. */
function orderField(
  merged: Record<string, unknown>,
  patch: JsonObject,
  key: string,
  order: unknown,
  schema: AnySchema | undefined,
): void {
  const badFormat = () => badRequest('invalid patch format of setElementOrder list')
  if (!Array.isArray(order)) throw badFormat()
  const current = Object.hasOwn(merged, key) ? merged[key] : undefined
  const change = Object.hasOwn(patch, key) ? patch[key] : undefined
  if (change === null) {
    delete merged[key]
    return
  }
  if (change !== undefined && !Array.isArray(change)) throw badFormat()
  const strategy = listStrategy(schema, key)
  const before = Array.isArray(current) ? (current as readonly unknown[]) : undefined
  const result = orderAs(before, change, order, strategy, mergeObjects)
  if (result) setField(merged, key, result)
}

/** `$deleteFromPrimitiveList/x`. */
function deleteFromField(merged: Record<string, unknown>, key: string, value: unknown): void {
  if (!Array.isArray(value)) throw badRequest('invalid patch format of primitive list')
  const current = Object.hasOwn(merged, key) ? merged[key] : undefined
  if (!Array.isArray(current)) return
  const gone = new Set<unknown>(value)
  if (current.some(item => gone.has(item))) {
    setField(
      merged,
      key,
      current.filter(item => !gone.has(item)),
    )
  }
}

/** `$retainKeys`: drops the fields of the original that it does not name. */
function retained(original: JsonObject, patch: JsonObject): JsonObject {
  const keys = patch[retainKeysDirective]
  if (keys === undefined) return original
  const badFormat = () => badRequest('invalid patch format of retainKeys')
  if (!Array.isArray(keys)) throw badFormat()
  const kept = new Set<unknown>(keys)
  for (const [key, value] of Object.entries(patch)) {
    if (value !== null && key !== retainKeysDirective && !listDirective(key) && !kept.has(key)) throw badFormat()
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => kept.has(key)))
}

function sameFields(a: JsonObject, b: JsonObject): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every(key => Object.hasOwn(b, key) && a[key] === b[key])
}
