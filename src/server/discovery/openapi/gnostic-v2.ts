import {
  boolean,
  double,
  encodeProtobuf,
  int64,
  lazy,
  list,
  type MessageSchema,
  optional,
  pointer,
  string,
} from '../../../schema/index.js'
import {
  any,
  each,
  extensions,
  gnosticPackage,
  type Json,
  map,
  pairs,
  pick,
  plainSchemaMembers,
  securityRequirement,
} from './gnostic.js'

const { declare, Any, named, NamedAny, mapOf, SecurityRequirement } = gnosticPackage('openapi.v2')

const Schema: MessageSchema = declare('Schema', {
  $ref: optional(1, string),
  format: optional(2, string),
  title: optional(3, string),
  description: optional(4, string),
  default: pointer(5, Any),
  multipleOf: optional(6, double),
  maximum: optional(7, double),
  exclusiveMaximum: optional(8, boolean),
  minimum: optional(9, double),
  exclusiveMinimum: optional(10, boolean),
  maxLength: optional(11, int64),
  minLength: optional(12, int64),
  pattern: optional(13, string),
  maxItems: optional(14, int64),
  minItems: optional(15, int64),
  uniqueItems: optional(16, boolean),
  maxProperties: optional(17, int64),
  minProperties: optional(18, int64),
  required: optional(19, list(string)),
  enum: optional(20, list(Any)),
  additionalProperties: pointer(
    21,
    lazy(() => AdditionalPropertiesItem),
  ),
  type: pointer(22, declare('TypeItem', { value: optional(1, list(string)) })),
  items: pointer(
    23,
    lazy(() => ItemsItem),
  ),
  allOf: optional(24, list(lazy(() => Schema))),
  properties: pointer(
    25,
    lazy(() => Properties),
  ),
  readOnly: optional(27, boolean),
  externalDocs: pointer(29, declare('ExternalDocs', { description: optional(1, string), url: optional(2, string) })),
  example: pointer(30, Any),
  vendorExtension: optional(31, list(NamedAny)),
})
const NamedSchema = named('Schema', () => Schema)
const Properties = mapOf('Properties', NamedSchema)
const ItemsItem = declare('ItemsItem', { schema: optional(1, list(Schema)) })
const AdditionalPropertiesItem = declare('AdditionalPropertiesItem', {
  schema: pointer(1, Schema),
  boolean: pointer(2, boolean),
})

const JsonReference = declare('JsonReference', { $ref: optional(1, string) })
const BodyParameter = declare('BodyParameter', {
  description: optional(1, string),
  name: optional(2, string),
  in: optional(3, string),
  required: optional(4, boolean),
  schema: pointer(5, Schema),
})
const QueryParameter = declare('QueryParameterSubSchema', {
  required: optional(1, boolean),
  in: optional(2, string),
  description: optional(3, string),
  name: optional(4, string),
  type: optional(6, string),
  uniqueItems: optional(20, boolean),
})
const PathParameter = declare('PathParameterSubSchema', {
  required: optional(1, boolean),
  in: optional(2, string),
  description: optional(3, string),
  name: optional(4, string),
  type: optional(5, string),
  uniqueItems: optional(19, boolean),
})
const NonBodyParameter = declare('NonBodyParameter', {
  query: pointer(3, QueryParameter),
  path: pointer(4, PathParameter),
})
const Parameter = declare('Parameter', { body: pointer(1, BodyParameter), other: pointer(2, NonBodyParameter) })
const ParametersItem = declare('ParametersItem', {
  parameter: pointer(1, Parameter),
  reference: pointer(2, JsonReference),
})

