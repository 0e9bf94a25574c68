import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { jsonEqual } from './json-equal.js'

it('takes undefined as absent', () => {
  assert.equal(jsonEqual({ a: undefined }, {}), true)
  assert.equal(jsonEqual({}, { a: undefined, b: undefined }), true)
  assert.equal(jsonEqual({ a: undefined, b: 1 }, { a: 1 }), false)
  assert.equal(jsonEqual({ a: null }, {}), false)
  assert.equal(jsonEqual([], {}), false)
  assert.equal(jsonEqual({}, []), false)
  assert.equal(jsonEqual([1, 2], [2, 1]), false)
  assert.equal(jsonEqual({ toString: 1 }, { valueOf: 1 }), false)
})

it('agrees with deep equality', () => {
  const json = fc.jsonValue({ noUnicodeString: false }).map(value => JSON.parse(JSON.stringify(value)) as unknown)
  fc.assert(
    fc.property(json, json, (a, b) => {
      assert.equal(jsonEqual(a, b), isDeepStrictEqual(a, b))
      assert.equal(jsonEqual(a, structuredClone(a)), true)
    }),
  )
})
