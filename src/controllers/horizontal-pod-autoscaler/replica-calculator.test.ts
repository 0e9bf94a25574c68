import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../../api/core/v1/index.js'
import type { PodMetric } from './pod-groups.js'
import {
  type MeasuredPods,
  replicasForAverage,
  replicasForShare,
  replicasForUtilization,
  replicasForValue,
} from './replica-calculator.js'

const now = Date.parse('2026-01-01T12:00:00Z')
const at = (secondsAgo: number): string => new Date(now - secondsAgo * 1000).toISOString()
const periods = { cpuInitialization: 120_000, initialReadinessDelay: 10_000 }
const tolerances = { scaleUp: 0.1, scaleDown: 0.1 }

type Kind = 'ready' | 'unready' | 'pending' | 'failed' | 'deleted' | 'starting' | 'fresh'

/** A pod of a kind, that requests so many thousandths of a core. */
function podOf(name: string, kind: Kind, request: number): Pod {
  const ready = kind === 'ready' || kind === 'fresh' || kind === 'deleted'
  const started = kind === 'starting' || kind === 'fresh' ? 60 : 600
  const changed = kind === 'fresh' ? 20 : kind === 'unready' ? 598 : kind === 'starting' ? 59 : 300
  return {
    metadata: { name, ...(kind === 'deleted' ? { deletionTimestamp: at(1) } : {}) },
    spec: { containers: [{ name: 'c', resources: { requests: { cpu: `${request}m` } } }] },
    status: {
      phase: kind === 'pending' ? 'Pending' : kind === 'failed' ? 'Failed' : 'Running',
      startTime: at(started),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: at(changed) }],
    },
  } as unknown as Pod
}

interface Case {
  readonly name: string
  readonly replicas: number
  /** All ready if it is not said. */
  readonly kinds?: readonly Kind[]
  /** Thousandths that the pods use; nothing is known of one if undefined. */
  readonly used: readonly (number | undefined)[]
  readonly request?: number
  readonly target: number
  readonly up?: number
  readonly down?: number
  readonly expected: number | RegExp
  readonly utilization?: number
  readonly usage?: number
}

function measuredOf({ replicas, kinds, used, request = 1000, up, down }: Case): MeasuredPods {
  const pods = used.map((_, index) => podOf(`p${index}`, kinds?.[index] ?? 'ready', request))
  const metrics = new Map<string, PodMetric>()
  used.forEach((value, index) => {
    if (value !== undefined) metrics.set(`p${index}`, { value, time: now - 5000, window: 30_000 })
  })
  const own = { scaleUp: up ?? tolerances.scaleUp, scaleDown: down ?? tolerances.scaleDown }
  return { pods, metrics, replicas, tolerances: own, periods, now }
}

function check(one: Case, propose: () => { replicas: number; utilization?: number; usage: number }): void {
  if (one.expected instanceof RegExp) {
    assert.throws(propose, one.expected)
    return
  }
  const proposal = propose()
  assert.equal(proposal.replicas, one.expected)
  if (one.utilization !== undefined) assert.equal(proposal.utilization, one.utilization)
  if (one.usage !== undefined) assert.equal(proposal.usage, one.usage)
}

