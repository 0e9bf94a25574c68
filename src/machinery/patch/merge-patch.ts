import { jsonTypeName } from '../go-format.js'
import { badRequest } from '../status-error.js'
import { isObject, type JsonObject, mapFields, setField, withoutNulls } from './json-value.js'

/**
 * Applies a JSON merge patch (RFC 7386). Like upstream it also drops nulls inside the lists of the patch. Shares with
 * `original` and `patch` what stays as it is; returns `original` itself if nothing changes. Throws a 400 if the patch is
 * no object; a lenient one lets a list through, which then stands in the place of everything.
 */
export function applyMergePatch(original: unknown, patch: unknown, lenient = false): unknown {
  if (isObject(patch)) return merge(original, patch)
  if (lenient && Array.isArray(patch)) return withoutNulls(patch)
  throw lenient || patch === null ? badRequest('Invalid JSON Patch') : badPatch(patch)
}

/** The 400 for a patch that is not an object. */
const badPatch = (patch: unknown) =>
  badRequest(
    `error decoding patch: json: cannot unmarshal ${jsonTypeName(patch)} into Go value of type map[string]interface {}`,
  )

function merge(original: unknown, patch: JsonObject): unknown {
  if (!isObject(original)) return withoutNulls(patch)
  const kept = mapFields(original, (value, key) => {
    if (!Object.hasOwn(patch, key)) return value
    const change = patch[key]
    if (change === null) return undefined
    if (isObject(change)) return merge(value, change)
    return change === value ? value : withoutNulls(change)
  })
  let merged: Record<string, unknown> | undefined
  for (const key of Object.keys(patch)) {
    const change = patch[key]
    if (change === null || change === undefined || Object.hasOwn(original, key)) continue
    merged ??= { ...kept }
    setField(merged, key, withoutNulls(change))
  }
  return merged ?? kept
}
