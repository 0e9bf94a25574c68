import type { JSONSchemaProps } from '../v1/index.js'
import { isJsonObject, type JsonObject, ownField } from './json-types.js'
import { isEmbedded, isForbiddenNull, itemsOf, keepsUnknown, valuesOf } from './structure.js'

/** Whether pruning and defaults would leave a value as it is. */
export type HasShape = (value: unknown) => boolean

const identity = new Set(['apiVersion', 'kind', 'metadata'])
const nothing: ReadonlySet<string> = new Set()

/** Compiles a look at a value that makes nothing: most of what is stored is as its schema wants it. */
export function compileShape(schema: JSONSchemaProps, isRoot = false): HasShape {
  const properties = Object.entries(schema.properties ?? {})
  const fields = new Map(properties.map(([name, part]) => [name, { part, has: compileShape(part) }]))
  const defaulted = properties.flatMap(([name, part]) => (part.default === undefined ? [] : [name]))
  const values = valuesOf(schema)
  const hasValue = values && compileShape(values)
  const items = itemsOf(schema)
  const hasItem = items && compileShape(items)
  const own = isRoot || isEmbedded(schema) ? identity : nothing
  const keeps = keepsUnknown(schema) || schema.additionalProperties === true
  const hasParts = (value: object): boolean => {
    if (Array.isArray(value)) {
      if (hasItem && items)
        for (const item of value) if (!hasItem(item) || isForbiddenDefault(item, items)) return false
      return true
    }
    return !isJsonObject(value) || hasFields(value)
  }
  function hasFields(value: JsonObject): boolean {
    for (const name of defaulted) if (ownField(value, name) === undefined) return false
    for (const name in value) {
      const given = value[name]
      const field = own.has(name) ? undefined : fields.get(name)
      if (field) {
        if (isForbiddenNull(given, field.part) || !field.has(given)) return false
      } else if (own.has(name)) continue
      else if (hasValue && values) {
        if (isForbiddenNull(given, values) || !hasValue(given)) return false
      } else if (!keeps) return false
    }
    return true
  }
  return value => typeof value !== 'object' || value === null || hasParts(value)
}

const isForbiddenDefault = (value: unknown, schema: JSONSchemaProps): boolean =>
  schema.default !== undefined && isForbiddenNull(value, schema)
