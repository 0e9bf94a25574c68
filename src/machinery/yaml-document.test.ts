import assert from 'node:assert/strict'
import { test } from 'node:test'
import { yamlValue } from './yaml-document.js'

test('a configuration is read', () => {
  assert.deepEqual(yamlValue('a: &x {b: 1}\nc: [*x, yes, 0o17]'), { a: { b: 1 }, c: [{ b: 1 }, 'yes', 15] })
  assert.equal(yamlValue(''), null)
})

const laughs = ['a0: &a0 [x, x]', ...Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)]
for (const [what, text, why] of [
  ['repeated keys', 'a: 1\nb: 2\na: 3', /^Error: line 3: a key stands twice$/],
  ['a billion laughs', laughs.join('\n'), /alias/],
  ['an alias of itself', 'a: &a [*a]', /circular/],
  ['depth', '['.repeat(100_000), /exceeded max depth/],
  ['no YAML', 'a: [', /Flow sequence/],
] as const)
  test(`a configuration of ${what} is refused`, () => assert.throws(() => yamlValue(text), why))
