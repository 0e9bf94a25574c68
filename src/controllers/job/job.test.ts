import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Job } from '../../api/batch/v1/index.js'
import type { Pod } from '../../api/core/v1/index.js'
import { Backoffs } from './backoffs.js'
import { readIndexes, writeIndexes } from './index-set.js'
import { podFor } from './job-pods.js'
import { outcomeOf } from './outcome.js'
import { planPods } from './plan.js'
import { judgeFailure } from './pod-failure-policy.js'
import { tally } from './tally.js'

const job = (spec: object = {}, status: object = {}): Job =>
  ({
    metadata: { namespace: 'ns', name: 'j', uid: 'j' },
    spec: {
      parallelism: 2,
      completions: 3,
      backoffLimit: 6,
      template: { spec: { containers: [], restartPolicy: 'Never' } },
      ...spec,
    },
    status,
  }) as unknown as Job

const pod = (
  name: string,
  phase = 'Running',
  rest: { index?: number; failures?: number; free?: boolean; deleted?: boolean; code?: number } = {},
): Pod =>
  ({
    metadata: {
      namespace: 'ns',
      name,
      uid: name,
      ...(rest.free ? {} : { finalizers: ['batch.kubernetes.io/job-tracking'] }),
      ...(rest.deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
      annotations: {
        ...(rest.index === undefined ? {} : { 'batch.kubernetes.io/job-completion-index': String(rest.index) }),
        ...(rest.failures === undefined
          ? {}
          : { 'batch.kubernetes.io/job-index-failure-count': String(rest.failures) }),
      },
    },
    spec: { containers: [] },
    status: {
      phase,
      ...(rest.code === undefined
        ? {}
        : { containerStatuses: [{ name: 'c', restartCount: 0, state: { terminated: { exitCode: rest.code } } }] }),
    },
  }) as unknown as Pod

describe('completion indexes', () => {
  for (const [indexes, text] of [
    [[], ''],
    [[3], '3'],
    [[0, 1], '0,1'],
    [[4, 2, 3, 7], '2-4,7'],
    [[0, 1, 3, 5, 6, 7], '0,1,3,5-7'],
  ] as const)
    it(`${text || 'none'}`, () => {
      assert.equal(writeIndexes(indexes), text)
      assert.deepEqual([...readIndexes(text)], [...indexes].sort())
    })
})

describe('counting pods', () => {
  it('writes an end down, then counts it once the pod is let go, exactly once', () => {
    const first = tally(job(), [pod('a', 'Succeeded'), pod('b')], 'no')
    assert.deepEqual(first.uncounted, { succeeded: ['a'], failed: [] })
    assert.deepEqual([first.succeeded, first.counted.succeeded, first.active.length], [1, 0, 1])
    const status = { uncountedTerminatedPods: first.uncounted }
    const held = tally(job({}, status), [pod('a', 'Succeeded'), pod('b')], 'no')
    assert.deepEqual([held.succeeded, held.counted.succeeded, held.released.length], [1, 0, 1])
    const free = tally(job({}, status), [pod('a', 'Succeeded', { free: true }), pod('b')], 'no')
    assert.deepEqual([free.succeeded, free.counted.succeeded, free.uncounted.succeeded], [1, 1, []])
    const gone = tally(job({}, { succeeded: 1 }), [pod('b')], 'no')
    assert.deepEqual([gone.succeeded, gone.counted.succeeded], [1, 1])
  })

  it('counts a deleted pod as failed, unless the job waits for its end', () => {
    const deleted = [pod('a', 'Running', { deleted: true })]
    assert.equal(tally(job(), deleted, 'no').failed, 1)
    assert.equal(tally(job({ podReplacementPolicy: 'Failed' }), deleted, 'no').failed, 0)
  })

  it('keeps the last failed pod of an index until its successor knows of it', () => {
    const spec = { completionMode: 'Indexed', backoffLimitPerIndex: 2 }
    const failed = pod('a', 'Failed', { index: 0, failures: 0 })
    const alone = tally(job(spec), [failed], 'no')
    assert.deepEqual([alone.released.length, alone.failures.get(0)?.counted], [0, 1])
    const followed = tally(job(spec), [failed, pod('b', 'Running', { index: 0, failures: 1 })], 'no')
    assert.deepEqual(
      followed.released.map(({ metadata }) => metadata.name),
      ['a'],
    )
    const last = tally(job(spec), [pod('c', 'Failed', { index: 0, failures: 2 })], 'no')
    assert.deepEqual([[...last.failedIndexes], last.released.length], [[0], 1])
  })
})

describe('failure policies', () => {
  const rules = [
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    { action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } },
    { action: 'FailIndex', onExitCodes: { operator: 'NotIn', values: [1, 2] } },
  ]
  const withRules = job({ podFailurePolicy: { rules } })
  const cases: readonly [number, string, string][] = [
    [42, 'FailJob', 'Container c for pod ns/p failed with exit code 42 matching FailJob rule at index 1'],
    [9, 'FailIndex', 'Container c for pod ns/p failed with exit code 9 matching FailIndex rule at index 2'],
    [1, 'Count', ''],
  ]
  for (const [code, action, message] of cases)
    it(`exit code ${code}`, () =>
      assert.deepEqual(judgeFailure(withRules, pod('p', 'Failed', { code })), { action, message }))
})

