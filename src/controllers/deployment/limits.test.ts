import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rolloutLimits } from './limits.js'
import { deployment } from './test-objects.js'

test('surge is rounded up, unavailability down, and never are both 0', () => {
  const table: [number, number | string, number | string, number, number][] = [
    // replicas, maxSurge, maxUnavailable -> surge, unavailable
    [10, '25%', '25%', 3, 2],
    [4, '25%', '25%', 1, 1],
    [2, '25%', '25%', 1, 0],
    [1, '25%', '25%', 1, 0],
    [10, 0, 1, 0, 1],
    [10, 5, 0, 5, 0],
    [10, 0, 0, 0, 1],
    [1, '0%', '10%', 0, 1],
    [5, '100%', '100%', 5, 5],
    [3, 0, 9, 0, 3],
    [0, '25%', '25%', 0, 0],
  ]
  for (const [replicas, maxSurge, maxUnavailable, surge, unavailable] of table)
    assert.deepEqual(
      rolloutLimits(deployment({ replicas, maxSurge, maxUnavailable })),
      { maxSurge: surge, maxUnavailable: unavailable },
      `${replicas} replicas, surge ${maxSurge}, unavailable ${maxUnavailable}`,
    )
  assert.deepEqual(rolloutLimits(deployment({ spec: { strategy: { type: 'Recreate' } } })), {
    maxSurge: 0,
    maxUnavailable: 0,
  })
})
