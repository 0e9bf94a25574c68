import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { HeaderDecoder } from './header-decoder.js'
import { HeaderEncoder } from './header-encoder.js'

const decoded = (decoder: HeaderDecoder, block: Buffer) =>
  decoder
    .decode(block)
    .fields.map(({ name, value }) => [name, value] as const)
    .filter(([name]) => name !== 'date')

describe('encoded headers', () => {
  it('are what they were, whatever the size of the table', () => {
    const name = fc.oneof(
      fc.constantFrom(
        'content-type',
        'cache-control',
        'vary',
        'audit-id',
        'location',
        'x-kubernetes-pf-flowschema-uid',
      ),
      fc.stringMatching(/^[a-z][a-z0-9-]{0,40}$/),
    )
    const value = fc.oneof(
      fc.constantFrom('application/json', 'no-cache, private'),
      fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes).toString('latin1')),
    )
    const taken = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'date'])
    const headers = fc.dictionary(
      name.filter(text => !taken.has(text)),
      fc.oneof(value, fc.array(value, { maxLength: 3 })),
    )
    const answer = fc.record({
      status: fc.integer({ min: 200, max: 599 }),
      headers,
      tableSize: fc.option(fc.integer({ min: 0, max: 5000 })),
      length: fc.option(fc.nat(), { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(answer), answers => {
        const encoder = new HeaderEncoder()
        const decoder = new HeaderDecoder(1 << 20)
        for (const { status, headers, tableSize, length } of answers) {
          if (tableSize !== null) encoder.tableSize = tableSize
          assert.deepEqual(decoded(decoder, encoder.encode(status, headers, length)), [
            [':status', String(status)],
            ...Object.entries(headers).flatMap(([name, values]) => [values].flat().map(value => [name, value])),
            ...(length === undefined ? [] : [['content-length', String(length)]]),
          ])
        }
      }),
    )
  })

  it('take a byte each when they come again', () => {
    const encoder = new HeaderEncoder()
    const headers = { 'content-type': 'application/json', 'cache-control': 'no-cache, private', date: 'now' }
    const first = encoder.encode(200, headers).length
    const again = encoder.encode(200, headers).length
    assert.ok(first > 40)
    // The status, both headers, and a date with an index, a length and three letters.
    assert.equal(again, 1 + 2 + 2 + 1 + 3)
  })

  it('are without those of a connection of HTTP/1.1, and in lower case', () => {
    const block = new HeaderEncoder().encode(200, { connection: 'close', 'transfer-encoding': 'chunked', 'X-A': 'b' })
    assert.deepEqual(decoded(new HeaderDecoder(1000), block), [
      [':status', '200'],
      ['x-a', 'b'],
    ])
  })
})
