import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { Deployment, StatefulSet } from '../api/apps/v1/index.js'
import { CronJob, Job } from '../api/batch/v1/index.js'
import { Namespace, Node, Pod, Service } from '../api/core/v1/index.js'
import { EndpointSlice } from '../api/discovery/v1/index.js'
import { PodDisruptionBudget } from '../api/policy/v1/index.js'
import type { Client } from '../client/client.js'
import { Informers } from '../client/informers.js'
import { podActive, podFinished, podReady } from '../controllers/pod-state.js'
import { seededRandom } from '../controllers/test-faulty-client.js'
import { type SimulatedNodes, startSimulatedNodes } from '../kubelet/simulated-nodes.js'
import { ManualClock } from '../machinery/clock.js'
import { StatusError } from '../machinery/status-error.js'
import { ControlPlane } from './control-plane.js'

const namespace = 'default'
const nodeCpus = 4
const stepMs = 20_000
const hours = 24
/** Pods of a replica set that are lost are replaced before their going is over. */
const surge = 2

const template = (app: string, version: number, extra: object = {}) => ({
  metadata: { labels: { app } },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'c', image: `app:${version}`, resources: { requests: { cpu: '500m' } } }],
    ...extra,
  },
})

/** What must hold whatever happens, looked at after every change of a pod. */
class Watchman {
  readonly faults: string[] = []
  readonly #places = new Map<string, string>()

  constructor(private readonly informers: Informers) {
    informers.of(Pod).onChange((pod, _old, change) => this.#look(pod, change))
  }

  #look(pod: Pod, change: string): void {
    const { uid = '', name } = pod.metadata
    const { nodeName } = pod.spec
    if (change === 'deleted') {
      this.#places.delete(uid)
      return
    }
    if (!nodeName) return
    const before = this.#places.get(uid)
    if (before === nodeName) return
    if (before !== undefined) this.faults.push(`${name} has moved from ${before} to ${nodeName}`)
    this.#places.set(uid, nodeName)
    const pods = this.informers.of(Pod).list({ namespace })
    const here = pods.filter(other => other.spec.nodeName === nodeName && !podFinished(other))
    if (here.length * 0.5 > nodeCpus) this.faults.push(`${nodeName} has ${here.length} pods that want half a cpu each`)
  }
}