const Response = declare('Response', {
  description: optional(1, string),
  schema: pointer(2, declare('SchemaItem', { schema: pointer(1, Schema) })),
})
const ResponseValue = declare('ResponseValue', { response: pointer(1, Response) })
const Responses = declare('Responses', { responseCode: optional(1, list(named('ResponseValue', () => ResponseValue))) })
const Operation = declare('Operation', {
  tags: optional(1, list(string)),
  description: optional(3, string),
  operationId: optional(5, string),
  produces: optional(6, list(string)),
  consumes: optional(7, list(string)),
  parameters: optional(8, list(ParametersItem)),
  responses: pointer(9, Responses),
  schemes: optional(10, list(string)),
  vendorExtension: optional(13, list(NamedAny)),
})
const PathItem = declare('PathItem', {
  get: pointer(2, Operation),
  put: pointer(3, Operation),
  post: pointer(4, Operation),
  delete: pointer(5, Operation),
  options: pointer(6, Operation),
  head: pointer(7, Operation),
  patch: pointer(8, Operation),
  parameters: optional(9, list(ParametersItem)),
})

const ApiKeySecurity = declare('ApiKeySecurity', {
  type: optional(1, string),
  name: optional(2, string),
  in: optional(3, string),
  description: optional(4, string),
})
const SecurityDefinitionsItem = declare('SecurityDefinitionsItem', { apiKeySecurity: pointer(2, ApiKeySecurity) })

const Document = declare('Document', {
  swagger: optional(1, string),
  info: pointer(2, declare('Info', { title: optional(1, string), version: optional(2, string) })),
  paths: pointer(8, declare('Paths', { path: optional(2, list(named('PathItem', () => PathItem))) })),
  definitions: pointer(9, mapOf('Definitions', NamedSchema)),
  parameters: pointer(
    10,
    mapOf(
      'ParameterDefinitions',
      named('Parameter', () => Parameter),
    ),
  ),
  security: optional(12, list(SecurityRequirement)),
  securityDefinitions: pointer(
    13,
    mapOf(
      'SecurityDefinitions',
      named('SecurityDefinitionsItem', () => SecurityDefinitionsItem),
    ),
  ),
})

/** An OpenAPI v2 document, as JSON has it, in its protobuf form. */
export const encodeV2 = (document: Json): Uint8Array =>
  encodeProtobuf(Document, {
    ...pick(document, ['swagger', 'info']),
    paths: { path: pairs(document['paths'], pathItem) },
    definitions: map(document['definitions'], schema),
    parameters: map(document['parameters'], parameter),
    security: each(document['security'], securityRequirement),
    securityDefinitions: map(document['securityDefinitions'], apiKeySecurity => ({ apiKeySecurity })),
  })

function schema(of: Json): Json {
  const { type, items, additionalProperties } = of
  return {
    ...pick(of, ['$ref', 'externalDocs', ...plainSchemaMembers]),
    ...(of['default'] === undefined ? {} : { default: any(of['default']) }),
    ...(of['example'] === undefined ? {} : { example: any(of['example']) }),
    enum: each(of['enum'], any),
    additionalProperties:
      typeof additionalProperties === 'object'
        ? { schema: schema(additionalProperties as Json) }
        : additionalProperties === undefined
          ? undefined
          : { boolean: additionalProperties },
    ...(type === undefined ? {} : { type: { value: [type].flat() } }),
    ...(items === undefined ? {} : { items: { schema: [items].flat().map(item => schema(item as Json)) } }),
    allOf: each(of['allOf'], schema),
    properties: map(of['properties'], schema),
    vendorExtension: extensions(of),
  }
}

function parameter(of: Json): Json {
  if (of['in'] === 'body') return { body: { ...of, schema: schema(of['schema'] as Json) } }
  return { other: of['in'] === 'path' ? { path: of } : { query: of } }
}

const parametersItem = (of: Json): Json => (of['$ref'] ? { reference: of } : { parameter: parameter(of) })

const pathItem = ({ parameters, ...operations }: Json): Json => ({
  ...Object.fromEntries(Object.entries(operations).map(([method, of]) => [method, operation(of as Json)])),
  parameters: each(parameters, parametersItem),
})

const operation = (of: Json): Json => ({
  ...pick(of, ['tags', 'description', 'operationId', 'produces', 'consumes', 'schemes']),
  parameters: each(of['parameters'], parametersItem),
  responses: { responseCode: pairs(of['responses'], response) },
  vendorExtension: extensions(of),
})

const response = (of: Json): Json => ({
  response: {
    ...pick(of, ['description']),
    ...(of['schema'] ? { schema: { schema: schema(of['schema'] as Json) } } : {}),
  },
})
