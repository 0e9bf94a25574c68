import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { jsonEqual } from '../json-equal.js'
import { applyMergePatch } from './merge-patch.js'

describe('RFC 7386', () => {
  const cases: [unknown, unknown, unknown][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    [{}, { a: [{ b: null, c: 1 }] }, { a: [{ c: 1 }] }],
  ]
  for (const [original, patch, expected] of cases) {
    it(`${JSON.stringify(original)} and ${JSON.stringify(patch)}`, () => {
      const before = structuredClone(original)
      assert.deepEqual(applyMergePatch(original, patch), expected)
      assert.deepEqual(original, before)
    })
  }

  it('takes only objects', () => {
    const noObject = (type: string) =>
      `error decoding patch: json: cannot unmarshal ${type} into Go value of type map[string]interface {}`
    for (const [patch, lenient, message] of [
      [[], false, noObject('array')],
      ['x', false, noObject('string')],
      [null, false, 'Invalid JSON Patch'],
      [null, true, 'Invalid JSON Patch'],
      [1, true, 'Invalid JSON Patch'],
    ] as const)
      assert.throws(() => applyMergePatch({}, patch, lenient), { code: 400, message })
    assert.deepEqual(applyMergePatch({ a: 1 }, [{ b: null }], true), [{}])
  })

  it('shares what does not change', () => {
    const original = { a: { b: 1 }, c: { d: 2 } }
    const patched = applyMergePatch(original, { a: { b: 5 } }) as typeof original
    assert.equal(patched.c, original.c)
    assert.equal(applyMergePatch(original, { a: { b: 1 } }), original)
    assert.equal(applyMergePatch(original, { x: null }), original)
  })

  it('does not touch prototypes', () => {
    const patched = applyMergePatch({}, JSON.parse('{"__proto__":{"x":1}}')) as { x?: number }
    assert.equal(patched.x, undefined)
    assert.equal(JSON.stringify(patched), '{"__proto__":{"x":1}}')
  })
})

const tree = fc.letrec(tie => ({
  value: fc.oneof({ maxDepth: 3 }, fc.integer({ max: 3, min: 0 }), fc.constant(null), tie('object')),
  object: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value')),
})).object

describe('laws', () => {
  it('a patch twice is a patch once', () => {
    fc.assert(
      fc.property(tree, tree, (original, patch) => {
        const once = applyMergePatch(original, patch)
        assert.equal(applyMergePatch(once, patch), once)
      }),
    )
  })

  it('agrees with the definition', () => {
    const define = (target: unknown, patch: unknown): unknown => {
      if (typeof patch !== 'object' || patch === null) return patch
      const result: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {}
      for (const [key, value] of Object.entries(patch)) {
        if (value === null) delete result[key]
        else result[key] = define(result[key], value)
      }
      return result
    }
    fc.assert(
      fc.property(tree, tree, (original, patch) =>
        jsonEqual(applyMergePatch(original, patch), define(original, patch)),
      ),
    )
  })
})
