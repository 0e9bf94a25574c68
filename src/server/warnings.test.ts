import assert from 'node:assert/strict'
import { validateHeaderValue } from 'node:http'
import { describe, it } from 'node:test'
import { warningHeaders } from './warnings.js'

describe('warning headers', () => {
  const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
    [[], []],
    [['unknown field "a"'], ['299 - "unknown field \\"a\\""']],
    [
      ['a', 'b', 'a', ''],
      ['299 - "a"', '299 - "b"'],
    ],
    [['back\\slash'], ['299 - "back\\\\slash"']],
    [['two\r\nlines: x\0'], ['299 - "two lines: x "']],
  ]
  for (const [texts, expected] of cases)
    it(JSON.stringify(texts), () => assert.deepEqual(warningHeaders(texts), expected))

  it('carry any text in the bytes of its UTF-8', () => {
    const [header = ''] = warningHeaders(['поле "ü" 🙂'])
    validateHeaderValue('warning', header)
    assert.equal(Buffer.from(header, 'latin1').toString(), '299 - "поле \\"ü\\" 🙂"')
  })

  it('are cut when there is too much', () => {
    const headers = warningHeaders(Array.from({ length: 50 }, (_, i) => `${i}${'x'.repeat(500)}`))
    assert.equal(headers.length, 16)
    for (const header of headers) assert.ok(header.length < 270)
  })
})
