import { goFloat, goJson, goQuote } from './go-format.js'
import type { FieldPath } from './path.js'
import type { FieldError } from './status-error.js'

/** Where an error is: a path, or its text. */
export type At = FieldPath | string

/** A value whose form in messages the caller knows better, e.g. an object that upstream prints with other field names. */
export class Shown {
  constructor(readonly text: string) {}
}

/** Left out of the message altogether: `Invalid value: detail`. */
export const omitted = new Shown('')

/** Upstream prints maps with sorted keys; use it for labels and the like. */
export function sortedMap(map: { readonly [key: string]: unknown } | null | undefined): unknown {
  if (!map) return null
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** A value in a message: texts quoted, numbers and booleans plain, absent as null, the rest as JSON. */
function showValue(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (value instanceof Shown) return value.text
  if (typeof value === 'string') return goQuote(value)
  if (typeof value === 'number') return goFloat(value)
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  return goJson(value)
}

/** Where an error is that is about the object as a whole. */
export const wholeObject = '[]'

const error = (reason: string, field: At, head: string, detail: string): FieldError => ({
  reason,
  field: String(field) || '<nil>',
  message: detail ? `${head}: ${detail}` : head,
})

const withValue = (head: string, value: unknown): string => (value === omitted ? head : `${head}: ${showValue(value)}`)

/** `Required value`, or `Required value: detail`. */
export const required = (field: At, detail = ''): FieldError =>
  error('FieldValueRequired', field, 'Required value', detail)

/** `Invalid value: "x": detail`. */
export const invalidValue = (field: At, value: unknown, detail: string): FieldError =>
  error('FieldValueInvalid', field, withValue('Invalid value', value), detail)

/** Several messages about one value, as the functions of `names.ts` return them. */
export const invalidValues = (field: At, value: unknown, messages: readonly string[]): FieldError[] =>
  messages.length === 0 ? [] : messages.map(message => invalidValue(field, value, message))

/** `Unsupported value: "x": supported values: "A", "B"`, in the order given. */
export const notSupported = (field: At, value: unknown, supported: readonly string[]): FieldError =>
  error(
    'FieldValueNotSupported',
    field,
    withValue('Unsupported value', value),
    supported.length ? `supported values: ${supported.map(goQuote).join(', ')}` : '',
  )

/** `Duplicate value: "x"`. */
export const duplicate = (field: At, value: unknown, detail = ''): FieldError =>
  error('FieldValueDuplicate', field, withValue('Duplicate value', value), detail)

/** `Not found: "x"`: the value refers to something that is not there. */
export const notFoundField = (field: At, value: unknown): FieldError =>
  error('FieldValueNotFound', field, withValue('Not found', value), '')

/** `Forbidden: detail`. */
export const forbiddenField = (field: At, detail: string): FieldError =>
  error('FieldValueForbidden', field, 'Forbidden', detail)

/** `Too long: may not be more than N bytes`. */
export const tooLong = (field: At, limit: number): FieldError =>
  error(
    'FieldValueTooLong',
    field,
    'Too long',
    limit >= 0 ? `may not be more than ${limit} bytes` : 'value is too long',
  )

/** `Too many: 3: must have at most 2 items`. */
export const tooMany = (field: At, count: number, limit: number): FieldError =>
  error(
    'FieldValueTooMany',
    field,
    withValue('Too many', count < 0 ? omitted : count),
    limit >= 0 ? `must have at most ${limit} ${limit === 1 ? 'item' : 'items'}` : 'has too many items',
  )

/** `Invalid value: "string": spec.n in body must be of type integer: "string"`. */
export const typeInvalid = (field: At, value: unknown, detail: string): FieldError =>
  error('FieldValueTypeInvalid', field, withValue('Invalid value', value), detail)

/** `Internal error: detail`: validation itself failed. */
export const internalFieldError = (field: At, detail: string): FieldError =>
  error('InternalError', field, 'Internal error', detail)

/** The detail of `invalidValue` for a field that must never change. */
export const immutable = 'field is immutable'

/** One line for one error, a bracketed list for several: how messages quote them. */
export function joinErrors(errors: readonly FieldError[]): string {
  const texts = errors.map(({ field, message }) => `${field}: ${message}`)
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`
}