describe('how jobs end', () => {
  const now = Date.parse('2026-01-01T01:00:00Z')
  const ended = (spec: object, pods: readonly Pod[], status: object = {}) =>
    outcomeOf(job(spec, status), tally(job(spec, status), pods, 'no'), now)?.reason
  const succeeded = (count: number, indexed = false) =>
    Array.from({ length: count }, (_, i) => pod(`p${i}`, 'Succeeded', indexed ? { index: i } : {}))
  const indexed = { completionMode: 'Indexed' }
  const cases: readonly [string, string | undefined, object, readonly Pod[], object?][] = [
    ['not yet', undefined, {}, succeeded(2)],
    ['complete', 'CompletionsReached', {}, succeeded(3)],
    ['any success', 'CompletionsReached', { completions: undefined }, succeeded(1)],
    ['while others run', undefined, { completions: undefined }, [...succeeded(1), pod('b')]],
    ['too many failures', 'BackoffLimitExceeded', { backoffLimit: 0 }, [pod('a', 'Failed')]],
    ['too late', 'DeadlineExceeded', { activeDeadlineSeconds: 60 }, [], { startTime: '2026-01-01T00:00:00Z' }],
    ['all indexes', 'CompletionsReached', indexed, succeeded(3, true)],
    [
      'enough indexes',
      'SuccessPolicy',
      { ...indexed, successPolicy: { rules: [{ succeededIndexes: '0' }] } },
      succeeded(1, true),
    ],
    [
      'failed indexes',
      'FailedIndexes',
      { ...indexed, completions: 2, backoffLimitPerIndex: 0 },
      [...succeeded(1, true), pod('f', 'Failed', { index: 1 })],
    ],
    [
      'too many failed indexes',
      'MaxFailedIndexesExceeded',
      { ...indexed, backoffLimitPerIndex: 0, maxFailedIndexes: 0 },
      [pod('f', 'Failed', { index: 1 })],
    ],
  ]
  for (const [name, reason, spec, pods, status] of cases)
    it(name, () => assert.equal(ended(spec, pods, status), reason))
})