describe('utilization of what pods request', () => {
  const cases: readonly Case[] = [
    { name: 'asks for more', replicas: 3, used: [300, 500, 700], target: 30, expected: 5, utilization: 50, usage: 500 },
    { name: 'asks for fewer', replicas: 5, used: [100, 300, 500, 250, 250], target: 50, expected: 3, utilization: 28 },
    { name: 'within tolerance asks for the same', replicas: 3, used: [1010, 1030, 1020], target: 100, expected: 3 },
    {
      name: 'outside a tolerance of its own asks for more',
      replicas: 3,
      used: [1010, 1030, 1020],
      target: 100,
      up: 0.01,
      expected: 4,
    },
    {
      name: 'within a wide tolerance upwards stays',
      replicas: 3,
      used: [1150, 1150, 1150],
      target: 100,
      up: 0.2,
      expected: 3,
    },
    {
      name: 'outside a narrow tolerance downwards asks for fewer',
      replicas: 3,
      used: [950, 950, 50],
      target: 100,
      down: 0,
      expected: 2,
    },
    {
      name: 'counts unready pods as idle when it asks for more',
      replicas: 3,
      kinds: ['unready', 'ready', 'ready'],
      used: [100, 500, 700],
      target: 30,
      expected: 4,
      utilization: 60,
    },
    {
      name: 'of new pods is not believed',
      replicas: 3,
      kinds: ['ready', 'fresh', 'fresh'],
      used: [300, 500, 700],
      target: 30,
      expected: 3,
      utilization: 30,
    },
    {
      name: 'does not ask for more when unready pods would turn it round',
      replicas: 3,
      kinds: ['ready', 'unready', 'unready'],
      used: [400, 500, 700],
      target: 30,
      expected: 3,
      utilization: 40,
    },
    {
      name: 'leaves failed pods out',
      replicas: 2,
      kinds: ['failed', 'ready', 'ready'],
      used: [undefined, 500, 700],
      target: 50,
      expected: 3,
    },
    {
      name: 'leaves pods on their way out out',
      replicas: 2,
      kinds: ['deleted', 'ready', 'ready'],
      used: [100, 500, 700],
      target: 50,
      expected: 3,
      utilization: 60,
    },
    {
      name: 'of pods without metrics is all of their request when it asks for fewer',
      replicas: 4,
      used: [400, 400, 400, undefined],
      target: 100,
      expected: 3,
    },
    {
      name: 'of pods without metrics is the target where that is more',
      replicas: 4,
      used: [400, 400, 400, undefined],
      target: 200,
      expected: 2,
    },
    {
      name: 'of pods without metrics is nothing when it asks for more',
      replicas: 2,
      used: [1000, undefined],
      target: 20,
      expected: 5,
    },
    {
      name: 'of pods without metrics does not turn it round',
      replicas: 4,
      used: [900, undefined, undefined, undefined],
      target: 50,
      expected: 4,
    },
    {
      name: 'with missing and unready pods asks for what is sure',
      replicas: 3,
      kinds: ['unready', 'ready', 'ready'],
      used: [100, 450, undefined],
      target: 20,
      expected: 3,
    },
    {
      name: 'is never so that a fewer of more asks for more',
      replicas: 2,
      kinds: ['ready', 'ready', 'ready', 'ready'],
      used: [200, 200, 200, undefined],
      target: 80,
      expected: 2,
    },
    {
      name: 'of nobody is an error',
      replicas: 3,
      used: [],
      target: 50,
      expected: /^Error: no pods returned by selector while calculating replica count$/,
    },
    {
      name: 'of pods that all have no metrics is an error',
      replicas: 3,
      used: [undefined, undefined],
      target: 50,
      expected: /^Error: did not receive metrics for targeted pods \(pods might be unready\)$/,
    },
    {
      name: 'of pods that are all unready is an error',
      replicas: 1,
      kinds: ['starting'],
      used: [500],
      target: 50,
      expected: /did not receive metrics/,
    },
    {
      name: 'of pods that request nothing is an error',
      replicas: 1,
      used: [500],
      request: 0,
      target: 50,
      expected: /^Error: no metrics returned matched known pods$/,
    },
  ]
  for (const one of cases)
    it(one.name, () => check(one, () => replicasForUtilization(measuredOf(one), 'cpu', one.target)))

  it('cannot be told of containers that do not say what they request', () => {
    const one = measuredOf({ name: '', replicas: 1, used: [1], target: 1, expected: 1 })
    const message = 'missing request for memory in container c of Pod p0'
    assert.throws(() => replicasForUtilization(one, 'memory', 50), { message })
    assert.throws(() => replicasForUtilization({ ...one, metrics: new Map() }, 'cpu', 50), /did not receive/)
  })

  it('counts what the pod as a whole requests, and one container where that is asked', () => {
    const [pod] = measuredOf({ name: '', replicas: 1, used: [1], target: 1, expected: 1 }).pods
    assert.ok(pod)
    const whole = { ...pod, spec: { ...pod.spec, resources: { requests: { cpu: '2' } } } } as Pod
    const metrics = new Map([['p0', { value: 1000, time: now, window: 1 }]])
    const measured = { pods: [whole], metrics, replicas: 1, tolerances, periods, now }
    assert.equal(replicasForUtilization(measured, 'cpu', 50).utilization, 50)
    assert.equal(replicasForUtilization(measured, 'cpu', 50, 'c').utilization, 100)
  })
})

