import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JSONSchemaProps } from '../v1/index.js'
import { followPath } from './field-path.js'

const schema: JSONSchemaProps = {
  type: 'object',
  properties: {
    spec: { type: 'object', properties: { "a.b'c": { type: 'string' }, n: { type: 'integer' } } },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
  },
}

describe('paths of fields', () => {
  const cases: readonly (readonly [path: string, found: string])[] = [
    ['.spec.n', 'spec.n integer'],
    ["['spec'].n", 'spec.n integer'],
    [".spec['a.b\\'c']", "spec.a.b'c string"],
    ['.labels.any', 'labels.any string'],
    ['spec', 'expected [ or . but got: spec'],
    ['.spec.z', 'does not refer to a valid field'],
    ['.spec.n.z', 'does not refer to a valid field'],
    ['.spec.', 'unexpected end of JSON path'],
    ['.spec[n]', 'expected single quoted string but got n'],
    [".spec['n'.x", 'expected ] but got .'],
  ]
  for (const [path, expected] of cases)
    it(path, () => {
      const found = followPath(path, schema)
      assert.equal('why' in found ? found.why : `${found.steps.join('.')} ${found.schema?.type}`, expected)
    })

  it('have no brackets where they may not', () =>
    assert.deepEqual(followPath(".spec['n']", schema, false), { why: 'array notation is not allowed' }))
})
