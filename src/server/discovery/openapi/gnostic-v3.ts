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
import { any, each, extensions, gnosticPackage, type Json, map, pairs, pick, plainSchemaMembers } from './gnostic.js'

const { declare, Any, named, NamedAny, mapOf } = gnosticPackage('openapi.v3')

const Reference = declare('Reference', { $ref: optional(1, string) })
const SchemaOrReference: MessageSchema = declare('SchemaOrReference', {
  schema: pointer(
    1,
    lazy(() => Schema),
  ),
  reference: pointer(2, Reference),
})
const schemas = list(lazy(() => SchemaOrReference))
const NamedSchema = named('SchemaOrReference', () => SchemaOrReference)
const Schema: MessageSchema = declare('Schema', {
  nullable: optional(1, boolean),
  readOnly: optional(3, boolean),
  externalDocs: pointer(6, declare('ExternalDocs', { description: optional(1, string), url: optional(2, string) })),
  example: pointer(7, Any),
  title: optional(9, string),
  multipleOf: optional(10, double),
  maximum: optional(11, double),
  exclusiveMaximum: optional(12, boolean),
  minimum: optional(13, double),
  exclusiveMinimum: optional(14, boolean),
  maxLength: optional(15, int64),
  minLength: optional(16, int64),
  pattern: optional(17, string),
  maxItems: optional(18, int64),
  minItems: optional(19, int64),
  uniqueItems: optional(20, boolean),
  maxProperties: optional(21, int64),
  minProperties: optional(22, int64),
  required: optional(23, list(string)),
  enum: optional(24, list(Any)),
  type: optional(25, string),
  allOf: optional(26, schemas),
  oneOf: optional(27, schemas),
  anyOf: optional(28, schemas),
  not: pointer(
    29,
    lazy(() => Schema),
  ),
  items: pointer(30, declare('ItemsItem', { schemaOrReference: optional(1, schemas) })),
  properties: pointer(31, mapOf('Properties', NamedSchema)),
  additionalProperties: pointer(
    32,
    declare('AdditionalPropertiesItem', {
      schemaOrReference: pointer(1, SchemaOrReference),
      boolean: pointer(2, boolean),
    }),
  ),
  default: pointer(
    33,
    declare('DefaultType', { number: pointer(1, double), boolean: pointer(2, boolean), string: pointer(3, string) }),
  ),
  description: optional(34, string),
  format: optional(35, string),
  specificationExtension: optional(36, list(NamedAny)),
})

const MediaType = declare('MediaType', { schema: pointer(1, SchemaOrReference) })
const MediaTypes = mapOf(
  'MediaTypes',
  named('MediaType', () => MediaType),
)
const Parameter = declare('Parameter', {
  name: optional(1, string),
  in: optional(2, string),
  description: optional(3, string),
  required: optional(4, boolean),
  schema: pointer(10, SchemaOrReference),
})
const ParameterOrReference = declare('ParameterOrReference', { parameter: pointer(1, Parameter) })
const RequestBody = declare('RequestBody', {
  description: optional(1, string),
  content: pointer(2, MediaTypes),
  required: optional(3, boolean),
})
const RequestBodyOrReference = declare('RequestBodyOrReference', { requestBody: pointer(1, RequestBody) })
const Response = declare('Response', { description: optional(1, string), content: pointer(3, MediaTypes) })
const ResponseOrReference = declare('ResponseOrReference', { response: pointer(1, Response) })
const Responses = declare('Responses', {
  responseOrReference: optional(2, list(named('ResponseOrReference', () => ResponseOrReference))),
})
const Operation = declare('Operation', {
  tags: optional(1, list(string)),
  description: optional(3, string),
  operationId: optional(5, string),
  parameters: optional(6, list(ParameterOrReference)),
  requestBody: pointer(7, RequestBodyOrReference),
  responses: pointer(8, Responses),
  specificationExtension: optional(13, list(NamedAny)),
})
const PathItem = declare('PathItem', {
  get: pointer(4, Operation),
  put: pointer(5, Operation),
  post: pointer(6, Operation),
  delete: pointer(7, Operation),
  options: pointer(8, Operation),
  head: pointer(9, Operation),
  patch: pointer(10, Operation),
  parameters: optional(13, list(ParameterOrReference)),
})
const SecurityScheme = declare('SecurityScheme', {
  type: optional(1, string),
  description: optional(2, string),
  name: optional(3, string),
  in: optional(4, string),
})
const SecuritySchemeOrReference = declare('SecuritySchemeOrReference', { securityScheme: pointer(1, SecurityScheme) })
const Components = declare('Components', {
  schemas: pointer(1, mapOf('SchemasOrReferences', NamedSchema)),
  securitySchemes: pointer(
    7,
    mapOf(
      'SecuritySchemesOrReferences',
      named('SecuritySchemeOrReference', () => SecuritySchemeOrReference),
    ),
  ),
})
const Document = declare('Document', {
  openapi: optional(1, string),
  info: pointer(2, declare('Info', { title: optional(1, string), version: optional(6, string) })),
  paths: pointer(4, declare('Paths', { path: optional(1, list(named('PathItem', () => PathItem))) })),
  components: pointer(5, Components),
})

