import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodes } from './nodes.js'

test('the features of a node are in order, each once, and called as features are', () => {
  for (const [declaredFeatures, expected] of [
    [['A', 'B/c'], []],
    [['B', 'A'], ['status.declaredFeatures[1]: Invalid value: "A": list must be sorted alphabetically']],
    [['A', 'A'], ['status.declaredFeatures[1]: Duplicate value: "A"']],
    [
      ['a-b'],
      [
        'status.declaredFeatures[0]: Invalid value: "a-b": invalid feature name "a-b": must start with an UpperCamelCase segment, with subsequent segments separated by \'/\' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes',
      ],
    ],
  ] as const) {
    const node = { metadata: { name: 'n' }, spec: {}, status: { declaredFeatures } }
    const errors = nodes.strategy.validate?.(node as never) ?? []
    assert.deepEqual(
      errors.map(({ field, message }) => `${field}: ${message}`),
      expected,
    )
  }
})