/** A day with few quiet minutes. Throws if anything is ever as it should not be. */
async function dayOfChurn(): Promise<void> {
  const clock = new ManualClock(Date.parse('2026-03-01T00:00:00Z'))
  const random = seededRandom(7)
  const pick = <T>(choices: readonly T[]): T | undefined => choices[Math.floor(random() * choices.length)]
  const unexpected: unknown[] = []
  const onError = (error: unknown) => unexpected.push(error)
  await using plane = await ControlPlane.start({ port: false, clock, onError })
  const { client } = plane
  await using informers = new Informers({ client, clock, onError })
  const watchman = new Watchman(informers)
  const nodes = (prefix: string, count: number): SimulatedNodes =>
    startSimulatedNodes({
      client,
      clock,
      count,
      prefix,
      capacity: { cpu: String(nodeCpus), memory: '16Gi', pods: '110' },
      onError,
    })
  await using steady = nodes('steady', 6)
  let shaky: SimulatedNodes | undefined = nodes('shaky', 1)
  await Promise.all([steady.ready, shaky.ready])

  /** Until nothing changes any more without the clock. */
  const rest = async (): Promise<void> => {
    const revision = async () => (await client.list(Namespace, {})).resourceVersion
    for (let still = 0, before = ''; still < 2; ) {
      for (let i = 0; i < 8; i++) await turn()
      const now = await revision()
      still = now === before ? still + 1 : 0
      before = now
    }
  }
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      clock.advance(stepMs)
      await rest()
    }
  }

  const wanted = new Map<string, { replicas: number; version: number }>()
  let evicted = 0
  let refused = 0
  const actions: readonly (() => Promise<void>)[] = [
    async () => {
      if (wanted.size >= 5) return
      const app = `app-${Math.floor(random() * 1e6)}`
      const replicas = 1 + Math.floor(random() * 4)
      wanted.set(app, { replicas, version: 1 })
      await client.create(Deployment, {
        metadata: { namespace, name: app },
        spec: { replicas, selector: { matchLabels: { app } }, template: template(app, 1) },
      })
      await client.create(Service, {
        metadata: { namespace, name: app },
        spec: { selector: { app }, ports: [{ port: 80 }] },
      })
    },
    async () => {
      const app = pick([...wanted.keys()])
      const want = app && wanted.get(app)
      if (!want) return
      want.replicas = Math.floor(random() * 6)
      const body = { spec: { replicas: want.replicas } }
      await client.patch(Deployment, { namespace, name: app }, { type: 'merge', body })
    },
    async () => {
      const app = pick([...wanted.keys()])
      const want = app && wanted.get(app)
      if (!want) return
      want.version++
      const body = { spec: { template: template(app, want.version) } }
      await client.patch(Deployment, { namespace, name: app }, { type: 'strategic', body })
    },
    async () => {
      const app = pick([...wanted.keys()])
      if (!app || wanted.size < 3) return
      wanted.delete(app)
      await client.delete(Deployment, { namespace, name: app })
      await client.delete(Service, { namespace, name: app })
    },
    // The node falls silent; later it is back.
    async () => {
      if (shaky) {
        await shaky[Symbol.asyncDispose]()
        shaky = undefined
      } else {
        shaky = nodes('shaky', 1)
        await shaky.ready
      }
    },
    async () => {
      const pod = pick((await client.list(Pod, { namespace, labelSelector: 'app=guarded' })).items)
      if (!pod) return
      try {
        await client.post(Pod, pod.metadata, 'eviction', {
          kind: 'Eviction',
          apiVersion: 'policy/v1',
          metadata: { namespace, name: pod.metadata.name },
        })
        evicted++
      } catch (error) {
        if (!(error instanceof StatusError) || error.code !== 429) throw error
        refused++
      }
      const { status } = await client.get(PodDisruptionBudget, { namespace, name: 'guarded' })
      assert.ok(status.disruptionsAllowed >= 0)
    },
    async () => {
      const pod = pick((await client.list(Pod, { namespace })).items)
      if (pod) await client.delete(Pod, pod.metadata)
    },
  ]

  await client.create(Deployment, {
    metadata: { namespace, name: 'guarded' },
    spec: { replicas: 3, selector: { matchLabels: { app: 'guarded' } }, template: template('guarded', 1) },
  })
  await client.create(PodDisruptionBudget, {
    metadata: { namespace, name: 'guarded' },
    spec: { minAvailable: 2, selector: { matchLabels: { app: 'guarded' } } },
  })
  await client.create(StatefulSet, {
    metadata: { namespace, name: 'ordered' },
    spec: {
      replicas: 3,
      serviceName: 'ordered',
      selector: { matchLabels: { app: 'ordered' } },
      template: template('ordered', 1),
    },
  })
  await client.create(CronJob, {
    metadata: { namespace, name: 'hourly' },
    spec: {
      schedule: '0 * * * *',
      concurrencyPolicy: 'Forbid',
      successfulJobsHistoryLimit: hours,
      jobTemplate: {
        spec: { completions: 3, parallelism: 2, template: template('hourly', 1, { restartPolicy: 'Never' }) },
      },
    },
  })
  const jobs = informers.of(Job)
  const done = new Set<string>()
  jobs.onChange(job => {
    const running = jobs.list({ namespace }).filter(({ status }) => (status.active ?? 0) > 0)
    if (running.length > 1) watchman.faults.push(`${running.length} jobs run at once`)
    if ((job.status.succeeded ?? 0) > 3) watchman.faults.push(`${job.metadata.name} has succeeded too often`)
    if (job.status.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True'))
      done.add(job.metadata.uid ?? '')
  })
  const sets = informers.of(Deployment)
  informers.of(Pod).onChange(pod => {
    const app = pod.metadata.labels?.['app'] ?? ''
    const set = sets.get({ namespace, name: app })
    if (!set || pod.metadata.deletionTimestamp) return
    const alive = informers.of(Pod).list({ namespace, matches: labels => labels['app'] === app })
    const count = alive.filter(podActive).length
    // What it was told to have before counts as well: pods that are too many go one after the other.
    const most = Math.max(set.status.replicas ?? 0, set.spec.replicas ?? 0, 5) + surge
    if (count > most) watchman.faults.push(`${app} has ${count} pods`)
  })
  await rest()

  for (let minute = 0; minute < hours * 60; minute++) {
    if (random() < 0.25) await pick(actions)?.()
    await pass(60_000)
    assert.deepEqual(watchman.faults, [], `minute ${minute}`)
  }

  if (!shaky) shaky = nodes('shaky', 1)
  await pass(20 * 60_000)
  await assertSettled(client, wanted)
  assert.ok(done.size >= hours - 1, `${done.size} hourly jobs were done`)
  assert.ok(evicted > 3 && refused >= 0, `${evicted} evictions, ${refused} refused`)
  assert.deepEqual(watchman.faults, [])
  assert.deepEqual(unexpected, [])
  await shaky[Symbol.asyncDispose]()
}

/** Everything is as it was last asked for, and nothing is left of what was deleted. */
async function assertSettled(
  client: Client,
  wanted: ReadonlyMap<string, { replicas: number; version: number }>,
): Promise<void> {
  const { items: pods } = await client.list(Pod, { namespace })
  const of = (app: string) => pods.filter(pod => pod.metadata.labels?.['app'] === app && !podFinished(pod))
  for (const [app, { replicas, version }] of wanted) {
    const own = of(app)
    assert.equal(own.length, replicas, `${app} has ${own.length} of ${replicas} pods`)
    assert.ok(
      own.every(pod => podReady(pod) && pod.spec.containers[0]?.image === `app:${version}`),
      app,
    )
    const labelSelector = `kubernetes.io/service-name=${app}`
    const slices = (await client.list(EndpointSlice, { namespace, labelSelector })).items
    assert.deepEqual(
      slices
        .flatMap(({ endpoints }) => endpoints ?? [])
        .flatMap(({ addresses }) => addresses)
        .sort(),
      own.map(({ status }) => status.podIP).sort(),
    )
  }
  assert.deepEqual(
    of('ordered')
      .map(({ metadata }) => metadata.name)
      .sort(),
    ['ordered-0', 'ordered-1', 'ordered-2'],
  )
  const known = new Set([...wanted.keys(), 'guarded', 'ordered', 'hourly'])
  assert.deepEqual(
    pods.filter(({ metadata }) => !known.has(metadata.labels?.['app'] ?? '')).map(({ metadata }) => metadata.name),
    [],
  )
  const { items: nodes } = await client.list(Node, {})
  assert.ok(
    nodes.every(({ status }) => status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')),
  )
}

await dayOfChurn()