/** An OpenAPI v3 document, as JSON has it, in its protobuf form. */
export function encodeV3(document: Json): Uint8Array {
  const components = document['components'] as Json
  return encodeProtobuf(Document, {
    ...pick(document, ['openapi', 'info']),
    paths: { path: pairs(document['paths'], pathItem) },
    components: {
      schemas: map(components['schemas'], schemaOrReference),
      securitySchemes: map(components['securitySchemes'], securityScheme => ({ securityScheme })),
    },
  })
}

const schemaOrReference = (of: Json): Json => (of['$ref'] ? { reference: of } : { schema: schema(of) })

function schema(of: Json): Json {
  const { items, additionalProperties } = of
  return {
    ...pick(of, ['type', 'nullable', 'externalDocs', ...plainSchemaMembers]),
    ...(of['example'] === undefined ? {} : { example: any(of['example']) }),
    default: defaultOf(of['default']),
    enum: each(of['enum'], any),
    allOf: each(of['allOf'], schemaOrReference),
    oneOf: each(of['oneOf'], schemaOrReference),
    anyOf: each(of['anyOf'], schemaOrReference),
    ...(of['not'] ? { not: schema(of['not'] as Json) } : {}),
    ...(items === undefined
      ? {}
      : { items: { schemaOrReference: [items].flat().map(item => schemaOrReference(item as Json)) } }),
    additionalProperties:
      typeof additionalProperties === 'object'
        ? { schemaOrReference: schemaOrReference(additionalProperties as Json) }
        : additionalProperties === undefined
          ? undefined
          : { boolean: additionalProperties },
    properties: map(of['properties'], schemaOrReference),
    specificationExtension: extensions(of),
  }
}

/** Only plain values have a form here; the empty objects that stand for messages are left out. */
function defaultOf(value: unknown): Json | undefined {
  const type = typeof value
  return type === 'number' || type === 'boolean' || type === 'string' ? { [type]: value } : undefined
}

const content = (of: unknown) => map(of, media => ({ schema: schemaOrReference(media['schema'] as Json) }))

const parameter = (of: Json): Json => ({ parameter: { ...of, schema: schemaOrReference(of['schema'] as Json) } })

const pathItem = ({ parameters, ...operations }: Json): Json => ({
  ...Object.fromEntries(Object.entries(operations).map(([method, of]) => [method, operation(of as Json)])),
  parameters: each(parameters, parameter),
})

function operation(of: Json): Json {
  const body = of['requestBody'] as Json | undefined
  return {
    ...pick(of, ['tags', 'description', 'operationId']),
    parameters: each(of['parameters'], parameter),
    ...(body
      ? { requestBody: { requestBody: { ...pick(body, ['required']), content: content(body['content']) } } }
      : {}),
    responses: { responseOrReference: pairs(of['responses'], response) },
    specificationExtension: extensions(of),
  }
}

const response = (of: Json): Json => ({
  response: { ...pick(of, ['description']), content: content(of['content']) },
})
