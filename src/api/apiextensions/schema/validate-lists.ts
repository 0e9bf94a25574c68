import { duplicate, invalidValue, required } from '../../../machinery/field-errors.js'
import { dns1035Label } from '../../../machinery/names.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { JSONSchemaProps } from '../v1/index.js'
import { validateMetadataOf } from './embedded-metadata.js'
import { isJsonObject, type JsonObject, ownField } from './json-types.js'
import { isEmbedded, itemsOf, someSchema, valuesOf } from './structure.js'

export type PartCheck = (value: unknown, path: string) => FieldError[]

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part) =>
    isJsonObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  )

/** Checks that the items of sets and of maps' lists are distinct. Undefined if the schema has no such lists. */
export function compileListCheck(schema: JSONSchemaProps): PartCheck | undefined {
  const has = someSchema(schema, part => ['set', 'map'].includes(part['x-kubernetes-list-type'] ?? ''))
  return has ? compileParts(schema, listCheck) : undefined
}

function listCheck(schema: JSONSchemaProps): PartCheck | undefined {
  const type = schema['x-kubernetes-list-type']
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  if (type !== 'set' && type !== 'map') return undefined
  const properties = itemsOf(schema)?.properties ?? {}
  const identity = (item: unknown): unknown => {
    if (type === 'set' || !isJsonObject(item)) return item
    return Object.fromEntries(
      [...keys].sort().flatMap(key => {
        const value = ownField(item, key) ?? properties[key]?.default
        return value === undefined ? [] : [[key, value]]
      }),
    )
  }
  return (value, path) => {
    if (!Array.isArray(value)) return []
    const seen = new Set<string>()
    return value.flatMap((item, i) => {
      const own = identity(item)
      const text = canonical(own)
      if (!seen.has(text)) {
        seen.add(text)
        return []
      }
      return [duplicate(`${path}[${i}]`, own)]
    })
  }
}

/** Checks objects within the object. Undefined if the schema has none. */
export function compileEmbeddedCheck(schema: JSONSchemaProps): PartCheck | undefined {
  return someSchema(schema, isEmbedded)
    ? compileParts(schema, part => (isEmbedded(part) ? embeddedCheck : undefined))
    : undefined
}

const typeFaults = {
  apiVersion: (text: string): string[] =>
    text.split('/').length > 2 ? [`unexpected GroupVersion string: ${text}`] : [],
  kind(text: string): string[] {
    const faults = dns1035Label(text.toLowerCase())
    return faults.length > 0 ? [`may have mixed case, but should otherwise match: ${faults.join(',')}`] : []
  },
}

function embeddedCheck(value: unknown, path: string): FieldError[] {
  if (!isJsonObject(value)) return []
  const errors: FieldError[] = []
  for (const name of ['apiVersion', 'kind'] as const) {
    const text = value[name]
    const at = `${path}.${name}`
    if (text === undefined) errors.push(required(at, 'must not be empty'))
    else if (typeof text !== 'string') errors.push(invalidValue(at, text, 'must be a string'))
    else if (text === '') errors.push(invalidValue(at, text, 'must not be empty'))
    else for (const fault of typeFaults[name](text)) errors.push(invalidValue(at, text, fault))
  }
  return [...errors, ...validateMetadataOf(value, `${path}.metadata`)]
}

/** Applies a check to every part of a value that it is made for. */
function compileParts(
  schema: JSONSchemaProps,
  make: (schema: JSONSchemaProps) => PartCheck | undefined,
): PartCheck | undefined {
  const own = make(schema)
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const check = compileParts(property, make)
    return check ? [[name, check] as const] : []
  })
  const values = valuesOf(schema)
  const checkValue = values && compileParts(values, make)
  const items = itemsOf(schema)
  const checkItem = items && compileParts(items, make)
  if (!own && fields.length === 0 && !checkValue && !checkItem) return undefined
  return (value, path) => {
    const errors = own?.(value, path) ?? []
    if (Array.isArray(value)) {
      if (checkItem) for (const [i, item] of value.entries()) errors.push(...checkItem(item, `${path}[${i}]`))
    } else if (isJsonObject(value)) {
      const at = (name: string): string => (path === '' ? name : `${path}.${name}`)
      for (const [name, check] of fields) {
        const field = ownField(value, name)
        if (field !== undefined) errors.push(...check(field, at(name)))
      }
      if (checkValue) errors.push(...checkValues(value, schema, checkValue, path))
    }
    return errors
  }
}

function checkValues(
  value: JsonObject,
  { properties = {} }: JSONSchemaProps,
  check: PartCheck,
  path: string,
): FieldError[] {
  return Object.entries(value).flatMap(([name, item]) =>
    Object.hasOwn(properties, name) ? [] : check(item, `${path}[${name}]`),
  )
}