describe('planning pods', () => {
  const plan = (spec: object, pods: readonly Pod[], status: object = {}) => {
    const { doomed, missing, indexes } = planPods(job(spec, status), tally(job(spec, status), pods, 'no'), false)
    return [doomed.map(({ metadata }) => metadata.name), missing, indexes]
  }
  it('makes as many as may run', () => assert.deepEqual(plan({}, []), [[], 2, []]))
  it('makes no more than are left', () => assert.deepEqual(plan({}, [pod('a')], { succeeded: 2 }), [[], 0, []]))
  it('removes surplus', () => assert.equal(plan({ parallelism: 1 }, [pod('a'), pod('b')])[1], 0))
  it('removes all of a suspended job', () => assert.deepEqual(plan({ suspend: true }, [pod('a')]), [['a'], 0, []]))
  it('waits for what terminates', () =>
    assert.deepEqual(plan({ podReplacementPolicy: 'Failed' }, [pod('a', 'Running', { deleted: true })])[1], 1))
  it('fills in indexes, and removes twins', () =>
    assert.deepEqual(
      plan({ completionMode: 'Indexed', parallelism: 3 }, [
        pod('a', 'Running', { index: 1 }),
        pod('b', 'Running', { index: 1 }),
      ]),
      [['a'], 2, [0, 2]],
    ))
})

it('waits longer with each failure, until one succeeds', () => {
  const backoffs = new Backoffs()
  backoffs.note('j', [1000], [])
  assert.equal(backoffs.remaining('j', 1000), 10_000)
  backoffs.note('j', [2000], [])
  assert.equal(backoffs.remaining('j', 2000), 20_000)
  backoffs.note('j', [], [3000])
  assert.equal(backoffs.remaining('j', 3000), 0)
})

describe('when a pod ended', () => {
  const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`
  const ended = (second: number) => ({ state: { terminated: { exitCode: 1, finishedAt: at(second) } } })
  const unready = { type: 'Ready', status: 'False', lastTransitionTime: at(20) }
  const deleted = { deletionTimestamp: at(40), deletionGracePeriodSeconds: 30 }
  const cases: readonly (readonly [what: string, metadata: object, status: object, second: number])[] = [
    ['its last container', {}, { containerStatuses: [ended(5), ended(7)], conditions: [unready] }, 7],
    ['no longer ready', deleted, { containerStatuses: [ended(5), { state: {} }], conditions: [unready] }, 20],
    ['deleted', deleted, {}, 10],
    ['nothing is known', {}, {}, 1],
  ]
  for (const [what, metadata, status, second] of cases)
    it(what, () => {
      const one = pod('a', 'Failed')
      const failed = {
        ...one,
        metadata: { ...one.metadata, creationTimestamp: at(1), ...metadata },
        status: { ...one.status, ...status },
      } as unknown as Pod
      assert.deepEqual(tally(job(), [failed], 'no').failedAt, [Date.parse(at(second))])
    })
})

describe('indexes that fail', () => {
  const spec = {
    ...{ completionMode: 'Indexed', backoffLimitPerIndex: 2 },
    podFailurePolicy: { rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [7] } }] },
  }

  it('wait by themselves, the longer the more often, ignored failures included', () => {
    const once = tally(job(spec), [pod('a', 'Failed', { index: 0, code: 1 })], 'no').failures
    assert.deepEqual(once.get(0), { counted: 1, ignored: 0, retryAt: 10_000 })
    const twice = tally(job(spec), [pod('b', 'Failed', { index: 0, failures: 1, code: 7 })], 'no').failures
    assert.deepEqual(twice.get(0), { counted: 1, ignored: 1, retryAt: 20_000 })
    assert.equal(twice.get(1), undefined)
  })

  it('are told of by the next pod', () => {
    const { metadata } = podFor(job(spec), 0, { counted: 1, ignored: 2 })
    assert.deepEqual(metadata?.annotations, {
      'batch.kubernetes.io/job-completion-index': '0',
      'batch.kubernetes.io/job-index-failure-count': '1',
      'batch.kubernetes.io/job-index-ignored-failure-count': '2',
    })
  })
})

it('pods of an index are named after it, however long the name of their job is', () => {
  const long = { ...job({ completionMode: 'Indexed' }), metadata: { name: 'j'.repeat(63) } } as unknown as Job
  assert.equal(podFor(long, 12).metadata?.generateName, `${'j'.repeat(54)}-12-`)
})
