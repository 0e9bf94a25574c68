import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type AnySchema,
  applyStaticDefaults,
  DecodeError,
  type Draft,
  decodeJson,
  decodeObject,
  decodeProtobuf,
  encodeObject,
  encodeProtobuf,
  exactJson,
  ProtobufError,
  parseExactJson,
  unwrapEnvelope,
} from '../schema/index.js'
import { arbitraryOf, sloppyOf } from '../schema/test-values.js'
import { jsonFields, resolve } from '../schema/walk.js'
import { messages as everyMessage, kinds } from './catalogue.js'

/** A choice is no message in JSON: it is tested as a part of those that hold it. */
const messages = everyMessage.filter(({ choice }) => !choice)

// A few objects of each of the hundreds of types; the seed changes with the day, and is printed when a run fails.
const runs = { numRuns: 5, seed: Math.floor(Date.now() / 86_400_000) }

const same = (actual: unknown, expected: unknown) => {
  assert.deepEqual(actual, expected)
  assert.equal(JSON.stringify(actual), JSON.stringify(expected), 'fields are in the same order')
}

/** Without what protobuf does not carry: fields without a number, the kind of objects within objects among them. */
function carried(schema: AnySchema, value: unknown): unknown {
  const resolved = resolve(schema)
  if (typeof value !== 'object' || value === null) return value
  if (resolved.kind === 'list') return (value as readonly unknown[]).map(item => carried(resolved.item, item))
  if (resolved.kind === 'map')
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, carried(resolved.value, item)]))
  if (resolved.kind !== 'message' || resolved.choice) return value
  const fields = new Map(jsonFields(resolved).map(({ name, field }) => [name, field]))
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => {
      const field = fields.get(name)
      return field && field.number !== 0 ? [[name, carried(field.schema, inner)]] : []
    }),
  )
}

describe('objects of every type', () => {
  it('come back from protobuf as JSON decoded them', () => {
    for (const message of messages)
      fc.assert(
        fc.property(arbitraryOf(message), sent => {
          const draft = decodeJson(message, sent)
          same(carried(message, decodeProtobuf(message, encodeProtobuf(message, draft))), carried(message, draft))
        }),
        runs,
      )
  })

  it('come back from JSON text, and decoding twice changes nothing', () => {
    for (const message of messages)
      fc.assert(
        fc.property(arbitraryOf(message), sent => {
          const draft = decodeJson(message, sent)
          if (JSON.stringify(draft).includes('"type":"Buffer"')) return
          same(decodeJson(message, parseExactJson(exactJson(draft))), draft)
        }),
        runs,
      )
  })

  it('come back from their envelope', () => {
    for (const kind of kinds)
      fc.assert(
        fc.property(arbitraryOf(kind), sent => {
          const draft = decodeJson(kind, sent) as { kind?: string; apiVersion?: string }
          const { group, version, kind: name } = kind.gvk
          const back = decodeObject(kind, unwrapEnvelope(encodeObject(kind, draft))) as typeof draft
          assert.equal(back.kind, draft.kind ?? name)
          assert.equal(back.apiVersion, draft.apiVersion ?? (group === '' ? version : `${group}/${version}`))
          same(carried(kind, back), carried(kind, draft))
        }),
        runs,
      )
  })

  it('have their defaults after the first time', () => {
    for (const message of messages)
      fc.assert(
        fc.property(arbitraryOf(message), sent => {
          const draft = decodeJson(message, sent)
          applyStaticDefaults(message, draft as Draft<unknown>)
          const once = structuredClone(draft)
          applyStaticDefaults(message, draft as Draft<unknown>)
          same(draft, once)
        }),
        runs,
      )
  })

  it('are refused, not misread, when they are damaged', () => {
    const damage = fc.tuple(fc.nat(), fc.nat({ max: 255 }))
    for (const message of messages) {
      fc.assert(
        fc.property(sloppyOf(message), sent => {
          only(DecodeError, () => decodeJson(message, sent))
        }),
        runs,
      )
      fc.assert(
        fc.property(arbitraryOf(message), fc.array(damage, { minLength: 1, maxLength: 4 }), (sent, changes) => {
          const bytes = Uint8Array.from(encodeProtobuf(message, decodeJson(message, sent)))
          for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte
          only(ProtobufError, () => decodeProtobuf(message, bytes))
        }),
        runs,
      )
    }
  })
})

function only(kind: new (...args: never[]) => Error, run: () => unknown): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof kind)) throw error
  }
}
