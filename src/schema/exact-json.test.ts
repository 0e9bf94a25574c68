import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { exactJson, hasManyDigits, parseExactJson } from './exact-json.js'

describe('JSON with all its digits', () => {
  for (const [text, value, written = text] of [
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    ['9007199254740991', 9007199254740991],
    // Beyond 64 bits, and what is no whole number, is as near as a number comes.
    ['9223372036854775808', 2 ** 63, '9223372036854776000'],
    ['0.12345678901234567', undefined, String(Number('0.12345678901234567'))],
    ['12345678901234567e1', undefined, String(Number('12345678901234567e1'))],
    ['"9007199254740993"', '9007199254740993'],
    ['{"a":["\\\\",9007199254740993,"\\"9007199254740993"],"9007199254740993":{}}', undefined],
    ['{"__proto__":9007199254740993,"b":[1,-0.5,null]}', undefined],
  ] as const)
    it(text, () => {
      const parsed = parseExactJson(text)
      if (value !== undefined) assert.equal(parsed, value)
      assert.equal(exactJson(parsed), written)
    })

  it('goes through a replacer, and is indented', () => {
    const value = { b: 9007199254740993n, a: 'x' }
    assert.equal(exactJson(value, undefined, 1), '{\n "b": 9007199254740993,\n "a": "x"\n}')
    assert.equal(
      exactJson(value, (key, part) => (key === 'a' ? 'y' : part)),
      '{"b":9007199254740993,"a":"y"}',
    )
    assert.equal(JSON.stringify(value), '{"b":9007199254740992,"a":"x"}')
  })

  it('is what it was', () => {
    const number = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(exact), fc.integer(), fc.string())
    const value = fc.oneof(number, fc.dictionary(fc.string(), fc.array(number), { noNullPrototype: true }))
    fc.assert(fc.property(value, value => assert.deepEqual(parseExactJson(exactJson(value)), value)))
  })

  it('is recognised by its digits', () => {
    const text = fc
      .array(fc.oneof(fc.stringMatching(/^\d{1,18}$/), fc.constantFrom('a', ',', '-', 'xyz')))
      .map(parts => parts.join(''))
    fc.assert(fc.property(text, text => assert.equal(hasManyDigits(text), /\d{16}/.test(text))))
  })
})

const exact = (value: bigint): bigint | number => (Number.isSafeInteger(Number(value)) ? Number(value) : value)
