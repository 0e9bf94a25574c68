import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { outdated, type Plan, planOf, revisionsOf } from './plan.js'
import { deployment, replicaSet } from './test-objects.js'

const updates = ({ updates }: Plan): Record<string, number | undefined> =>
  Object.fromEntries(updates.map(({ to }) => [to.metadata.name, to.spec.replicas]))

const recreate = { spec: { strategy: { type: 'Recreate' } } } as const

describe('plan', () => {
  test('the newest set is the one with the present template, whenever it was made', () => {
    const sets = [
      replicaSet('b', { image: 'app:3', replicas: 1, created: 2 }),
      replicaSet('c', { image: 'app:2', replicas: 1, created: 3 }),
      replicaSet('a', { image: 'app:2', replicas: 1, created: 1 }),
    ]
    const { newest, old } = revisionsOf(deployment({ image: 'app:2' }), sets)
    assert.equal(newest?.metadata.name, 'a')
    assert.deepEqual(
      old.map(({ metadata }) => metadata.name),
      ['b', 'c'],
    )
  })

  test('makes a set for a new template, labelled and owned', () => {
    const given = deployment({
      metadata: {
        namespace: 'ns',
        name: 'web',
        uid: 'd',
        annotations: { team: 'a', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
      },
    })
    const { create } = planOf(given, revisionsOf(given, []), false)
    const hash = create?.metadata?.labels?.['pod-template-hash'] ?? ''
    assert.equal(create?.metadata?.name, `web-${hash}`)
    assert.deepEqual(create?.metadata?.labels, { app: 'web', 'pod-template-hash': hash })
    assert.deepEqual(create?.metadata?.annotations, {
      team: 'a',
      'deployment.kubernetes.io/revision': '1',
      'deployment.kubernetes.io/desired-replicas': '10',
      'deployment.kubernetes.io/max-replicas': '13',
    })
    assert.deepEqual(create?.metadata?.ownerReferences, [
      { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'd', controller: true, blockOwnerDeletion: true },
    ])
    assert.deepEqual(create?.spec?.selector, { matchLabels: { app: 'web', 'pod-template-hash': hash } })
    assert.equal(create?.spec?.template?.metadata?.labels?.['pod-template-hash'], hash)
    assert.equal(create?.spec?.replicas, 10)
  })

  test('Recreate: first the old ones go, then their pods, then comes the new one', () => {
    const given = deployment(recreate)
    const old = (replicas: number) => revisionsOf(given, [replicaSet('old', { replicas })])
    const first = planOf(given, old(10), true)
    assert.deepEqual([updates(first), first.create], [{ old: 0 }, undefined])
    const second = planOf(given, old(0), true)
    assert.deepEqual([updates(second), second.create], [{}, undefined])
    const third = planOf(given, old(0), false)
    assert.equal(third.create?.spec?.replicas, 10)
  })

  test('paused: no new set, no rollout, but scaling', () => {
    const given = deployment({ replicas: 20, spec: { paused: true } })
    const plan = planOf(given, revisionsOf(given, [replicaSet('old', { replicas: 10, desired: 10, max: 13 })]), true)
    assert.deepEqual([updates(plan), plan.create, plan.rollsOut], [{ old: 20 }, undefined, false])
  })

  test('on its way out: nothing', () => {
    const given = deployment({
      metadata: { namespace: 'ns', name: 'web', uid: 'd', deletionTimestamp: '2026-01-01T00:00:00Z' },
    })
    assert.deepEqual(planOf(given, revisionsOf(given, []), false), {
      create: undefined,
      updates: [],
      deletions: [],
      rollsOut: false,
    })
  })

  test('a template that comes back becomes the newest revision, and remembers the one it was', () => {
    const given = deployment({
      replicas: 1,
      maxSurge: 1,
      maxUnavailable: 0,
      image: 'app:1',
      metadata: { namespace: 'ns', name: 'web', uid: 'd', annotations: { why: 'undo' } },
    })
    const back = replicaSet('a', {
      image: 'app:1',
      replicas: 0,
      revision: 3,
      annotations: { 'deployment.kubernetes.io/revision-history': '1' },
    })
    const other = replicaSet('b', { image: 'app:2', replicas: 1, revision: 4, created: 1 })
    const [update] = planOf(given, revisionsOf(given, [back, other]), true).updates
    assert.deepEqual(update?.to.metadata.annotations, {
      why: 'undo',
      'deployment.kubernetes.io/revision': '5',
      'deployment.kubernetes.io/revision-history': '1,3',
      'deployment.kubernetes.io/desired-replicas': '1',
      'deployment.kubernetes.io/max-replicas': '2',
    })
  })

  test('annotations and minReadySeconds are handed down without a new revision', () => {
    const given = deployment({ replicas: 1, spec: { minReadySeconds: 5 } })
    const set = replicaSet('a', { image: 'app:2', replicas: 1, desired: 1, max: 2, revision: 1 })
    const [update] = planOf(given, revisionsOf(given, [set]), false).updates
    assert.equal(update?.to.spec.minReadySeconds, 5)
    assert.equal(update?.to.metadata.annotations?.['deployment.kubernetes.io/revision'], '1')
    const again = update ? planOf(given, revisionsOf(given, [update.to]), false).updates : undefined
    assert.deepEqual(again, [], 'and then nothing more')
  })

  test('history: the oldest revisions go, never one with pods or not looked at yet', () => {
    const sets = [
      replicaSet('r1', { replicas: 0, revision: 1 }),
      replicaSet('r4', { replicas: 0, revision: 4 }),
      replicaSet('r2', { replicas: 1, revision: 2 }),
      replicaSet('r3', { replicas: 0, revision: 3, status: { observedGeneration: 0 } }),
      replicaSet('r5', { replicas: 0, revision: 5 }),
    ]
    const table: [number | undefined, string[]][] = [
      [undefined, []],
      [2 ** 31 - 1, []],
      [10, []],
      [4, ['r1']],
      [1, ['r1', 'r4']],
      [0, ['r1', 'r4', 'r5']],
    ]
    for (const [limit, expected] of table) {
      const given = deployment({ spec: limit === undefined ? {} : { revisionHistoryLimit: limit } })
      assert.deepEqual(
        outdated(given, sets).map(({ metadata }) => metadata.name),
        expected,
        `limit ${limit}`,
      )
    }
  })
})
