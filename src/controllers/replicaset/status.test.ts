import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ReplicaSet } from '../../api/apps/v1/index.js'
import { testPod } from '../test-pods.js'
import { observeReplicas } from './status.js'

const now = Date.parse('2026-01-01T00:10:00Z')

const set = (minReadySeconds = 0, status: ReplicaSet['status'] = { replicas: 0 }): ReplicaSet => ({
  metadata: { namespace: 'ns', name: 'web', uid: 'web', generation: 3 },
  spec: {
    replicas: 3,
    minReadySeconds,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web', tier: 'front' } }, spec: { containers: [] } },
  },
  status,
})

describe('replica set status', () => {
  test('counts its pods', () => {
    const pods = [
      testPod('ready', { labels: { app: 'web', tier: 'front', more: 'x' }, ready: '2026-01-01T00:09:00Z' }),
      testPod('not ready', { labels: { app: 'web', tier: 'front' } }),
      testPod('other tier', { labels: { app: 'web' }, ready: '2026-01-01T00:00:00Z' }),
      testPod('leaving', { labels: { app: 'web', tier: 'front' }, deleted: true, ready: '2026-01-01T00:00:00Z' }),
      testPod('ended', { labels: { app: 'web', tier: 'front' }, phase: 'Failed' }),
      testPod('ended and leaving', { labels: { app: 'web', tier: 'front' }, phase: 'Succeeded', deleted: true }),
    ]
    assert.deepEqual(observeReplicas(set(), pods, undefined, now), {
      status: {
        replicas: 3,
        fullyLabeledReplicas: 2,
        readyReplicas: 2,
        availableReplicas: 2,
        terminatingReplicas: 1,
        observedGeneration: 3,
      },
      nextAvailable: undefined,
    })
  })

  test('pods are available when they have been ready for long enough', () => {
    const pods = [
      testPod('long', { ready: '2026-01-01T00:08:00Z' }),
      testPod('soon', { ready: '2026-01-01T00:09:10Z' }),
      testPod('later', { ready: '2026-01-01T00:09:50Z' }),
    ]
    const { status, nextAvailable } = observeReplicas(set(60), pods, undefined, now)
    assert.deepEqual([status.readyReplicas, status.availableReplicas, nextAvailable], [3, 1, 10_000])
  })

  test('a failure is told, not told again, and taken back', () => {
    const failure = { reason: 'FailedCreate', message: 'exceeded quota' } as const
    const first = observeReplicas(set(), [], failure, now).status
    assert.deepEqual(first.conditions, [
      {
        type: 'ReplicaFailure',
        status: 'True',
        lastTransitionTime: '2026-01-01T00:10:00Z',
        reason: 'FailedCreate',
        message: 'exceeded quota',
      },
    ])
    const again = set(0, first)
    assert.deepEqual(observeReplicas(again, [], { ...failure, message: 'other words' }, now + 60_000).status, first)
    assert.equal(observeReplicas(again, [], undefined, now).status.conditions, undefined)
  })
})
