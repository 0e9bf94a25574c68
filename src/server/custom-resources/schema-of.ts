import { isEmbedded, isIntOrString, itemsOf, keepsUnknown, valuesOf } from '../../api/apiextensions/schema/structure.js'
import type { JSONSchemaProps } from '../../api/apiextensions/v1/index.js'
import { ObjectMeta } from '../../machinery/meta/index.js'
import {
  type AnySchema,
  boolean,
  double,
  type Field,
  int64,
  intOrString,
  type MessageSchema,
  rawExtension,
  string,
} from '../../schema/index.js'

/** The fields that every object has, whatever its schema says of them. */
export const identityFields = {
  apiVersion: fieldOf(string),
  kind: fieldOf(string),
  metadata: fieldOf(ObjectMeta as unknown as AnySchema),
}

function fieldOf(schema: AnySchema, property: JSONSchemaProps = {}): Field<AnySchema> {
  const { default: value } = property
  return { number: 0, schema, presence: 'pointer', ...(value === undefined ? {} : { default: value }) }
}

/** The fields of an object's schema in the language of built-in types. */
export function fieldsOf(schema: JSONSchemaProps): { readonly [name: string]: Field<AnySchema> } {
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, property]) => [name, fieldOf(schemaOf(property), property)]),
  )
}

/** A part of a custom resource's schema in the language of built-in types, as far as apply and strict decoding go. */
function schemaOf(schema: JSONSchemaProps): AnySchema {
  if (isIntOrString(schema)) return intOrString
  switch (schema.type) {
    case 'object':
      return objectOf(schema)
    case 'array':
      return listOf(schema)
    case 'string':
      return string
    case 'integer':
      return int64
    case 'number':
      return double
    case 'boolean':
      return boolean
    default:
      return rawExtension
  }
}

function objectOf(schema: JSONSchemaProps): AnySchema {
  const atomic = schema['x-kubernetes-map-type'] === 'atomic'
  const values = valuesOf(schema)
  if (values && !schema.properties) return { kind: 'map', value: schemaOf(values), atomic }
  const open = keepsUnknown(schema) || schema.additionalProperties === true
  const embedded = isEmbedded(schema)
  if (open && !atomic && !embedded && !schema.properties) return rawExtension
  const fields = { ...(embedded ? identityFields : {}), ...fieldsOf(schema) }
  const message: MessageSchema = { kind: 'message', name: '', fields, atomic, ...(open ? { open } : {}) }
  return message
}

function listOf(schema: JSONSchemaProps): AnySchema {
  const items = itemsOf(schema)
  const type = schema['x-kubernetes-list-type']
  return {
    kind: 'list',
    item: items ? schemaOf(items) : rawExtension,
    semantics: {
      type: type === 'set' || type === 'map' ? type : 'atomic',
      keys: type === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : [],
    },
  }
}
