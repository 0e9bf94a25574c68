import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Deployment, DeploymentStatus } from '../../api/apps/v1/index.js'
import { conditionOf, pausedCondition, untilDeadline } from './conditions.js'
import { revisionsOf } from './plan.js'
import { countedStatus, rolloutStatus } from './status.js'
import { condition, deployment, replicaSet } from './test-objects.js'

const now = Date.UTC(2026, 0, 1, 0, 1)

const progress = (status: DeploymentStatus): (string | undefined)[] => {
  const found = conditionOf(status.conditions, 'Progressing')
  return [found?.status, found?.reason, found?.message, found?.lastTransitionTime ?? undefined]
}

const rollout = (given: Deployment, ...sets: Parameters<typeof replicaSet>[]) =>
  rolloutStatus(
    given,
    revisionsOf(
      given,
      sets.map(set => replicaSet(...set)),
    ),
    given.status.conditions ?? [],
    now,
  )

describe('deployment status', () => {
  test('counts what its replica sets count', () => {
    const given = deployment({ image: 'new' })
    const status = countedStatus(
      given,
      revisionsOf(given, [
        replicaSet('old', { replicas: 8, available: 7, status: { terminatingReplicas: 1 } }),
        replicaSet('new', { replicas: 5, available: 2, status: { replicas: 4 } }),
      ]),
      [],
      now,
    )
    const { conditions, ...counts } = status
    assert.deepEqual(counts, {
      observedGeneration: 1,
      replicas: 12,
      updatedReplicas: 4,
      readyReplicas: 9,
      availableReplicas: 9,
      unavailableReplicas: 4,
      terminatingReplicas: 1,
    })
    assert.equal(conditionOf(conditions, 'Available')?.reason, 'MinimumReplicasAvailable')
  })

  test('is available as long as enough pods are', () => {
    for (const [available, expected] of [
      [8, 'True'],
      [7, 'False'],
    ] as const) {
      const given = deployment({ image: 'new' })
      const status = countedStatus(given, revisionsOf(given, [replicaSet('new', { replicas: 10, available })]), [], now)
      assert.equal(conditionOf(status.conditions, 'Available')?.status, expected)
    }
  })

  test('how a rollout is getting on', () => {
    const before = '2026-01-01T00:00:00Z'
    const at = '2026-01-01T00:01:00Z'
    const started = [condition('Progressing', 'True', 'NewReplicaSetCreated')]
    const table: [string, DeploymentStatus, Parameters<typeof replicaSet>[], ReturnType<typeof progress>][] = [
      [
        'done',
        { conditions: started },
        [['new', { replicas: 10 }]],
        ['True', 'NewReplicaSetAvailable', 'ReplicaSet "new" has successfully progressed.', before],
      ],
      [
        'moving',
        { conditions: started, updatedReplicas: 1 },
        [
          ['new', { replicas: 3, available: 0 }],
          ['old', { replicas: 8 }],
        ],
        ['True', 'ReplicaSetUpdated', 'ReplicaSet "new" is progressing.', before],
      ],
      [
        'standing, in time',
        { conditions: started, replicas: 3, updatedReplicas: 3 },
        [['new', { replicas: 3, available: 0 }]],
        ['True', 'NewReplicaSetCreated', '', before],
      ],
      [
        'standing for too long',
        {
          conditions: [condition('Progressing', 'True', 'ReplicaSetUpdated', '2025-12-31T23:50:59Z')],
          replicas: 3,
          updatedReplicas: 3,
        },
        [['new', { replicas: 3, available: 0 }]],
        ['False', 'ProgressDeadlineExceeded', 'ReplicaSet "new" has timed out progressing.', at],
      ],
      [
        'done once, and a pod failed since',
        {
          conditions: [condition('Progressing', 'True', 'NewReplicaSetAvailable')],
          replicas: 10,
          updatedReplicas: 10,
          availableReplicas: 10,
        },
        [['new', { replicas: 10, available: 5 }]],
        ['True', 'NewReplicaSetAvailable', '', before],
      ],
      [
        'late, but then done after all',
        { conditions: [condition('Progressing', 'False', 'ProgressDeadlineExceeded')] },
        [['new', { replicas: 10 }]],
        ['True', 'NewReplicaSetAvailable', 'ReplicaSet "new" has successfully progressed.', at],
      ],
    ]
    for (const [what, status, sets, expected] of table)
      assert.deepEqual(progress(rollout(deployment({ image: 'new', status }), ...sets)), expected, what)
  })

  test('without a deadline nothing is said of progress', () => {
    for (const progressDeadlineSeconds of [2 ** 31 - 1, undefined] as const) {
      const { progressDeadlineSeconds: _, ...spec } = deployment().spec
      const given: Deployment = {
        ...deployment({ status: { conditions: [condition('Progressing', 'True', 'ReplicaSetUpdated')] } }),
        spec: { ...spec, ...(progressDeadlineSeconds ? { progressDeadlineSeconds } : {}) },
      }
      assert.equal(conditionOf(rollout(given, ['app:2', { replicas: 1 }]).conditions, 'Progressing'), undefined)
    }
  })

  test("what fails its replica set is the deployment's failure, too, until it is over", () => {
    const failing = {
      conditions: [
        { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota', lastTransitionTime: null },
      ],
    }
    const given = deployment({ image: 'new' })
    const failed = rollout(given, ['new', { replicas: 10, available: 0, status: failing }])
    const { status, reason, message } = conditionOf(failed.conditions, 'ReplicaFailure') ?? {}
    assert.deepEqual([status, reason, message], ['True', 'FailedCreate', 'quota'])
    const over = rollout(deployment({ image: 'new', status: failed }), ['new', { replicas: 10 }])
    assert.equal(conditionOf(over.conditions, 'ReplicaFailure'), undefined)
  })

  test('an unchanged state gives an unchanged status', () => {
    const given = deployment({ image: 'new' })
    const once = rollout(given, ['new', { replicas: 10 }])
    const twice = rollout(deployment({ image: 'new', status: once }), ['new', { replicas: 10 }])
    assert.deepEqual(twice, once)
  })

  test('pausing and resuming', () => {
    const table: [string, boolean, string | undefined, string | undefined][] = [
      ['paused', true, 'ReplicaSetUpdated', 'DeploymentPaused'],
      ['still paused', true, 'DeploymentPaused', 'DeploymentPaused'],
      ['resumed', false, 'DeploymentPaused', 'DeploymentResumed'],
      ['not paused', false, 'ReplicaSetUpdated', 'ReplicaSetUpdated'],
      ['what went wrong stays', true, 'ProgressDeadlineExceeded', 'ProgressDeadlineExceeded'],
      ['paused from the first', true, undefined, 'DeploymentPaused'],
    ]
    for (const [what, paused, before, after] of table) {
      const conditions = before ? [condition('Progressing', 'True', before)] : []
      const given = deployment({ spec: { paused }, status: { conditions } })
      assert.equal(conditionOf(pausedCondition(given, conditions, now), 'Progressing')?.reason, after, what)
    }
  })

  test('when to look again', () => {
    const table: [string, Deployment, number | undefined][] = [
      [
        'in time',
        deployment({ status: { conditions: [condition('Progressing', 'True', 'ReplicaSetUpdated')] } }),
        540_000,
      ],
      [
        'done',
        deployment({ status: { conditions: [condition('Progressing', 'True', 'NewReplicaSetAvailable')] } }),
        undefined,
      ],
      [
        'late',
        deployment({ status: { conditions: [condition('Progressing', 'False', 'ProgressDeadlineExceeded')] } }),
        undefined,
      ],
      [
        'paused',
        deployment({
          spec: { paused: true },
          status: { conditions: [condition('Progressing', 'True', 'ReplicaSetUpdated')] },
        }),
        undefined,
      ],
      ['nothing said yet', deployment(), undefined],
    ]
    for (const [what, given, expected] of table)
      assert.equal(untilDeadline(given, given.status.conditions ?? [], now), expected, what)
  })
})
