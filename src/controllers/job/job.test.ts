import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Job } from '../../api/batch/v1/index.js'
import type { Pod } from '../../api/core/v1/index.js'
import { Backoffs } from './backoffs.js'
import { readIndexes, writeIndexes } from './index-set.js'
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
    const first = tally(job(), [pod('a', 'Succeeded'), pod('b')], 'no', 0)
    assert.deepEqual(first.uncounted, { succeeded: ['a'], failed: [] })
    assert.deepEqual([first.succeeded, first.counted.succeeded, first.active.length], [1, 0, 1])
    const status = { uncountedTerminatedPods: first.uncounted }
    const held = tally(job({}, status), [pod('a', 'Succeeded'), pod('b')], 'no', 0)
    assert.deepEqual([held.succeeded, held.counted.succeeded, held.released.length], [1, 0, 1])
    const free = tally(job({}, status), [pod('a', 'Succeeded', { free: true }), pod('b')], 'no', 0)
    assert.deepEqual([free.succeeded, free.counted.succeeded, free.uncounted.succeeded], [1, 1, []])
    const gone = tally(job({}, { succeeded: 1 }), [pod('b')], 'no', 0)
    assert.deepEqual([gone.succeeded, gone.counted.succeeded], [1, 1])
  })

  it('counts a deleted pod as failed, unless the job waits for its end', () => {
    const deleted = [pod('a', 'Running', { deleted: true })]
    assert.equal(tally(job(), deleted, 'no', 0).failed, 1)
    assert.equal(tally(job({ podReplacementPolicy: 'Failed' }), deleted, 'no', 0).failed, 0)
  })

  it('keeps the last failed pod of an index until its successor knows of it', () => {
    const spec = { completionMode: 'Indexed', backoffLimitPerIndex: 2 }
    const failed = pod('a', 'Failed', { index: 0, failures: 0 })
    const alone = tally(job(spec), [failed], 'no', 0)
    assert.deepEqual([alone.released.length, alone.failures.get(0)], [0, 1])
    const followed = tally(job(spec), [failed, pod('b', 'Running', { index: 0, failures: 1 })], 'no', 0)
    assert.deepEqual(
      followed.released.map(({ metadata }) => metadata.name),
      ['a'],
    )
    const last = tally(job(spec), [pod('c', 'Failed', { index: 0, failures: 2 })], 'no', 0)
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
    outcomeOf(job(spec, status), tally(job(spec, status), pods, 'no', now), now)?.reason
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
    const { doomed, missing, indexes } = planPods(job(spec, status), tally(job(spec, status), pods, 'no', 0), false)
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
