import type { AnySchema, Field, MessageSchema } from './types.js'
import { resolve } from './walk.js'

/** The forms JSON values take, as far as a `choice` tells them apart. */
export type JsonForm = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object'

/** The form of a JSON value; undefined counts as null. */
export function formOf(value: unknown): JsonForm {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  switch (typeof value) {
    case 'boolean':
      return 'boolean'
    case 'number':
    case 'bigint':
      return 'number'
    case 'string':
      return 'string'
    default:
      return 'object'
  }
}

function formOfSchema(schema: AnySchema): JsonForm {
  const resolved = resolve(schema)
  switch (resolved.kind) {
    case 'list':
      return 'array'
    case 'boolean':
      return 'boolean'
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
    case 'double':
      return 'number'
    case 'map':
    case 'message':
    case 'rawExtension':
    case 'fieldsV1':
      return 'object'
    case 'json':
    case 'intOrString':
    case 'binary':
      throw new TypeError(`a choice cannot tell ${resolved.kind} by its JSON form`)
    default:
      return 'string'
  }
}

/** Which field of a `choice` message holds a value of each form. */
export function choiceForms(message: MessageSchema): ReadonlyMap<JsonForm, readonly [string, Field<AnySchema>]> {
  const forms = new Map<JsonForm, readonly [string, Field<AnySchema>]>()
  for (const [name, field] of Object.entries(message.fields)) {
    const form = formOfSchema(field.schema)
    if (forms.has(form)) throw new TypeError(`${message.name} has two fields of form ${form}`)
    forms.set(form, [name, field])
  }
  return forms
}
