import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DecodeError, decodeJson } from './json.js'
import { findDuplicateFields, JsonSyntaxError, parseJson, strictFieldErrors } from './json-text.js'
import { decodeProtobuf, encodeProtobuf, ProtobufError } from './protobuf.js'
import { decodeObject, encodeObject, unwrapEnvelope } from './protobuf-envelope.js'
import * as samples from './test-messages.js'
import { arbitraryOf, sloppyOf } from './test-values.js'
import type { Kind, MessageSchema } from './types.js'

const messages: readonly MessageSchema[] = [
  samples.Everything,
  samples.Plain,
  samples.JSONSchemaProps,
  samples.PodSpec,
  samples.ObjectMeta,
  samples.PodList,
]
const kinds: readonly Kind[] = [samples.Pod, samples.ConfigMap, samples.Lease]
const runs = { numRuns: 60 }

/** Undefined is no JSON, and Uint8Array is only in messages without a JSON form: compared as they are. */
const same = (actual: unknown, expected: unknown) => {
  assert.deepEqual(actual, expected)
  assert.equal(JSON.stringify(actual), JSON.stringify(expected), 'fields are in the same order')
}

/** Without the top-level fields that protobuf does not carry. */
function carried(message: MessageSchema, value: unknown): unknown {
  const uncarried = Object.keys(message.fields).filter(name => message.fields[name]?.number === 0)
  return Object.fromEntries(Object.entries(value as object).filter(([name]) => !uncarried.includes(name)))
}

describe('round trips', () => {
  for (const message of messages)
    it(`${message.name} comes back from protobuf as JSON decoded it`, () => {
      fc.assert(
        fc.property(arbitraryOf(message), sent => {
          const draft = decodeJson(message, sent)
          same(decodeProtobuf(message, encodeProtobuf(message, draft)), withoutKinds(carried(message, draft)))
        }),
        runs,
      )
    })

  for (const kind of kinds)
    it(`${kind.gvk.kind} comes back from its envelope`, () => {
      fc.assert(
        fc.property(arbitraryOf(kind), sent => {
          const draft = decodeJson(kind, sent) as { readonly [name: string]: unknown }
          const { group, version, kind: name } = kind.gvk
          const expected = {
            kind: draft['kind'] ?? name,
            apiVersion: draft['apiVersion'] ?? (group === '' ? version : `${group}/${version}`),
            ...(carried(kind, draft) as object),
          }
          same(decodeObject(kind, unwrapEnvelope(encodeObject(kind, draft))), expected)
        }),
        runs,
      )
    })

  for (const message of [...messages, ...kinds])
    it(`decoding ${message.name} twice changes nothing`, () => {
      fc.assert(
        fc.property(arbitraryOf(message), sent => {
          const once = decodeJson(message, sent)
          same(decodeJson(message, once), once)
        }),
        runs,
      )
    })
})

/** Objects inside a list kind lose their type in protobuf, as they do upstream. */
function withoutKinds(value: unknown): unknown {
  const list = value as { readonly items?: readonly { readonly [name: string]: unknown }[] }
  if (!Array.isArray(list.items)) return value
  return { ...list, items: list.items.map(({ kind: _, apiVersion: __, ...rest }) => rest) }
}

describe('hostile input', () => {
  for (const message of [...messages, ...kinds]) {
    it(`random bytes as ${message.name} fail only as ProtobufError`, () => {
      const encoded = arbitraryOf(message).map(sent => encodeProtobuf(message, decodeJson(message, sent)))
      const damaged = fc
        .tuple(encoded, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }), fc.nat())
        .map(([bytes, changes, cut]) => {
          const copy = Uint8Array.from(bytes)
          for (const [at, byte] of changes) if (copy.length > 0) copy[at % copy.length] = byte
          return cut % 3 === 0 ? copy.subarray(0, cut % (copy.length + 1)) : copy
        })
      fc.assert(
        fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), bytes => {
          onlyThrows(ProtobufError, () => decodeProtobuf(message, bytes))
          onlyThrows(ProtobufError, () => unwrapEnvelope(bytes))
        }),
        runs,
      )
    })

    it(`sloppy JSON as ${message.name} fails only as DecodeError`, () => {
      fc.assert(
        fc.property(sloppyOf(message), sent => {
          const unknown: string[] = []
          onlyThrows(DecodeError, () => decodeJson(message, sent, { onUnknownField: path => unknown.push(path) }))
          strictFieldErrors(JSON.stringify(sent), message)
        }),
        runs,
      )
    })
  }

  it('any text is JSON or a JsonSyntaxError', () => {
    const json = fc.json({ maxDepth: 3 })
    const damaged = fc
      .tuple(json, fc.nat(), fc.constantFrom('', '"', '\\', ',', '{', ']', '0', 'é', '\n', 'tru', '-', '1.'))
      .map(
        ([text, at, piece]) => text.slice(0, at % (text.length + 1)) + piece + text.slice((at % (text.length + 1)) + 1),
      )
    fc.assert(
      fc.property(fc.oneof(fc.string(), damaged), text => {
        const error = onlyThrows(JsonSyntaxError, () => parseJson(text))
        if (error) assert.match(error.message, /^(invalid character '.+' |unexpected end of JSON input)/s)
        else findDuplicateFields(text)
      }),
      { numRuns: 500 },
    )
  })
})

function onlyThrows<E extends Error>(kind: new (...args: never[]) => E, run: () => unknown): E | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (!(error instanceof kind)) throw error
    return error
  }
}
