import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ControllerRevision, DaemonSet } from '../../api/apps/v1/index.js'
import { Event, Node, Pod } from '../../api/core/v1/index.js'
import { type Client, Informers, type RunningControllers, runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { eventually } from '../eventually.js'
import { type BareControlPlane, bareControlPlane } from '../test-control-plane.js'
import { faultyClient, seededRandom } from '../test-faulty-client.js'
import { targetNode } from './daemon-pod.js'
import { daemonSets } from './daemon-set.js'

const namespace = 'n'

const daemonSet = (name: string, image = 'x:1', spec: object = {}): never =>
  ({
    metadata: { namespace, name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image }] } },
      ...spec,
    },
  }) as never

async function createNode(client: Client, name: string, labels: Record<string, string> = {}): Promise<void> {
  await client.create(Node, { metadata: { name, labels } } as never)
  // As it is once it has reported to be ready.
  await client.patch(Node, { name }, { type: 'merge', body: { spec: { taints: null } } })
}

const podsOf = async (client: Client, app: string) =>
  (await client.list(Pod, { namespace, labelSelector: `app=${app}` })).items

const setPhase = (client: Client, pod: Pod, phase: string) =>
  client.patch(
    Pod,
    pod.metadata,
    {
      type: 'merge',
      body: {
        status: {
          phase,
          conditions: [
            {
              type: 'Ready',
              status: phase === 'Running' ? 'True' : 'False',
              lastTransitionTime: '2026-01-01T00:00:00Z',
            },
          ],
        },
      },
    },
    { subresource: 'status' },
  )

/** Plays the kubelets: pods become ready as they come. */
async function run(client: Client, app: string): Promise<readonly Pod[]> {
  const pods = await podsOf(client, app)
  for (const pod of pods)
    if (pod.status.phase === 'Pending' && !pod.metadata.deletionTimestamp) await setPhase(client, pod, 'Running')
  return pods
}

