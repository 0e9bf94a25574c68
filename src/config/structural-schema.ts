import type { JSONSchemaProps } from '../api/apiextensions/v1/index.js'
import { ObjectMeta } from '../machinery/meta/index.js'
import {
  type AnySchema,
  type Field,
  jsonFields,
  type ListSchema,
  type MessageSchema,
  resolve,
} from '../schema/index.js'

/**
 * The structural OpenAPI v3 schema of a message, as a CustomResourceDefinition holds it. Whatever refers to itself is
 * open from there on: structural schemas are finite.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
export const structuralSchema = (message: MessageSchema, description?: string): JSONSchemaProps => ({
  ...messageProps(message, []),
  ...(description ? { description } : {}),
})

const open: JSONSchemaProps = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

function messageProps(message: MessageSchema, within: readonly MessageSchema[]): JSONSchemaProps {
  if (message === (ObjectMeta as unknown) || within.includes(message)) return open
  if (message.choice) return { 'x-kubernetes-preserve-unknown-fields': true }
  const fields = jsonFields(message)
  const around = [...within, message]
  const needed = fields.filter(({ field }) => isRequired(field)).map(({ name }) => name)
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map(({ name, field }) => [name, fieldProps(field, around)])),
    ...(needed.length > 0 ? { required: needed } : {}),
    ...(message.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  }
}

const isRequired = (field: Field<AnySchema>): boolean => field.required ?? field.presence === 'required'

function fieldProps(field: Field<AnySchema>, within: readonly MessageSchema[]): JSONSchemaProps {
  const { description, minimum, maximum, minLength, maxLength, pattern, minItems, maxItems, rules } = field
  const props = propsOf(field.schema, within)
  const given = field.default ?? emptyDefault(field, props)
  return {
    ...props,
    ...(description === undefined ? {} : { description }),
    ...(given === undefined ? {} : { default: given }),
    ...(field.enum ? { enum: field.enum } : {}),
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(minLength === undefined ? {} : { minLength }),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(minItems === undefined ? {} : { minItems }),
    ...(maxItems === undefined ? {} : { maxItems }),
    ...(rules ? { 'x-kubernetes-validations': rules } : {}),
    ...(field.presence === 'nullable' ? { nullable: true } : {}),
  }
}

/** What is always there is filled in empty, so that defaults below it are, too; unless there is no empty one. */
function emptyDefault({ presence }: Field<AnySchema>, { type, required }: JSONSchemaProps): unknown {
  return presence === 'embedded' && type === 'object' && !required ? {} : undefined
}

function propsOf(schema: AnySchema, within: readonly MessageSchema[]): JSONSchemaProps {
  const resolved = resolve(schema)
  switch (resolved.kind) {
    case 'message':
      return messageProps(resolved, within)
    case 'list':
      return { type: 'array', items: propsOf(resolved.item, within), ...listProps(resolved) }
    case 'map':
      return {
        type: 'object',
        additionalProperties: propsOf(resolved.value, within),
        ...(resolved.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
      }
    default:
      return scalars[resolved.kind]
  }
}

/** Keys must be there: a list whose keys may be left out is one that is replaced as a whole. */
function listProps({ item, semantics: { type, keys } }: ListSchema): JSONSchemaProps {
  if (type === 'set') return { 'x-kubernetes-list-type': 'set' }
  if (type !== 'map') return { 'x-kubernetes-list-type': 'atomic' }
  const resolved = resolve(item)
  const fields = resolved.kind === 'message' ? jsonFields(resolved) : []
  const isKept = keys.every(key =>
    fields.some(({ name, field }) => name === key && (isRequired(field) || field.default !== undefined)),
  )
  return isKept
    ? { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys }
    : { 'x-kubernetes-list-type': 'atomic' }
}

const quantityPattern =
  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$'

const scalars: { readonly [kind in Exclude<AnySchema['kind'], 'message' | 'list' | 'map' | 'lazy'>]: JSONSchemaProps } =
  {
    string: { type: 'string' },
    boolean: { type: 'boolean' },
    int32: { type: 'integer', format: 'int32' },
    int64: { type: 'integer', format: 'int64' },
    uint32: { type: 'integer', format: 'int64', minimum: 0 },
    uint64: { type: 'integer', format: 'int64', minimum: 0 },
    double: { type: 'number', format: 'double' },
    bytes: { type: 'string', format: 'byte' },
    binary: { type: 'string', format: 'byte' },
    time: { type: 'string', format: 'date-time' },
    microTime: { type: 'string', format: 'date-time' },
    duration: { type: 'string' },
    quantity: { 'x-kubernetes-int-or-string': true, pattern: quantityPattern },
    intOrString: { 'x-kubernetes-int-or-string': true },
    json: { 'x-kubernetes-preserve-unknown-fields': true },
    rawExtension: open,
    fieldsV1: open,
  }