describe('an average of pods', () => {
  const cases: readonly Case[] = [
    { name: 'asks for more', replicas: 3, used: [20_000, 10_000, 30_000], target: 15_000, expected: 4, usage: 20_000 },
    {
      name: 'asks for fewer',
      replicas: 5,
      used: [12_000, 12_000, 12_000, 12_000, 12_000],
      target: 20_000,
      expected: 3,
    },
    {
      name: 'within tolerance asks for the same',
      replicas: 3,
      used: [20_000, 21_000, 21_000],
      target: 20_000,
      expected: 3,
    },
    {
      name: 'takes pods without metrics to be at the target when it asks for fewer',
      replicas: 3,
      used: [400_000, 50_000, undefined],
      target: 500_000,
      expected: 2,
    },
    {
      name: 'takes pods without metrics to be idle when it asks for more',
      replicas: 3,
      used: [50_000, 15_000, undefined],
      target: 10_000,
      expected: 7,
    },
    {
      name: 'takes pending pods to be idle when it asks for more',
      replicas: 3,
      kinds: ['pending', 'ready', 'ready'],
      used: [undefined, 50_000, 15_000],
      target: 15_000,
      expected: 5,
    },
    {
      name: 'believes unready pods',
      replicas: 3,
      kinds: ['unready', 'ready', 'ready'],
      used: [50_000, 15_000, 30_000],
      target: 15_000,
      expected: 7,
    },
  ]
  for (const one of cases) it(one.name, () => check(one, () => replicasForAverage(measuredOf(one), one.target)))
})

describe('a value that all pods share', () => {
  const ready = (count: number) =>
    measuredOf({ name: '', replicas: 1, used: Array<number>(count).fill(0), target: 1, expected: 1 }).pods
  const cases: readonly (readonly [name: string, usage: number, replicas: number, pods: number, expected: number])[] = [
    ['asks for more', 20_000, 3, 3, 4],
    ['asks for fewer', 5000, 4, 4, 2],
    ['within tolerance asks for the same', 16_000, 3, 3, 3],
    ['counts pods that are ready, not those that are wanted', 30_000, 5, 3, 6],
    ['brings something out of nothing', 30_000, 0, 0, 2],
    ['asks for nothing where nothing is measured', 0, 3, 3, 0],
    ['leaves nothing where nothing is measured', 0, 0, 0, 0],
  ]
  for (const [name, usage, replicas, pods, expected] of cases)
    it(name, () =>
      assert.deepEqual(replicasForValue(usage, 15_000, { pods: ready(pods), replicas, tolerances }), {
        replicas: expected,
        usage,
      }),
    )
  it('cannot be divided among nobody', () =>
    assert.throws(() => replicasForValue(1, 15_000, { pods: [], replicas: 1, tolerances }), {
      message: 'unable to calculate ready pods: no pods returned by selector while calculating replica count',
    }))
})

describe('a share of each pod', () => {
  const cases: readonly (readonly [name: string, usage: number, present: number, replicas: number, each: number])[] = [
    ['asks for more', 20_000, 3, 5, 6667],
    ['asks for fewer', 20_000, 10, 5, 2000],
    ['within tolerance asks for the same', 12_400, 3, 3, 4134],
    ['brings something out of nothing', 8600, 0, 3, 0],
    ['asks for nothing where nothing is measured', 0, 3, 0, 0],
  ]
  for (const [name, usage, present, replicas, each] of cases)
    it(name, () => assert.deepEqual(replicasForShare(usage, 4000, { present, tolerances }), { replicas, usage: each }))
})