describe('daemon sets', () => {
  let plane: BareControlPlane
  let client: Client
  let running: RunningControllers
  before(async () => {
    plane = await bareControlPlane(ControlPlane.start)
    client = plane.client
    await plane.namespace(namespace)
    for (const name of ['a', 'b', 'c']) await createNode(client, name)
    running = runControllers([daemonSets()], { client, onError: plane.onError })
  })
  after(async () => {
    await running[Symbol.asyncDispose]()
    await plane[Symbol.asyncDispose]()
    assert.deepEqual(plane.faults.map(String), [])
  })
  const statusOf = async (name: string) => (await client.get(DaemonSet, { namespace, name })).status
  const nodesOf = (pods: readonly Pod[]) => pods.map(targetNode).sort()

  it('put a pod on every node, and follow the nodes', async () => {
    await client.create(DaemonSet, daemonSet('plain'))
    const status = await eventually(async () => {
      assert.deepEqual(nodesOf(await run(client, 'plain')), ['a', 'b', 'c'])
      const status = await statusOf('plain')
      assert.equal(status.numberAvailable, 3)
      return status
    })
    assert.deepEqual(
      [status.desiredNumberScheduled, status.updatedNumberScheduled, status.observedGeneration],
      [3, 3, 1],
    )
    const [pod] = await podsOf(client, 'plain')
    assert.equal(pod?.metadata.labels?.['pod-template-generation'], '1')
    await createNode(client, 'd')
    await eventually(async () => assert.deepEqual(nodesOf(await run(client, 'plain')), ['a', 'b', 'c', 'd']))
    const taints = [{ key: 'away', effect: 'NoExecute' }]
    await client.patch(Node, { name: 'd' }, { type: 'merge', body: { spec: { taints } } })
    await eventually(async () => {
      assert.deepEqual(nodesOf(await run(client, 'plain')), ['a', 'b', 'c'])
      assert.equal((await statusOf('plain')).desiredNumberScheduled, 3)
    })
    await client.delete(Node, { name: 'd' })
    await eventually(async () => {
      const reasons = (await client.list(Event, { namespace })).items.map(({ reason }) => reason)
      assert.ok(reasons.includes('SuccessfulCreate') && reasons.includes('SuccessfulDelete'))
    })
  })

  it('roll out a new template, and back, by revisions', async () => {
    await client.create(DaemonSet, daemonSet('rolling', 'x:1', { revisionHistoryLimit: 1 }))
    const images = async (image: string) => {
      await eventually(async () => {
        const pods = await run(client, 'rolling')
        // At most one node is without an available pod at a time; one of them may have been deleted since.
        assert.deepEqual(
          pods.map(({ spec }) => spec.containers[0]?.image),
          [image, image, image],
        )
        const status = await statusOf('rolling')
        assert.deepEqual([status.updatedNumberScheduled, status.numberAvailable], [3, 3])
      })
      const revisions = await client.list(ControllerRevision, { namespace, labelSelector: 'app=rolling' })
      return revisions.items.map(({ revision }) => Number(revision)).sort((x, y) => x - y)
    }
    const change = (image: string) =>
      client.patch(
        DaemonSet,
        { namespace, name: 'rolling' },
        { type: 'strategic', body: { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } } },
      )
    assert.deepEqual(await images('x:1'), [1])
    await change('x:2')
    assert.deepEqual(await images('x:2'), [1, 2])
    await change('x:1')
    assert.deepEqual(await images('x:1'), [2, 3])
    await change('x:3')
    await eventually(async () => assert.deepEqual(await images('x:3'), [3, 4]))
  })

  it('surge without a node ever being without an available pod', async () => {
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
    await client.create(DaemonSet, daemonSet('surging', 'x:1', { updateStrategy }))
    await eventually(async () => {
      await run(client, 'surging')
      assert.equal((await statusOf('surging')).numberAvailable, 3)
    })
    const body = { spec: { template: { spec: { containers: [{ name: 'c', image: 'x:2' }] } } } }
    await client.patch(DaemonSet, { namespace, name: 'surging' }, { type: 'strategic', body })
    await eventually(async () => {
      const ready = (await podsOf(client, 'surging')).filter(({ status }) => status.phase === 'Running')
      assert.equal(new Set(ready.map(targetNode)).size, 3, 'a pod on every node')
      await run(client, 'surging')
      const status = await statusOf('surging')
      assert.deepEqual([status.updatedNumberScheduled, status.numberAvailable], [3, 3])
      assert.equal((await podsOf(client, 'surging')).length, 3)
    })
  })

  it('update pods only as they are deleted, replace failed ones, and leave orphans to the next set', async () => {
    await client.create(DaemonSet, daemonSet('manual', 'x:1', { updateStrategy: { type: 'OnDelete' } }))
    const [first] = await eventually(async () => {
      const pods = await run(client, 'manual')
      assert.equal(pods.length, 3)
      return pods
    })
    assert.ok(first)
    const body = { spec: { template: { spec: { containers: [{ name: 'c', image: 'x:2' }] } } } }
    await client.patch(DaemonSet, { namespace, name: 'manual' }, { type: 'strategic', body })
    await eventually(async () => assert.equal((await statusOf('manual')).observedGeneration, 2))
    await setPhase(client, first, 'Failed')
    await eventually(async () => {
      const pods = await run(client, 'manual')
      assert.deepEqual(pods.map(({ spec }) => spec.containers[0]?.image).sort(), ['x:1', 'x:1', 'x:2'])
      const events = (await client.list(Event, { namespace })).items
      assert.ok(events.some(({ reason }) => reason === 'FailedDaemonPod'))
    })
    const before = (await podsOf(client, 'manual')).map(({ metadata }) => metadata.uid).sort()
    for (const { metadata } of await podsOf(client, 'manual'))
      await client.patch(Pod, metadata, { type: 'merge', body: { metadata: { ownerReferences: null } } })
    await eventually(async () => {
      const pods = await podsOf(client, 'manual')
      assert.ok(pods.every(({ metadata }) => metadata.ownerReferences?.[0]?.kind === 'DaemonSet'))
      assert.deepEqual(pods.map(({ metadata }) => metadata.uid).sort(), before)
    })
  })
})

it('daemon sets end with one pod a node, whatever is lost on the way', async () => {
  await using plane = await bareControlPlane(ControlPlane.start)
  const { client } = plane
  await plane.namespace(namespace)
  const nodes = Array.from({ length: 12 }, (_, i) => `node-${String(i).padStart(2, '0')}`)
  for (const name of nodes) await createNode(client, name)
  const random = seededRandom(3)
  const calm = AbortSignal.timeout(3_000)
  const faults = { lost: 0.05, unanswered: 0.05, conflict: 0.1, broken: 0.01, expired: 0.3, delay: 3 }
  const shaky = faultyClient(client, faults, random, calm)
  const informers = new Informers({ client: shaky, random, onError: () => {} })
  await using _running = runControllers([daemonSets()], { client: shaky, informers, random, onError: () => {} })
  await using _informers = informers
  const rollingUpdate = { maxUnavailable: 4 }
  await client.create(DaemonSet, daemonSet('d', 'x:1', { updateStrategy: { type: 'RollingUpdate', rollingUpdate } }))
  const settled = (image: string) =>
    eventually(async () => {
      const pods = await run(client, 'd')
      assert.deepEqual(pods.map(targetNode).sort(), nodes)
      assert.ok(pods.every(({ spec }) => spec.containers[0]?.image === image))
      assert.equal((await client.get(DaemonSet, { namespace, name: 'd' })).status.numberAvailable, nodes.length)
    }, 60_000)
  await settled('x:1')
  const body = { spec: { template: { spec: { containers: [{ name: 'c', image: 'x:2' }] } } } }
  await client.patch(DaemonSet, { namespace, name: 'd' }, { type: 'strategic', body })
  await settled('x:2')
})
