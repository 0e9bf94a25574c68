import fc from 'fast-check'
import { parseExactJson } from './exact-json.js'
import { setEntry } from './map-entry.js'
import type { AnySchema, MessageSchema, Scalar } from './types.js'
import { jsonFields, resolve } from './walk.js'

/**
 * For tests only: JSON-shaped values of a schema, as a well-behaved client might send them. Not normalised: optional
 * fields may hold their zero value, and what is required may be missing.
 */
export function arbitraryOf(schema: AnySchema, depth = 0): fc.Arbitrary<unknown> {
  const resolved = resolve(schema)
  switch (resolved.kind) {
    case 'list':
      return fc.array(arbitraryOf(resolved.item, depth), { maxLength: 3 })
    case 'map':
      return fc.array(fc.tuple(key, arbitraryOf(resolved.value, depth)), { maxLength: 3 }).map(fromEntries)
    case 'message':
      return resolved.choice ? choiceOf(resolved, depth) : messageOf(resolved, depth)
    default:
      return scalarOf(resolved)
  }
}

/** As `arbitraryOf`, but any part may be any JSON value instead, and unknown fields turn up. */
export function sloppyOf(schema: AnySchema, depth = 0): fc.Arbitrary<unknown> {
  const resolved = resolve(schema)
  const anything = fc.jsonValue({ maxDepth: 2 })
  const fitting = (): fc.Arbitrary<unknown> => {
    switch (resolved.kind) {
      case 'list':
        return fc.array(sloppyOf(resolved.item, depth), { maxLength: 3 })
      case 'map':
        return fc.array(fc.tuple(key, sloppyOf(resolved.value, depth)), { maxLength: 3 }).map(fromEntries)
      case 'message':
        return fc
          .tuple(
            messageOf(resolved, depth, inner => sloppyOf(inner, depth + 1)),
            fc.array(fc.tuple(key, anything), { maxLength: 1 }),
          )
          .map(([known, unknown]) => fromEntries([...unknown, ...Object.entries(known)]))
      default:
        return scalarOf(resolved)
    }
  }
  return fc.oneof({ arbitrary: fitting(), weight: 12 }, { arbitrary: anything, weight: 1 })
}

const key = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.constantFrom('__proto__', 'constructor', 'a.b/c', '10', '9', ''),
)

function fromEntries(entries: readonly (readonly [string, unknown])[]): { [key: string]: unknown } {
  const object: { [key: string]: unknown } = {}
  for (const [name, value] of entries) setEntry(object, name, value)
  return object
}

/** How many messages a value may hold within each other: recursive types have to end somewhere. */
const maxDepth = 5
/** How many fields a message within another has at most, lest values grow with every level. */
const maxInnerFields = 6

function messageOf(
  message: MessageSchema,
  depth: number,
  inside = (schema: AnySchema) => arbitraryOf(schema, depth + 1),
): fc.Arbitrary<{ [name: string]: unknown }> {
  const fields = jsonFields(message).filter(({ field }) => depth < maxDepth || isLeaf(field.schema))
  // Chosen first and built then: arbitraries of all fields at all depths would be too many.
  return fc
    .subarray([...fields], depth === 0 ? {} : { maxLength: Math.min(fields.length, maxInnerFields) })
    .chain(chosen =>
      fc.tuple(...chosen.map(({ field }) => inside(field.schema))).map(values => [chosen, values] as const),
    )
    .map(([chosen, values]) => fromEntries(chosen.map(({ name }, i) => [name, values[i]])))
}

function choiceOf(message: MessageSchema, depth: number): fc.Arbitrary<unknown> {
  const fields = Object.values(message.fields).filter(({ schema }) => depth < maxDepth || isLeaf(schema))
  return fields.length === 0
    ? fc.constant(null)
    : fc.oneof(...fields.map(({ schema }) => arbitraryOf(schema, depth + 1)))
}

function isLeaf(schema: AnySchema): boolean {
  const { kind } = resolve(schema)
  return kind !== 'list' && kind !== 'map' && kind !== 'message'
}

const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.string({ minLength: 30, maxLength: 200 }))
const instant = fc.date({
  min: new Date('0001-01-02T00:00:00Z'),
  max: new Date('9999-12-30T00:00:00Z'),
  noInvalidDate: true,
})
/** Without -0, which JSON cannot tell from 0. */
const jsonObject = fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 })).map(readJson)

/** As it is when it has been read: whole numbers that would be rounded are bigints. */
function readJson(value: unknown): unknown {
  return parseExactJson(JSON.stringify(value))
}

function plainJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}

function scalarOf({ kind }: Scalar): fc.Arbitrary<unknown> {
  switch (kind) {
    case 'string':
      return text
    case 'boolean':
      return fc.boolean()
    case 'int32':
      return fc.integer()
    case 'int64':
      return fc.oneof(fc.maxSafeInteger(), fc.constantFrom(2 ** 63, -(2 ** 63), 2 ** 60, -1, 0, 2 ** 49, 2 ** 49 - 1))
    case 'uint32':
      return fc.nat({ max: 2 ** 32 - 1 })
    case 'uint64':
      return fc.oneof(fc.nat({ max: Number.MAX_SAFE_INTEGER }), fc.constantFrom(2 ** 63, 2 ** 64, 2 ** 62))
    case 'double':
      return fc.double({ noNaN: true, noDefaultInfinity: true }).map(plainJson)
    case 'bytes':
      return fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes).toString('base64'))
    case 'binary':
      return fc.uint8Array({ maxLength: 40 })
    case 'time':
      return fc
        .tuple(instant, fc.constantFrom('Z', '.5Z', '+02:00', '-11:30'))
        .map(([date, zone]) => seconds(date) + zone)
    case 'microTime':
      return fc
        .tuple(instant, fc.nat({ max: 999_999 }))
        .map(([date, micros]) => `${seconds(date)}.${sixDigits(micros)}Z`)
    case 'duration':
      return fc
        .tuple(
          fc.constantFrom('', '-'),
          fc.nat({ max: 9999 }),
          fc.constantFrom('h', 'm', 's', 'ms', 'us', 'ns', '.25s'),
        )
        .map(([sign, amount, unit]) => sign + amount + unit)
    case 'quantity':
      return fc.oneof(
        fc.integer(),
        fc
          .tuple(fc.nat(), fc.constantFrom('', 'm', 'k', 'Mi', 'G', 'e3', '.5Ki'))
          .map(([n, suffix]) => `${n}${suffix}`),
      )
    case 'intOrString':
      return fc.oneof(fc.integer(), text)
    case 'json':
      return fc.jsonValue({ maxDepth: 2 }).map(readJson)
    case 'rawExtension':
    case 'fieldsV1':
      return jsonObject
  }
}

const seconds = (date: Date) => date.toISOString().slice(0, 19)
const sixDigits = (micros: number) => String(micros).padStart(6, '0')
