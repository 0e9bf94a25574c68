import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Pod } from '../../api/core/v1/index.js'
import { excessPods } from './terminated-pods.js'

const pod = (name: string, created: string, status: Pod['status'] = { phase: 'Succeeded' }): Pod =>
  ({ metadata: { name, creationTimestamp: created }, spec: {}, status }) as unknown as Pod

const pods = [
  pod('young', '2026-01-03T00:00:00Z'),
  pod('old-b', '2026-01-01T00:00:00Z'),
  pod('old-a', '2026-01-01T00:00:00Z', { phase: 'Failed' }),
  pod('evicted', '2026-01-02T00:00:00Z', { phase: 'Failed', reason: 'Evicted' }),
]

describe('pods that have ended', () => {
  for (const [threshold, expected] of [
    [4, ''],
    [10, ''],
    [3, 'evicted'],
    [2, 'evicted old-a'],
    [1, 'evicted old-a old-b'],
    [0, 'evicted old-a old-b young'],
  ] as const)
    test(`when ${threshold} of ${pods.length} may be kept: ${expected || 'none goes'}`, () => {
      const excess = excessPods(pods, threshold)
      assert.equal(excess.map(({ metadata }) => metadata.name).join(' '), expected)
    })
})
