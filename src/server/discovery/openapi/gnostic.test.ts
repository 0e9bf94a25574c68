import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeV2 } from './gnostic-v2.js'
import { encodeV3 } from './gnostic-v3.js'

/** A field that holds bytes: its number, and what is in it. */
function field(number: number, content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content)
  assert.ok(bytes.length < 128)
  const tag = number * 8 + 2
  return Buffer.concat([
    Buffer.from(tag < 128 ? [tag, bytes.length] : [(tag & 127) | 128, tag >> 7, bytes.length]),
    bytes,
  ])
}
const message = (...fields: Buffer[]): Buffer => Buffer.concat(fields)
const truth = (number: number): Buffer =>
  Buffer.from(number < 16 ? [number * 8, 1] : [((number * 8) & 127) | 128, number >> 4, 1])
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const named = (name: string, value: Buffer): Buffer => message(field(1, name), field(2, value))

describe('protobuf of OpenAPI v2', () => {
  const base = { swagger: '2.0', info: { title: 'K', version: 'v' }, paths: {}, definitions: {} }
  const begin = message(field(1, '2.0'), field(2, message(field(1, 'K'), field(2, 'v'))))

  it('of a definition', () => {
    const definition = {
      type: 'object',
      required: ['a'],
      properties: { a: { $ref: '#/definitions/B' } },
      additionalProperties: false,
      'x-k': [{ kind: 'A' }],
    }
    const expected = message(
      field(19, 'a'),
      field(21, Buffer.from([2 * 8, 0])),
      field(22, field(1, 'object')),
      field(25, field(1, named('a', field(1, '#/definitions/B')))),
      field(31, named('x-k', field(2, '[{"kind":"A"}]\n'))),
    )
    assert.equal(
      hex(encodeV2({ ...base, definitions: { A: definition } })),
      hex(message(begin, field(8, ''), field(9, field(1, named('A', expected))))),
    )
  })

  it('of an operation', () => {
    const item = {
      get: {
        operationId: 'op',
        responses: { 200: { description: 'OK', schema: { type: 'string' } } },
        'x-a': 'get',
      },
      parameters: [
        { $ref: '#/parameters/p' },
        { name: 'n', in: 'path', type: 'string', required: true, uniqueItems: true },
      ],
    }
    const response = message(field(1, 'OK'), field(2, field(1, field(22, field(1, 'string')))))
    const operation = message(
      field(5, 'op'),
      field(9, field(1, named('200', field(1, response)))),
      field(13, named('x-a', field(2, '"get"\n'))),
    )
    const parameter = message(truth(1), field(2, 'path'), field(4, 'n'), field(5, 'string'), truth(19))
    const expected = message(
      field(2, operation),
      field(9, field(2, field(1, '#/parameters/p'))),
      field(9, field(1, field(2, field(4, parameter)))),
    )
    const encoded = hex(encodeV2({ ...base, paths: { '/': item } }))
    assert.ok(encoded.includes(hex(expected.subarray(0, 40))), encoded)
    assert.ok(encoded.includes(hex(parameter)))
  })
})

describe('protobuf of OpenAPI v3', () => {
  const base = { openapi: '3.0.0', info: { title: 'K', version: 'v' }, paths: {} }
  const begin = message(field(1, '3.0.0'), field(2, message(field(1, 'K'), field(6, 'v'))), field(4, ''))

  it('of a schema', () => {
    const schema = {
      type: 'object',
      properties: { a: { allOf: [{ $ref: '#/x' }], default: {} }, b: { type: 'boolean', default: false } },
    }
    const expected = message(
      field(25, 'object'),
      field(
        31,
        message(
          field(1, named('a', field(1, field(26, field(2, field(1, '#/x')))))),
          field(1, named('b', field(1, message(field(25, 'boolean'), field(33, Buffer.from([2 * 8, 0])))))),
        ),
      ),
    )
    assert.equal(
      hex(encodeV3({ ...base, components: { schemas: { A: schema } } })),
      hex(message(begin, field(5, field(1, field(1, named('A', field(1, expected))))))),
    )
  })
})
