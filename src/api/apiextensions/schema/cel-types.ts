import {
  bool,
  bytes,
  type CelType,
  double,
  duration,
  dyn,
  int,
  type ObjectType,
  text,
} from '../../../machinery/cel/index.js'
import type { JSONSchemaProps } from '../v1/index.js'
import { isEmbedded, isIntOrString, itemsOf, keepsUnknown, valuesOf } from './structure.js'

/** Bytes that a request may have, which bound what no schema does. */
const largestRequest = 3 * 1024 * 1024

const keywords = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)
const marks: readonly (readonly [string, string])[] = [
  ['__', '__underscores__'],
  ['.', '__dot__'],
  ['-', '__dash__'],
  ['/', '__slash__'],
]

/** A field's name in expressions; undefined if it cannot be written in any: https://kubernetes.io/docs/reference/using-api/cel/#escaping */
function expressionName(name: string): string | undefined {
  if (keywords.has(name)) return `__${name}__`
  if (!/^[a-zA-Z_.\-/][a-zA-Z0-9_.\-/]*$/.test(name)) return undefined
  return marks.reduce((escaped, [mark, word]) => escaped.replaceAll(mark, word), name)
}

/** What a field is called in values. */
function valueName(name: string): string {
  const keyword = /^__(\w+)__$/.exec(name)?.[1]
  if (keyword !== undefined && keywords.has(keyword)) return keyword
  return name.replace(/__(underscores|dot|dash|slash)__/g, (_, word: string) => {
    return marks.find(([, escaped]) => escaped === `__${word}__`)?.[0] ?? ''
  })
}

const types = new WeakMap<JSONSchemaProps, CelType>()
const rootTypes = new WeakMap<JSONSchemaProps, CelType>()

/** The type of a value in expressions; undefined of what expressions cannot see. */
export function celTypeOf(schema: JSONSchemaProps, isRoot = false): CelType | undefined {
  const known = isRoot ? rootTypes : types
  const type = known.get(schema) ?? typeOf(schema, isRoot)
  if (type) known.set(schema, type)
  return type
}

function typeOf(schema: JSONSchemaProps, isRoot: boolean): CelType | undefined {
  if (isIntOrString(schema)) return { kind: 'dyn', maxElements: largestRequest - 2 }
  switch (schema.type) {
    case 'array': {
      const items = itemsOf(schema)
      const item = items && celTypeOf(items)
      if (!items || !item) return undefined
      const listType = schema['x-kubernetes-list-type']
      return {
        kind: 'list',
        item,
        maxElements: schema.maxItems ?? Math.floor((largestRequest - 2) / (leastSize(items) + 1)),
        ...(listType === 'set' || listType === 'map'
          ? { listType, keys: schema['x-kubernetes-list-map-keys'] ?? [] }
          : {}),
      }
    }
    case 'object':
      return mapOrObject(schema, isRoot)
    case 'string':
      return textType(schema)
    case 'boolean':
      return bool
    case 'number':
      return double
    case 'integer':
      return int
    default:
      return keepsUnknown(schema) ? dyn : undefined
  }
}

function mapOrObject(schema: JSONSchemaProps, isRoot: boolean): CelType | undefined {
  const values = valuesOf(schema)
  if (values && !schema.properties) {
    const value = celTypeOf(values)
    if (!value) return undefined
    const maxElements = schema.maxProperties ?? Math.floor((largestRequest - 2) / (leastSize(values) + 6))
    return { kind: 'map', key: { ...text, maxElements: largestRequest - 2 } as CelType, value, maxElements }
  }
  return objectTypeOf(schema, isRoot || isEmbedded(schema))
}

const anyText: CelType = { kind: 'string', maxElements: largestRequest - 2 }
const metadataType: ObjectType = {
  kind: 'object',
  name: 'metadata',
  field: name => (name === 'name' || name === 'generateName' ? anyText : undefined),
}

function objectTypeOf(schema: JSONSchemaProps, isResource: boolean): ObjectType {
  const { properties = {} } = schema
  const identity = isResource ? { kind: anyText, apiVersion: anyText, metadata: metadataType } : undefined
  return {
    kind: 'object',
    name: 'object',
    field(name) {
      if (identity && Object.hasOwn(identity, name)) return identity[name as keyof typeof identity]
      const own = valueName(name)
      const property = Object.hasOwn(properties, own) && expressionName(own) === name ? properties[own] : undefined
      return property && celTypeOf(property)
    },
    valueName,
    expressionName: name => expressionName(name) ?? name,
  }
}

function textType(schema: JSONSchemaProps): CelType {
  switch (schema.format) {
    case 'byte':
      return { ...bytes, maxElements: schema.maxLength ?? largestRequest - 2 } as CelType
    case 'duration':
      return duration
    case 'date':
    case 'date-time':
      return { kind: 'timestamp' }
  }
  return { kind: 'string', maxElements: textBound(schema) }
}

/** Bytes of a text: a character may take four. */
function textBound({ maxLength, enum: values }: JSONSchemaProps): number {
  if (maxLength !== undefined) return maxLength * 4
  if (values?.length) return Math.max(...values.map(value => (typeof value === 'string' ? value.length : 0)))
  return largestRequest - 2
}

/** Bytes that a value takes at least, by which the number of items that fit a request is bound. */
function leastSize(schema: JSONSchemaProps): number {
  if (schema.default !== undefined) return 0
  switch (schema.type) {
    case 'boolean':
      return 4
    case 'string':
      return { date: 12, duration: 4, 'date-time': 22 }[schema.format ?? ''] ?? 2
    case 'array':
      return 2
    case 'object': {
      let size = 2
      for (const name of schema.required ?? []) {
        const property = schema.properties?.[name]
        if (property && property.default === undefined) size += name.length + leastSize(property) + 4
      }
      return size
    }
    default:
      return 1
  }
}

/** How many such values fit a request. */
export const mostInRequest = (schema: JSONSchemaProps): number => Math.floor(largestRequest / (leastSize(schema) + 1))
