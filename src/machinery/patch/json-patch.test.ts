import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { applyJsonPatch } from './json-patch.js'

const original = { data: { a: '1', b: '2' }, list: [1, 2, 3], nested: { list: [{ x: 1 }] } }

describe('operations', () => {
  const cases: [string, unknown[], unknown][] = [
    ['add a field', [{ op: 'add', path: '/data/c', value: '3' }], { ...original, data: { a: '1', b: '2', c: '3' } }],
    ['add over a field', [{ op: 'add', path: '/data/a', value: null }], { ...original, data: { a: null, b: '2' } }],
    ['add to a list', [{ op: 'add', path: '/list/1', value: 9 }], { ...original, list: [1, 9, 2, 3] }],
    ['append', [{ op: 'add', path: '/list/-', value: 9 }], { ...original, list: [1, 2, 3, 9] }],
    ['add at the end', [{ op: 'add', path: '/list/3', value: 9 }], { ...original, list: [1, 2, 3, 9] }],
    ['count from the end', [{ op: 'remove', path: '/list/-1' }], { ...original, list: [1, 2] }],
    ['remove', [{ op: 'remove', path: '/data/a' }], { ...original, data: { b: '2' } }],
    ['replace', [{ op: 'replace', path: '/list/0', value: 7 }], { ...original, list: [7, 2, 3] }],
    [
      'replace nothing',
      [{ op: 'replace', path: '/data/z', value: '7' }],
      { ...original, data: { a: '1', b: '2', z: '7' } },
    ],
    ['copy', [{ op: 'copy', from: '/data/a', path: '/data/z' }], { ...original, data: { a: '1', b: '2', z: '1' } }],
    [
      'copy nothing',
      [{ op: 'copy', from: '/data/q', path: '/data/z' }],
      { ...original, data: { a: '1', b: '2', z: null } },
    ],
    ['move', [{ op: 'move', from: '/data/a', path: '/data/z' }], { ...original, data: { b: '2', z: '1' } }],
    ['move in a list', [{ op: 'move', from: '/list/0', path: '/list/-' }], { ...original, list: [2, 3, 1] }],
    ['test', [{ op: 'test', path: '/nested', value: { list: [{ x: 1 }] } }], original],
    ['test nothing', [{ op: 'test', path: '/data/q', value: null }], original],
    [
      'escapes',
      [{ op: 'add', path: '/data/x~1y~0z~01', value: 1 }],
      { ...original, data: { a: '1', b: '2', 'x/y~z~1': 1 } },
    ],
    ['the whole document', [{ op: 'replace', path: '', value: { a: 1 } }], { a: 1 }],
    ['an empty name', [{ op: 'add', path: '/data/', value: 1 }], { ...original, data: { a: '1', b: '2', '': 1 } }],
    ['nothing', [], original],
  ]
  for (const [name, patch, expected] of cases) {
    it(name, () => {
      const before = structuredClone(original)
      assert.deepEqual(applyJsonPatch(original, patch), expected)
      assert.deepEqual(original, before)
    })
  }

  it('shares what does not change', () => {
    const patched = applyJsonPatch(original, [{ op: 'replace', path: '/data/a', value: '5' }]) as typeof original
    assert.equal(patched.nested, original.nested)
    assert.equal(applyJsonPatch(original, []), original)
  })
})

describe('faults', () => {
  const refused: [string, unknown[]][] = [
    ['test fails', [{ op: 'test', path: '/data/a', value: '0' }]],
    ['remove nothing', [{ op: 'remove', path: '/data/zz' }]],
    ['add below nothing', [{ op: 'add', path: '/nope/zz', value: 1 }]],
    ['move nothing', [{ op: 'move', from: '/data/zz', path: '/data/y' }]],
    ['unknown operation', [{ op: 'swap', path: '/data/a', value: '1' }]],
    ['beyond the list', [{ op: 'add', path: '/list/4', value: 1 }]],
    ['no position', [{ op: 'add', path: '/list/x', value: 1 }]],
    ['replace beyond the list', [{ op: 'replace', path: '/list/3', value: 1 }]],
    ['through a scalar', [{ op: 'add', path: '/data/a/b', value: 1 }]],
    ['no path', [{ op: 'remove' }]],
    ['no value', [{ op: 'add', path: '/data/q' }]],
    ['no pointer', [{ op: 'remove', path: 'data' }]],
    ['inherited names', [{ op: 'remove', path: '/constructor' }]],
  ]
  for (const [name, patch] of refused) {
    it(name, () => {
      assert.throws(() => applyJsonPatch(original, patch), {
        code: 422,
        reason: 'Invalid',
        message: 'the server rejected our request due to an error in our request',
        details: {},
      })
    })
  }

  const malformed: [unknown, number, string][] = [
    [
      { op: 'add' },
      400,
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    ],
    ['x', 400, 'error decoding patch: json: cannot unmarshal string into Go value of type []handlers.jsonPatchOp'],
    [[1], 400, 'error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp'],
    [
      [{ op: 1 }],
      400,
      'error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string',
    ],
    [
      Array(10_001).fill({}),
      413,
      'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    ],
  ]
  for (const [patch, code, message] of malformed) {
    it(message.slice(0, 60), () => assert.throws(() => applyJsonPatch(original, patch), { code, message }))
  }

  it('does not let copies multiply without end', () => {
    const bomb = Array.from({ length: 40 }, () => ({ op: 'copy', from: '/list', path: '/list/-' }))
    assert.throws(() => applyJsonPatch(original, bomb), { code: 422 })
  })

  it('changes neither the original nor what was copied from it', () => {
    const before = { a: { list: [1] }, same: {} }
    const frozen = JSON.stringify(before)
    const value = { x: 1 }
    const patched = applyJsonPatch(before, [
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'add', path: '/a/list/-', value: 2 },
      { op: 'add', path: '/b/list/0', value: 0 },
      { op: 'add', path: '/c', value },
      { op: 'add', path: '/c/y', value: 2 },
      { op: 'move', from: '/a', path: '/d' },
      { op: 'add', path: '/d/list/-', value: 3 },
    ]) as { same: object }
    assert.deepEqual(patched, { b: { list: [0, 1] }, c: { x: 1, y: 2 }, d: { list: [1, 2, 3] }, same: {} })
    assert.equal(patched.same, before.same)
    assert.equal(JSON.stringify(before), frozen)
    assert.deepEqual(value, { x: 1 })
  })

  it('copies what it changes once, however often it does', () => {
    const list = Array(300_000).fill(0)
    const longer = Array.from({ length: 10_000 }, () => ({ op: 'add', path: '/list/-', value: 1 }))
    assert.equal((applyJsonPatch({ list }, longer) as { list: unknown[] }).list.length, 310_000)
    assert.equal(list.length, 300_000)
  })
})
