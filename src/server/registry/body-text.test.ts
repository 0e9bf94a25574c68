import assert from 'node:assert/strict'
import { test } from 'node:test'
import { yamlToJson } from './body-text.js'

/** What takes a library a long time, much room, or all of its stack, though the text is small. */
const cases: [what: string, text: string, why: RegExp][] = [
  ['deep lists', '['.repeat(251) + ']'.repeat(251), /exceeded max depth/],
  ['deep maps', '{a: '.repeat(100_000), /exceeded max depth/],
  ['deep blocks', '- '.repeat(100_000), /exceeded max depth/],
  ['deep keys', '? '.repeat(100_000), /exceeded max depth/],
  ['many words', '- x\n'.repeat(300_000), /document is too large/],
  ['many faults', '}'.repeat(1_000_000), /did not find expected node content/],
  ['many faults in a list', `[${','.repeat(200_000)}`, /did not find expected node content/],
  ['many anchors', Array.from({ length: 10_001 }, (_, i) => `- &a${i} x`).join('\n'), /excessive aliasing/],
  ['many aliases', `a: &a x\nb: [${'*a,'.repeat(1001)}]`, /excessive aliasing/],
  ['many tags', '- !a x\n'.repeat(1001), /too many tags/],
]
for (const [what, text, why] of cases)
  test(`YAML of ${what} is refused`, () =>
    assert.throws(() => yamlToJson(text), {
      message: new RegExp(`^yaml: .*${why.source}`),
    }))

test('what is large or deep, but not too much so, is read', () => {
  const keys = Array.from({ length: 20_000 }, (_, i) => `k${i}: v`).join('\n')
  const { json, duplicates } = yamlToJson(`${keys}\nk7: w`)
  assert.equal(JSON.parse(json).k7, 'w')
  assert.deepEqual(duplicates, ['line 20001: key "k7" already set in map'])
  assert.equal(yamlToJson('['.repeat(250) + ']'.repeat(250)).json, '['.repeat(250) + ']'.repeat(250))
  assert.equal(yamlToJson('a: &a {x: 1}\nb: {<<: *a, c: *a}').json, '{"a":{"x":1},"b":{"x":1,"c":{"x":1}}}')
})
