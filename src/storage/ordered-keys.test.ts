import assert from 'node:assert/strict'
import { it } from 'node:test'
import { compareKeys } from './keys.js'
import { OrderedKeys } from './ordered-keys.js'

it('keys compare as their bytes of UTF-8 do', () => {
  const keys = [
    '',
    'a',
    'aa',
    'b',
    'é',
    '\u07ff',
    '\u0800',
    '\ud7ff',
    '\ue000',
    '\uffff',
    '\u{10000}',
    '\u{10ffff}',
    'a\u{1f600}',
    'a\uff5e',
  ]
  for (const a of keys) {
    for (const b of keys) {
      assert.equal(Math.sign(compareKeys(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)), `${a} and ${b}`)
    }
  }
})

for (const [order, index] of [
  ['rising', (i: number) => i],
  ['falling', (i: number) => 4999 - i],
  ['scattered', (i: number) => (i * 2741) % 5000],
] as const) {
  it(`keys added in ${order} order are walked, counted and removed in order`, () => {
    const keys = new OrderedKeys()
    const name = (i: number) => `/${i % 5}/${String(i).padStart(5, '0')}`
    for (let i = 0; i < 5000; i++) keys.add(name(index(i)))
    const sorted = Array.from({ length: 5000 }, (_, i) => name(i)).sort()
    assert.deepEqual([...keys.from('')], sorted)
    for (const at of [0, 1, 999, 1000, 2500, 4999]) {
      const key = sorted[at] as string
      assert.deepEqual([...keys.from(key)], sorted.slice(at))
      assert.deepEqual([...keys.from(key, true)], sorted.slice(at + 1))
      assert.equal(keys.countAfter(key, ''), 4999 - at)
      assert.equal(keys.countAfter(key, key.slice(0, 3)), 999 - (at % 1000))
    }
    assert.deepEqual([...keys.from('~')], [])
    assert.equal(keys.countAfter('/2/', '/2/'), 1000)
    const removed = new Set<string>()
    for (let i = 0; i < 5000; i += 2) removed.add(name(index(i)))
    for (const key of removed) keys.delete(key)
    keys.delete('/absent')
    const left = sorted.filter(key => !removed.has(key))
    assert.deepEqual([...keys.from('')], left)
    assert.equal(keys.size, 2500)
    for (const key of left) keys.delete(key)
    assert.deepEqual([...keys.from('')], [])
    keys.add('/again')
    assert.deepEqual([...keys.from('')], ['/again'])
  })
}

it('keys of any characters stand in the order of their bytes, whenever they come', () => {
  const plain = ['/a/x', '/a/é', '/a/\u0800', '/a/\ud7ff', '/b']
  const high = ['/a/\u{1f600}', '/a/\uff5e', '/a/x\u{10000}']
  const keys = new OrderedKeys()
  for (const key of plain) keys.add(key)
  assert.deepEqual([...keys.from('/a/\uff5e')], ['/b'])
  for (const key of high) keys.add(key)
  const sorted = [...plain, ...high].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  assert.deepEqual([...keys.from('')], sorted)
  for (const [i, key] of sorted.entries()) assert.equal(keys.countAfter(key, ''), sorted.length - 1 - i)
})
