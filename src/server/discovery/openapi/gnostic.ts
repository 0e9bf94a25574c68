import { lazy, list, type MessageSchema, message, optional, pointer, string } from '../../../schema/index.js'

/** A JSON object of an OpenAPI document. */
export interface Json {
  readonly [key: string]: unknown
}

/** What the messages of the protobuf forms of OpenAPI v2 and v3 (the gnostic project's) have in common, per package. */
export function gnosticPackage(name: 'openapi.v2' | 'openapi.v3') {
  const declare = <F extends Parameters<typeof message>[1]>(type: string, fields: F) =>
    message(`${name}.${type}`, fields) as unknown as MessageSchema
  const Any = declare('Any', { yaml: optional(2, string) })
  /** Pairs of names and values, in the order of the document. */
  const named = (type: string, value: () => MessageSchema) =>
    declare(`Named${type}`, { name: optional(1, string), value: pointer(2, lazy(value)) })
  const NamedAny = named('Any', () => Any)
  /** A map is a message that holds nothing but such pairs. */
  const mapOf = (type: string, pairs: MessageSchema) =>
    declare(type, { additionalProperties: optional(1, list(pairs)) })
  const StringArray = declare('StringArray', { value: optional(1, list(string)) })
  const NamedStringArray = named('StringArray', () => StringArray)
  return { declare, Any, named, NamedAny, mapOf, SecurityRequirement: mapOf('SecurityRequirement', NamedStringArray) }
}

/** Any value travels as YAML; JSON is YAML. */
export const any = (value: unknown) => ({ yaml: `${JSON.stringify(value)}\n` })

const entries = (object: unknown): [string, Json][] => Object.entries((object ?? {}) as { [key: string]: Json })

export const pairs = (object: unknown, convert: (value: Json) => unknown) =>
  entries(object).map(([name, value]) => ({ name, value: convert(value) }))

export const map = (object: unknown, convert: (value: Json) => unknown) =>
  object === undefined ? undefined : { additionalProperties: pairs(object, convert) }

export const each = <T>(items: unknown, convert: (value: Json) => T): T[] | undefined =>
  (items as readonly Json[] | undefined)?.map(convert)

/** The extensions among an object's members. */
export const extensions = (object: Json) =>
  entries(object)
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, value]) => ({ name, value: any(value) }))

/** `[{ BearerToken: [] }]` */
export const securityRequirement = (requirement: Json) => map(requirement, value => ({ value }))

/** Members of the same name and form in both. */
export const pick = (object: Json, names: readonly string[]): Json =>
  Object.fromEntries(names.filter(name => object[name] !== undefined).map(name => [name, object[name]]))

/** Limits and formats of a schema, which protobuf carries as they are. */
export const plainSchemaMembers = [
  'format',
  'title',
  'description',
  'multipleOf',
  'maximum',
  'exclusiveMaximum',
  'minimum',
  'exclusiveMinimum',
  'maxLength',
  'minLength',
  'pattern',
  'maxItems',
  'minItems',
  'uniqueItems',
  'maxProperties',
  'minProperties',
  'required',
  'readOnly',
] as const
