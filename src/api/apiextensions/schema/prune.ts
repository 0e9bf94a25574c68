import { goJson } from '../../../machinery/go-format.js'
import { ObjectMeta } from '../../../machinery/meta/index.js'
import { DecodeError, decodeJson } from '../../../schema/index.js'
import type { JSONSchemaProps } from '../v1/index.js'
import { isJsonObject, type JsonObject, setField } from './json-types.js'
import { isEmbedded, isForbiddenNull, itemsOf, keepsUnknown, valuesOf } from './structure.js'

/** Copies a value, leaving out what the schema does not know; `unknown` hears of each such field. */
export type Prune = (value: unknown, path: string, unknown: (path: string) => void) => unknown

const metadataFields = new Set(['apiVersion', 'kind', 'metadata'])
const nothing: ReadonlySet<string> = new Set()

/** The metadata of an object within the object is of the same type as everywhere. */
function metadataWithin(given: unknown, path: string, unknown: (path: string) => void): unknown {
  if (!isJsonObject(given)) return given
  try {
    return decodeJson(ObjectMeta, given, { onUnknownField: field => unknown(`${path}.${field}`) })
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new DecodeError(`${path}: Invalid value: ${goJson(given)}: ${error.message}`, path)
  }
}

/**
 * Compiles the pruning of a schema: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#field-pruning
 * Nulls where none may be go, too, unless a default takes their place.
 */
export function compilePrune(schema: JSONSchemaProps, isRoot = false): Prune {
  const fields = new Map<string, { readonly prune: Prune; readonly schema: JSONSchemaProps }>()
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    fields.set(name, { prune: compilePrune(property), schema: property })
  const values = valuesOf(schema)
  const pruneValue = values && compilePrune(values)
  const items = itemsOf(schema)
  const pruneItem = items && compilePrune(items)
  const own = isRoot || isEmbedded(schema) ? metadataFields : nothing
  const keeps = keepsUnknown(schema) || schema.additionalProperties === true

  const object = (value: JsonObject, path: string, unknown: (path: string) => void): JsonObject => {
    const result: JsonObject = {}
    for (const name in value) {
      const given = value[name]
      if (given === undefined) continue
      const at = path === '' ? name : `${path}.${name}`
      const field = fields.get(name)
      if (field && !own.has(name)) {
        if (isForbiddenNull(given, field.schema) && field.schema.default === undefined) continue
        setField(result, name, field.prune(given, at, unknown))
      } else if (pruneValue && values) {
        if (isForbiddenNull(given, values) && values.default === undefined) continue
        setField(result, name, pruneValue(given, at, unknown))
      } else if (name === 'metadata' && !isRoot && own.has(name))
        setField(result, name, metadataWithin(given, at, unknown))
      else if (keeps || own.has(name)) setField(result, name, given)
      else unknown(at)
    }
    return result
  }
  return (value, path, unknown) => {
    if (Array.isArray(value))
      return pruneItem ? value.map((item, i) => pruneItem(item, `${path}[${i}]`, unknown)) : value
    return isJsonObject(value) ? object(value, path, unknown) : value
  }
}
