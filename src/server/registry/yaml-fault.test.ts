import assert from 'node:assert/strict'
import { test } from 'node:test'
import { yamlToJson } from './body-text.js'

const flowList = "did not find expected ',' or ']'"
const values = 'mapping values are not allowed in this context'

test('what is wrong with YAML is said as upstream says it', () => {
  for (const [text, expected] of [
    ['a: [b', `line 1: ${flowList}`],
    ['a: [b\n', `line 1: ${flowList}`],
    ['a: {b: 1', "line 1: did not find expected ',' or '}'"],
    ['key: [a, b\nother: c', `line 1: ${flowList}`],
    ['a: b: c', values],
    ['x: y\na: b: c', `line 2: ${values}`],
    ['a: b\n  c: d', `line 2: ${values}`],
    ['x\ny: z', `line 2: ${values}`],
    ['a: "b', 'found unexpected end of stream'],
    ['a: "b\n', 'line 2: found unexpected end of stream'],
    ['a:\n  - b\n c: d', 'line 2: did not find expected key'],
    ['- a\nb: c', "line 1: did not find expected '-' indicator"],
    ['a: b\nc', "line 3: could not find expected ':'"],
    ['a: b\nc\nd: e', "line 3: could not find expected ':'"],
    ['\ta: b', 'found character that cannot start any token'],
    ['x:\n\ta: b', 'line 2: found character that cannot start any token'],
    ['a: b\n\tc: d', 'line 2: found a tab character that violates indentation'],
    ['x: y\na: @x', 'line 2: found character that cannot start any token'],
    ['a: *x', "unknown anchor 'x' referenced"],
    ['}', 'did not find expected node content'],
    ['a: "\u0001"', 'control characters are not allowed'],
  ] as const)
    assert.throws(() => yamlToJson(text), { message: `yaml: ${expected}` }, text)
})

test('of several documents the first one counts', () => {
  assert.equal(yamlToJson('a: 1\n---\nb: 2\n').json, '{"a":1}')
})
