import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MetricSpec } from '../../api/autoscaling/v2/index.js'
import type { Pod } from '../../api/core/v1/index.js'
import { evaluateMetric, MetricFailure, type Target } from './metric-evaluation.js'
import type { MetricSources } from './metric-sources.js'

const now = Date.parse('2026-01-01T12:00:00Z')
const pod = {
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1', memory: '100' } } }] },
  status: {
    phase: 'Running',
    startTime: '2026-01-01T00:00:00Z',
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:10Z' }],
  },
} as unknown as Pod
const target: Target = {
  pods: [pod],
  replicas: 1,
  present: 1,
  selection: { namespace: 'n', selector: 'app=a' },
  tolerances: { scaleUp: 0.1, scaleDown: 0.1 },
  periods: { cpuInitialization: 300_000, initialReadinessDelay: 30_000 },
  now,
}
const ofPods = async () => new Map([['p', { value: 2000, time: now, window: 15_000 }]])
const sources: MetricSources = {
  resource: ofPods,
  pods: ofPods,
  object: async () => 20_000,
  external: async () => 30_000,
}
const broken = async () => {
  throw new Error('no answer')
}
const none: MetricSources = { resource: broken, pods: broken, object: broken, external: broken }

const selector = {
  matchLabels: { b: '2', a: '1' },
  matchExpressions: [{ key: 'c', operator: 'In', values: ['x', 'y'] }],
}
const selectorShown =
  '&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:c,Operator:In,Values:[x y],},},}'
const describedObject = { kind: 'Service', name: 's', apiVersion: 'v1' }
const utilization = { type: 'Utilization', averageUtilization: 100 }
const average = (averageValue: string) => ({ type: 'AverageValue', averageValue })
const value = (wanted: string) => ({ type: 'Value', value: wanted })

interface Case {
  readonly spec: MetricSpec
  readonly replicas: number
  readonly name: string
  readonly current: object
  /** What is said when its source does not answer: the reason, the detail, and what is said of all metrics. */
  readonly failure: readonly [reason: string, detail: string, message: string]
}

const cases: readonly Case[] = [
  {
    spec: { type: 'Resource', resource: { name: 'cpu', target: utilization } },
    replicas: 2,
    name: 'cpu resource utilization (percentage of request)',
    current: { averageValue: '2', averageUtilization: 200 },
    failure: [
      'FailedGetResourceMetric',
      'failed to get cpu utilization: unable to get metrics for resource cpu: no answer',
      'failed to get cpu resource metric value: failed to get cpu utilization: unable to get metrics for resource cpu: no answer',
    ],
  },
  {
    spec: { type: 'Resource', resource: { name: 'memory', target: average('500m') } },
    replicas: 4,
    name: 'memory resource',
    current: { averageValue: '2' },
    failure: [
      'FailedGetResourceMetric',
      'failed to get memory usage: unable to get metrics for resource memory: no answer',
      'failed to get memory resource metric value: failed to get memory usage: unable to get metrics for resource memory: no answer',
    ],
  },
  {
    spec: { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'c', target: utilization } },
    replicas: 2,
    name: 'cpu container resource utilization (percentage of request)',
    current: { averageValue: '2', averageUtilization: 200 },
    failure: [
      'FailedGetContainerResourceMetric',
      'failed to get cpu utilization: unable to get metrics for resource cpu: no answer',
      'failed to get c container metric value: failed to get cpu utilization: unable to get metrics for resource cpu: no answer',
    ],
  },
  {
    spec: { type: 'Pods', pods: { metric: { name: 'qps' }, target: average('1') } },
    replicas: 2,
    name: 'pods metric qps',
    current: { averageValue: '2' },
    failure: [
      'FailedGetPodsMetric',
      'unable to get metric qps: no answer',
      'failed to get pods metric value: unable to get metric qps: no answer',
    ],
  },
  {
    spec: { type: 'Object', object: { metric: { name: 'hits' }, describedObject, target: value('10') } },
    replicas: 2,
    name: 'Service metric hits',
    current: { value: '20' },
    failure: [
      'FailedGetObjectMetric',
      'unable to get metric hits: Service on n s/no answer',
      'failed to get object metric value: unable to get metric hits: Service on n s/no answer',
    ],
  },
  {
    spec: { type: 'Object', object: { metric: { name: 'hits' }, describedObject, target: average('5') } },
    replicas: 4,
    name: 'external metric hits(nil)',
    current: { averageValue: '20' },
    failure: [
      'FailedGetObjectMetric',
      'unable to get metric hits: Service on n s/no answer',
      'failed to get object metric value: failed to get hits object metric: unable to get metric hits: Service on n s/no answer',
    ],
  },
  {
    spec: { type: 'External', external: { metric: { name: 'queue', selector }, target: value('10') } },
    replicas: 3,
    name: `external metric queue(${selectorShown})`,
    current: { value: '30' },
    failure: [
      'FailedGetExternalMetric',
      `unable to get external metric n/queue/${selectorShown}: no answer`,
      `failed to get queue external metric value: failed to get external metric queue: unable to get external metric n/queue/${selectorShown}: no answer`,
    ],
  },
  {
    spec: { type: 'External', external: { metric: { name: 'queue' }, target: average('15') } },
    replicas: 2,
    name: 'external metric queue(nil)',
    current: { averageValue: '30' },
    failure: [
      'FailedGetExternalMetric',
      'unable to get external metric n/queue/nil: no answer',
      'failed to get queue external metric value: failed to get queue external metric: unable to get external metric n/queue/nil: no answer',
    ],
  },
]

describe('metrics', () => {
  for (const { spec, replicas, name, current, failure } of cases) {
    it(name, async () => {
      const found = await evaluateMetric(spec, target, sources)
      assert.deepEqual([found.replicas, found.name], [replicas, name])
      const { status } = found
      const inner = status.resource ?? status.containerResource ?? status.pods ?? status.object ?? status.external
      assert.deepEqual([status.type, inner?.current], [spec.type, current])
    })
    it(`${name}, which cannot be had`, () =>
      assert.rejects(evaluateMetric(spec, target, none), (error: unknown) => {
        assert.ok(error instanceof MetricFailure)
        assert.deepEqual([error.reason, error.detail, error.message], failure)
        return true
      }))
  }

  it('of unknown types are refused', () =>
    assert.rejects(evaluateMetric({ type: 'Odd' }, target, sources), { reason: 'InvalidMetricSourceType' }))
})
