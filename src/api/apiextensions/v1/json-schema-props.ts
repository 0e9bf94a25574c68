import {
  boolean,
  choice,
  double,
  type FieldsType,
  int64,
  json,
  keyed,
  lazy,
  list,
  type MessageSchema,
  map,
  optional,
  pointer,
  required,
  string,
} from '../../../schema/index.js'
import { message } from './declare.js'

const externalDocumentation = {
  description: optional(1, string),
  url: optional(2, string),
}
export interface ExternalDocumentation extends FieldsType<typeof externalDocumentation> {}
export const ExternalDocumentation: MessageSchema<ExternalDocumentation> = message(
  'ExternalDocumentation',
  externalDocumentation,
)

const validationRule = {
  rule: required(1, string),
  message: optional(2, string),
  messageExpression: optional(3, string),
  reason: pointer(4, string, {
    enum: ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'],
  }),
  fieldPath: optional(5, string),
  optionalOldSelf: pointer(6, boolean),
}
export interface ValidationRule extends FieldsType<typeof validationRule> {}
export const ValidationRule: MessageSchema<ValidationRule> = message('ValidationRule', validationRule)

const plainFields = {
  id: optional(1, string),
  $schema: optional(2, string),
  $ref: pointer(3, string),
  description: optional(4, string),
  type: optional(5, string),
  format: optional(6, string),
  title: optional(7, string),
  default: pointer(8, json),
  maximum: pointer(9, double),
  exclusiveMaximum: optional(10, boolean),
  minimum: pointer(11, double),
  exclusiveMinimum: optional(12, boolean),
  maxLength: pointer(13, int64),
  minLength: pointer(14, int64),
  pattern: optional(15, string),
  maxItems: pointer(16, int64),
  minItems: pointer(17, int64),
  uniqueItems: optional(18, boolean),
  multipleOf: pointer(19, double),
  enum: optional(20, list(json)),
  maxProperties: pointer(21, int64),
  minProperties: pointer(22, int64),
  required: optional(23, list(string)),
  externalDocs: pointer(35, ExternalDocumentation),
  example: pointer(36, json),
  nullable: optional(37, boolean),
  'x-kubernetes-preserve-unknown-fields': pointer(38, boolean),
  'x-kubernetes-embedded-resource': optional(39, boolean),
  'x-kubernetes-int-or-string': optional(40, boolean),
  'x-kubernetes-list-map-keys': optional(41, list(string)),
  'x-kubernetes-list-type': pointer(42, string),
  'x-kubernetes-map-type': pointer(43, string),
  'x-kubernetes-validations': optional(44, keyed(ValidationRule, ['rule'], 'rule')),
}

/** An OpenAPI v3 schema as a CustomResourceDefinition holds it. */
export interface JSONSchemaProps extends FieldsType<typeof plainFields> {
  readonly items?: JSONSchemaPropsOrArray
  readonly allOf?: readonly JSONSchemaProps[]
  readonly oneOf?: readonly JSONSchemaProps[]
  readonly anyOf?: readonly JSONSchemaProps[]
  readonly not?: JSONSchemaProps
  readonly properties?: { readonly [name: string]: JSONSchemaProps }
  readonly additionalProperties?: JSONSchemaPropsOrBool
  readonly patternProperties?: { readonly [pattern: string]: JSONSchemaProps }
  readonly dependencies?: { readonly [name: string]: JSONSchemaPropsOrStringArray }
  readonly additionalItems?: JSONSchemaPropsOrBool
  readonly definitions?: { readonly [name: string]: JSONSchemaProps }
}
export type JSONSchemaPropsOrArray = JSONSchemaProps | readonly JSONSchemaProps[]
export type JSONSchemaPropsOrBool = JSONSchemaProps | boolean
export type JSONSchemaPropsOrStringArray = JSONSchemaProps | readonly string[]

const schema = lazy<JSONSchemaProps>(() => JSONSchemaProps)

export const JSONSchemaPropsOrArray: MessageSchema<JSONSchemaPropsOrArray> = choice(
  'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray',
  {
    schema: pointer(1, schema),
    jSONSchemas: optional(2, list(schema, { type: 'none' })),
  },
)

/** `false` forbids, `true` allows anything; in protobuf a schema comes with `allows` true. */
export const JSONSchemaPropsOrBool: MessageSchema<JSONSchemaPropsOrBool> = choice(
  'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool',
  {
    allows: pointer(1, boolean),
    schema: pointer(2, schema),
  },
)

export const JSONSchemaPropsOrStringArray: MessageSchema<JSONSchemaPropsOrStringArray> = choice(
  'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray',
  {
    schema: pointer(1, schema),
    property: optional(2, list(string, { type: 'none' })),
  },
)

export const JSONSchemaProps: MessageSchema<JSONSchemaProps> = message('JSONSchemaProps', {
  ...plainFields,
  items: pointer(24, JSONSchemaPropsOrArray),
  allOf: optional(25, list(schema)),
  oneOf: optional(26, list(schema)),
  anyOf: optional(27, list(schema)),
  not: pointer(28, schema),
  properties: optional(29, map(schema)),
  additionalProperties: pointer(30, JSONSchemaPropsOrBool),
  patternProperties: optional(31, map(schema)),
  dependencies: optional(32, map(JSONSchemaPropsOrStringArray)),
  additionalItems: pointer(33, JSONSchemaPropsOrBool),
  definitions: optional(34, map(schema)),
})
