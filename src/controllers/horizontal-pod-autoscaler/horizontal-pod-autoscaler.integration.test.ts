import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { CustomResourceDefinition } from '../../api/apiextensions/v1/index.js'
import { ReplicaSet } from '../../api/apps/v1/index.js'
import { HorizontalPodAutoscaler, type HorizontalPodAutoscalerInit } from '../../api/autoscaling/v2/index.js'
import { Event, Pod } from '../../api/core/v1/index.js'
import type { PodMetrics } from '../../api/metrics/v1beta1/index.js'
import { untypedKind } from '../../client/discovery.js'
import { runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { ManualClock, rfc3339 } from '../../machinery/clock.js'
import { MetricsRegistry } from '../../machinery/metrics/index.js'
import type { ApiObject } from '../../machinery/object.js'
import { eventually } from '../eventually.js'
import { replicaSets } from '../replicaset/replica-set.js'
import { type BareControlPlane, bareControlPlane } from '../test-control-plane.js'
import { horizontalPodAutoscalers } from './horizontal-pod-autoscaler.js'

const hour = 3_600_000
const namespace = 'scaled'

/** Thousandths of a core that each pod of an application uses. */
const load = new Map<string, number>()
/** Pods that are there, by the application they belong to. */
const running = new Map<string, readonly string[]>()

const metricsOf = (clock: ManualClock): PodMetrics[] =>
  [...running].flatMap(([app, names]) => {
    const used = load.get(app)
    return used === undefined
      ? []
      : names.map(name => ({
          kind: 'PodMetrics',
          apiVersion: 'metrics.k8s.io/v1beta1',
          metadata: { name, namespace, labels: { app } } as unknown as PodMetrics['metadata'],
          timestamp: rfc3339(clock.now()),
          window: '15s',
          containers: [
            { name: 'c', usage: { cpu: `${used}m`, memory: '10Mi' } },
            { name: 'side', usage: { cpu: '0', memory: '1Mi' } },
          ],
        }))
  })

describe('autoscaling', () => {
  const clock = new ManualClock(Date.now())
  const registry = new MetricsRegistry()
  let plane: BareControlPlane
  let count = 0
  let app = ''

  before(async () => {
    const resourceMetrics = { nodes: () => [], pods: () => metricsOf(clock) }
    plane = await bareControlPlane(bare => ControlPlane.start({ ...bare, resourceMetrics }))
    await plane.namespace(namespace)
    const { client, informers, onError } = plane
    plane.use(runControllers([replicaSets], { client, informers, onError }))
    const autoscaling = horizontalPodAutoscalers({}, registry)
    plane.use(runControllers([autoscaling], { client, informers, clock, onError }))
  })
  after(async () => {
    await plane[Symbol.asyncDispose]()
    assert.deepEqual(plane.faults.map(String), [])
  })
  beforeEach(() => {
    app = `app${count++}`
  })

  const create = (spec: Partial<HorizontalPodAutoscalerInit['spec']> & { readonly maxReplicas: number }, name = app) =>
    plane.client.create(HorizontalPodAutoscaler, {
      metadata: { namespace, name },
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: app }, ...spec },
    })
  const autoscaler = (name = app) => plane.client.get(HorizontalPodAutoscaler, { namespace, name })
  const condition = async (type: string, name = app) => {
    const found = (await autoscaler(name)).status.conditions?.find(one => one.type === type)
    return found && `${found.status} ${found.reason}: ${found.message}`
  }
  const conditionIs = (type: string, expected: string, name = app) =>
    eventually(async () => assert.equal(await condition(type, name), expected))
  const eventIs = (expected: string, name = app) =>
    eventually(async () => {
      const { items } = await plane.client.list(Event, { namespace })
      const found = items.filter(({ involvedObject }) => involvedObject.name === name)
      assert.ok(
        found.some(({ type, reason, message }) => `${type} ${reason}: ${message}` === expected),
        JSON.stringify(found.map(({ reason, message }) => [reason, message])),
      )
    })
  /** A replica set of so many pods, that all run. */
  const start = async (replicas: number): Promise<void> => {
    const labels = { app }
    const containers = ['c', 'side'].map(name => ({
      name,
      image: 'x',
      resources: { requests: { cpu: name === 'c' ? '100m' : '0' } },
    }))
    await plane.client.create(ReplicaSet, {
      metadata: { namespace, name: app },
      spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
    })
    await ready(replicas)
  }
  /** Makes all pods run, once there are so many. */
  const ready = (replicas: number, ofApp = app): Promise<void> =>
    eventually(async () => {
      const { items } = await plane.client.list(Pod, { namespace, labelSelector: `app=${ofApp}` })
      assert.equal(items.length, replicas)
      const startTime = rfc3339(clock.now() - hour)
      const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: startTime }]
      for (const { metadata, status } of items)
        if (status.phase !== 'Running') {
          const body = { status: { phase: 'Running', startTime, conditions } }
          await plane.client.patch(Pod, metadata, { type: 'merge', body }, { subresource: 'status' })
        }
      const seen = plane.informers.list(Pod, { namespace, matches: labels => labels['app'] === ofApp })
      assert.equal(seen.filter(({ status }) => status.phase === 'Running').length, replicas)
      running.set(
        ofApp,
        items.map(({ metadata }) => metadata.name ?? ''),
      )
    })
  const replicas = async () => (await plane.client.get(ReplicaSet, { namespace, name: app })).spec.replicas
  const replicasAre = (expected: number) => eventually(async () => assert.equal(await replicas(), expected))

  it('follows the load up at once, and down when recommendations have been low for five minutes', async () => {
    load.set(app, 150)
    await start(2)
    await create({ minReplicas: 1, maxReplicas: 8 })
    await replicasAre(4)
    await eventIs(
      'Normal SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target',
    )
    await conditionIs('ScalingLimited', 'False DesiredWithinRange: the desired count is within the acceptable range')
    await conditionIs(
      'ScalingActive',
      'True ValidMetricFound: the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)',
    )
    await conditionIs(
      'AbleToScale',
      'True SucceededRescale: the HPA controller was able to update the target scale to 4',
    )
    const { status } = await autoscaler()
    assert.deepEqual(status.currentMetrics, [
      { type: 'Resource', resource: { name: 'cpu', current: { averageValue: '150m', averageUtilization: 150 } } },
    ])
    assert.deepEqual([status.currentReplicas, status.desiredReplicas], [2, 4])
    assert.equal(status.lastScaleTime, rfc3339(clock.now()))

    await ready(4)
    load.set(app, 20)
    clock.advance(15_000)
    await conditionIs(
      'AbleToScale',
      'True ScaleDownStabilized: recent recommendations were higher than current one, applying the highest recent recommendation',
    )
    assert.equal(await replicas(), 4)
    for (let waited = 0; waited <= 5 * 60_000; waited += 60_000) {
      clock.advance(60_000)
      await eventually(async () => assert.equal((await autoscaler()).status.currentReplicas, 4))
    }
    await replicasAre(1)
    await eventIs('Normal SuccessfulRescale: New size: 1; reason: All metrics below target')
    const counted = registry.text()
    assert.match(
      counted,
      /^horizontal_pod_autoscaler_controller_reconciliations_total\{action="scale_up",error="none"\} 1$/m,
    )
    assert.match(
      counted,
      /^horizontal_pod_autoscaler_controller_metric_computation_total\{action="scale_down",error="none",metric_type="Resource"\} \d+$/m,
    )
  })

  it('obeys its own rules', async () => {
    load.set(app, 200)
    await start(2)
    await create({
      maxReplicas: 20,
      behavior: {
        scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
        scaleDown: { stabilizationWindowSeconds: 0 },
      },
    })
    await replicasAre(3)
    await ready(3)
    clock.advance(15_000)
    await conditionIs(
      'ScalingLimited',
      'True ScaleUpLimit: the desired replica count is increasing faster than the maximum scale rate',
    )
    assert.equal(await replicas(), 3)
    clock.advance(60_000)
    await replicasAre(4)
    await ready(4)
    load.set(app, 1)
    clock.advance(15_000)
    await replicasAre(1)
  })

  it('asks for the most that any metric wants, and takes nothing away while one cannot be told', async () => {
    load.set(app, 40)
    await start(3)
    const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }
    const memory = (averageValue: string) => ({
      type: 'ContainerResource',
      containerResource: { name: 'memory', container: 'side', target: { type: 'AverageValue', averageValue } },
    })
    const queue = { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '5' } } }
    await create({ maxReplicas: 10, metrics: [cpu, queue] })
    await conditionIs(
      'ScalingActive',
      'False FailedGetExternalMetric: the HPA was unable to compute the replica count: unable to get external metric scaled/queue/nil: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)',
    )
    await eventIs(
      'Warning FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 2), first error is: failed to get queue external metric value: failed to get external metric queue: unable to get external metric scaled/queue/nil: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)',
    )
    assert.deepEqual((await autoscaler()).status.currentMetrics?.[1], { type: '' })
    assert.equal(await replicas(), 3)
    const metrics = [cpu, queue, memory('512Ki')]
    await plane.client.patch(
      HorizontalPodAutoscaler,
      { namespace, name: app },
      { type: 'merge', body: { spec: { metrics } } },
    )
    await replicasAre(6)
  })

  it('does nothing while a target is switched off, and keeps to its bounds', async () => {
    load.set(app, 100)
    await start(0)
    await create({ minReplicas: 2, maxReplicas: 3 })
    await conditionIs(
      'ScalingActive',
      'False ScalingDisabled: scaling is disabled since the replica count of the target is zero',
    )
    const scaleTo = (wanted: number) =>
      plane.client.patch(ReplicaSet, { namespace, name: app }, { type: 'merge', body: { spec: { replicas: wanted } } })
    await scaleTo(1)
    await ready(1)
    clock.advance(15_000)
    await replicasAre(2)
    await eventIs('Normal SuccessfulRescale: New size: 2; reason: Current number of replicas below Spec.MinReplicas')
    await scaleTo(5)
    await ready(5)
    clock.advance(15_000)
    await replicasAre(3)
    await eventIs('Normal SuccessfulRescale: New size: 3; reason: Current number of replicas above Spec.MaxReplicas')
  })

  it('says what it cannot scale', async () => {
    await create({ maxReplicas: 3 })
    const why = `replicasets.apps "${app}" not found`
    await conditionIs(
      'AbleToScale',
      `False FailedGetScale: the HPA controller was unable to get the target's current scale: ${why}`,
    )
    await eventIs(`Warning FailedGetScale: ${why}`)
    const scaleTargetRef = { apiVersion: 'none.example.com/v1', kind: 'Nothing', name: 'n' }
    await create({ maxReplicas: 3, scaleTargetRef }, `${app}-kind`)
    await eventIs('Warning FailedGetScale: no matches for kind "Nothing" in group "none.example.com"', `${app}-kind`)
  })

  it('leaves pods alone that two want to scale', async () => {
    load.set(app, 500)
    await start(1)
    await create({ maxReplicas: 3, minReplicas: 1 }, `${app}-a`)
    await eventually(async () => assert.ok(await condition('ScalingActive', `${app}-a`)))
    const before = await replicas()
    await create({ maxReplicas: 3, minReplicas: 1 }, `${app}-b`)
    await conditionIs(
      'ScalingActive',
      `False AmbiguousSelector: pods by selector app=${app} are controlled by multiple HPAs: [{${app}-a scaled} {${app}-b scaled}]`,
      `${app}-b`,
    )
    assert.equal(await replicas(), before)
    await plane.client.delete(HorizontalPodAutoscaler, { namespace, name: `${app}-a` })
    await eventually(() => {
      clock.advance(15_000)
      return condition('ScalingActive', `${app}-b`).then(text => assert.match(text ?? '', /^True ValidMetricFound/))
    })
  })

  it('scales custom resources that have a scale', async () => {
    load.set(app, 200)
    await start(1)
    const schema = {
      type: 'object',
      properties: {
        spec: { type: 'object', properties: { size: { type: 'integer' } } },
        status: { type: 'object', properties: { size: { type: 'integer' }, selector: { type: 'string' } } },
      },
    }
    await plane.client.create(CustomResourceDefinition, {
      metadata: { name: 'herds.farm.example.com' },
      spec: {
        group: 'farm.example.com',
        scope: 'Namespaced',
        names: { plural: 'herds', kind: 'Herd' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: schema },
            subresources: {
              status: {},
              scale: {
                specReplicasPath: '.spec.size',
                statusReplicasPath: '.status.size',
                labelSelectorPath: '.status.selector',
              },
            },
          },
        ],
      },
    })
    const gvk = { group: 'farm.example.com', version: 'v1', kind: 'Herd' }
    const Herd = untypedKind({ ...gvk, plural: 'herds', namespaced: true })
    const herd = {
      apiVersion: 'farm.example.com/v1',
      kind: 'Herd',
      metadata: { namespace, name: app },
      spec: { size: 1 },
    }
    await eventually(() => plane.client.create(Herd, herd))
    await create({ maxReplicas: 5, scaleTargetRef: { apiVersion: 'farm.example.com/v1', kind: 'Herd', name: app } })
    await eventually(() => {
      clock.advance(15_000)
      return condition('ScalingActive').then(text =>
        assert.equal(text, "False InvalidSelector: the HPA target's scale is missing a selector"),
      )
    })
    const status = { size: 1, selector: `app=${app}` }
    await plane.client.patch(
      Herd,
      { namespace, name: app },
      { type: 'merge', body: { status } },
      { subresource: 'status' },
    )
    clock.advance(15_000)
    await eventually(async () => {
      const { spec } = (await plane.client.get(Herd, { namespace, name: app })) as ApiObject & {
        spec: { size: number }
      }
      assert.equal(spec.size, 3)
    })
  })
})
