import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ControllerRevision, StatefulSet } from '../../api/apps/v1/index.js'
import { Event, PersistentVolumeClaim, Pod } from '../../api/core/v1/index.js'
import { type Client, Informers, type RunningControllers, runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { eventually } from '../eventually.js'
import { type BareControlPlane, bareControlPlane } from '../test-control-plane.js'
import { faultyClient, seededRandom } from '../test-faulty-client.js'
import { statefulSets } from './stateful-set.js'

const namespace = 'n'

const statefulSet = (name: string, replicas: number, spec: object = {}): never =>
  ({
    metadata: { namespace, name },
    spec: {
      replicas,
      serviceName: 'svc',
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'x:1' }] } },
      ...spec,
    },
  }) as never

const claimTemplate = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
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

/** Plays the kubelets: pods become ready as they come. Returns what is there, in order. */
async function run(client: Client, app: string): Promise<readonly Pod[]> {
  for (const pod of await podsOf(client, app))
    if (pod.status.phase === 'Pending' && !pod.metadata.deletionTimestamp) await setPhase(client, pod, 'Running')
  return podsOf(client, app)
}

const namesOf = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name).sort()
const imagesOf = (pods: readonly Pod[]) => pods.map(({ spec }) => spec.containers[0]?.image)

const withImage = (image: string) => ({ spec: { template: { spec: { containers: [{ name: 'c', image }] } } } })

describe('stateful sets', () => {
  let plane: BareControlPlane
  let client: Client
  let running: RunningControllers
  before(async () => {
    plane = await bareControlPlane(ControlPlane.start)
    client = plane.client
    await plane.namespace(namespace)
    running = runControllers([statefulSets], { client, onError: plane.onError })
  })
  after(async () => {
    await running[Symbol.asyncDispose]()
    await plane[Symbol.asyncDispose]()
    assert.deepEqual(plane.faults.map(String), [])
  })
  const statusOf = async (name: string) => (await client.get(StatefulSet, { namespace, name })).status
  const change = (name: string, body: object) =>
    client.patch(StatefulSet, { namespace, name }, { type: 'strategic', body })
  const ready = (name: string, count: number) =>
    eventually(async () => {
      const pods = await run(client, name)
      const status = await statusOf(name)
      assert.deepEqual([pods.length, status.replicas, status.availableReplicas], [count, count, count])
      return status
    })

  it('make their pods in order, each with its claim, and take them away from the end', async () => {
    await client.create(StatefulSet, statefulSet('web', 3, { volumeClaimTemplates: [claimTemplate] }))
    for (const names of [['web-0'], ['web-0', 'web-1'], ['web-0', 'web-1', 'web-2']]) {
      const pods = await eventually(async () => {
        const pods = await podsOf(client, 'web')
        assert.deepEqual(namesOf(pods), names)
        return pods
      })
      assert.equal(pods.filter(({ status }) => status.phase === 'Pending').length, 1)
      await run(client, 'web')
    }
    const status = await ready('web', 3)
    assert.equal(status.currentRevision, status.updateRevision)
    assert.deepEqual([status.currentReplicas, status.updatedReplicas, status.collisionCount], [3, 3, 0])
    const pod = await client.get(Pod, { namespace, name: 'web-1' })
    assert.equal(pod.metadata.labels?.['controller-revision-hash'], status.currentRevision)
    assert.equal(pod.spec.volumes?.[0]?.persistentVolumeClaim?.claimName, 'data-web-1')
    const claims = async () => (await client.list(PersistentVolumeClaim, { namespace, labelSelector: 'app=web' })).items
    assert.deepEqual((await claims()).map(({ metadata }) => metadata.name).sort(), [
      'data-web-0',
      'data-web-1',
      'data-web-2',
    ])
    await change('web', {
      spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' } },
    })
    await eventually(async () => {
      for (const { metadata } of await claims()) assert.equal(metadata.ownerReferences?.[0]?.kind, 'StatefulSet')
    })
    await change('web', { spec: { replicas: 1 } })
    await ready('web', 1)
    const owners = (await claims()).map(({ metadata }) => metadata.ownerReferences?.map(({ kind }) => kind))
    assert.deepEqual(owners, [['StatefulSet'], ['Pod'], ['Pod']])
    // Nobody collects garbage here: a pod waits until the claim of its predecessor is gone.
    await change('web', { spec: { replicas: 2 } })
    await eventually(async () => assert.equal((await statusOf('web')).observedGeneration, 4))
    assert.deepEqual(namesOf(await podsOf(client, 'web')), ['web-0'])
    await client.patch(
      PersistentVolumeClaim,
      { namespace, name: 'data-web-1' },
      {
        type: 'merge',
        body: { metadata: { finalizers: null } },
      },
    )
    await client.delete(PersistentVolumeClaim, { namespace, name: 'data-web-1' })
    await ready('web', 2)
    const reasons = (await client.list(Event, { namespace })).items.map(
      ({ reason, message }) => `${reason}: ${message}`,
    )
    assert.ok(reasons.includes('SuccessfulCreate: create Pod web-0 in StatefulSet web successful'))
    assert.ok(reasons.includes('SuccessfulCreate: create Claim data-web-0 Pod web-0 in StatefulSet web success'))
  })

  it('update from the end, down to the partition, and back to an earlier revision', async () => {
    await client.create(StatefulSet, statefulSet('up', 3))
    const first = await ready('up', 3)
    await change('up', { spec: { ...withImage('x:2').spec, updateStrategy: { rollingUpdate: { partition: 2 } } } })
    await eventually(async () => {
      const images = imagesOf(await run(client, 'up'))
      assert.deepEqual(images, ['x:1', 'x:1', 'x:2'])
      const status = await statusOf('up')
      assert.deepEqual([status.currentReplicas, status.updatedReplicas, status.availableReplicas], [2, 1, 3])
    })
    // Below the partition what is lost comes back as it was.
    await client.delete(Pod, { namespace, name: 'up-0' }, { gracePeriodSeconds: 0 })
    await ready('up', 3)
    assert.deepEqual(imagesOf(await podsOf(client, 'up')), ['x:1', 'x:1', 'x:2'])
    await change('up', { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } })
    await eventually(async () => {
      assert.deepEqual(imagesOf(await run(client, 'up')), ['x:2', 'x:2', 'x:2'])
      const status = await statusOf('up')
      assert.equal(status.currentRevision, status.updateRevision)
      assert.notEqual(status.currentRevision, first.currentRevision)
    })
    await change('up', withImage('x:1'))
    await eventually(async () => {
      assert.deepEqual(imagesOf(await run(client, 'up')), ['x:1', 'x:1', 'x:1'])
      assert.equal((await statusOf('up')).currentRevision, first.currentRevision)
    })
    const { items } = await client.list(ControllerRevision, { namespace, labelSelector: 'app=up' })
    assert.deepEqual(items.map(({ revision }) => Number(revision)).sort(), [2, 3])
  })

  it('in parallel make all pods at once, from any ordinal on, and replace the failed', async () => {
    const spec = { podManagementPolicy: 'Parallel', ordinals: { start: 5 } }
    await client.create(StatefulSet, statefulSet('par', 3, spec))
    await eventually(async () => assert.deepEqual(namesOf(await podsOf(client, 'par')), ['par-5', 'par-6', 'par-7']))
    const failed = await client.get(Pod, { namespace, name: 'par-6' })
    await setPhase(client, failed, 'Failed')
    await eventually(async () => {
      const pod = await client.get(Pod, { namespace, name: 'par-6' })
      assert.notEqual(pod.metadata.uid, failed.metadata.uid)
    })
    await ready('par', 3)
    await eventually(async () => {
      const events = (await client.list(Event, { namespace })).items
      assert.ok(events.some(({ reason }) => reason === 'RecreatingFailedPod'))
    })
  })

  it('update pods only as they are deleted, and take up orphans', async () => {
    await client.create(StatefulSet, statefulSet('man', 2, { updateStrategy: { type: 'OnDelete' } }))
    await ready('man', 2)
    await change('man', withImage('x:2'))
    await eventually(async () => assert.equal((await statusOf('man')).observedGeneration, 2))
    await client.delete(Pod, { namespace, name: 'man-0' }, { gracePeriodSeconds: 0 })
    await ready('man', 2)
    assert.deepEqual(imagesOf(await podsOf(client, 'man')), ['x:2', 'x:1'])
    const { metadata } = await client.get(Pod, { namespace, name: 'man-1' })
    await client.patch(Pod, metadata, { type: 'merge', body: { metadata: { ownerReferences: null } } })
    await eventually(async () => {
      const pod = await client.get(Pod, metadata)
      assert.deepEqual([pod.metadata.uid, pod.metadata.ownerReferences?.[0]?.kind], [metadata.uid, 'StatefulSet'])
    })
  })

  it('change nothing any more once they are on their way out', async () => {
    await client.create(StatefulSet, statefulSet('out', 2))
    await ready('out', 2)
    await client.delete(StatefulSet, { namespace, name: 'out' }, { propagationPolicy: 'Foreground' })
    const revisions = () => client.list(ControllerRevision, { namespace, labelSelector: 'app=out' })
    for (const { metadata } of (await revisions()).items) await client.delete(ControllerRevision, metadata)
    const pod = await client.get(Pod, { namespace, name: 'out-1' })
    await setPhase(client, pod, 'Failed')
    await eventually(async () => assert.equal((await statusOf('out')).readyReplicas, 1))
    assert.equal((await client.get(Pod, pod.metadata)).metadata.uid, pod.metadata.uid)
    assert.equal((await revisions()).items.length, 0)
  })
})

it('an ordered set makes its pods in order, whatever is lost on the way', async () => {
  await using plane = await bareControlPlane(ControlPlane.start)
  const { client } = plane
  await plane.namespace(namespace)
  const random = seededRandom(5)
  const calm = AbortSignal.timeout(4_000)
  const faults = { lost: 0.05, unanswered: 0.05, conflict: 0.1, broken: 0.01, expired: 0.3, delay: 3 }
  const shaky = faultyClient(client, faults, random, calm)
  const informers = new Informers({ client: shaky, random, onError: () => {} })
  await using _running = runControllers([statefulSets], { client: shaky, informers, random, onError: () => {} })
  await using _informers = informers
  const order: string[] = []
  const tooEarly: string[] = []
  const ready = new Set<string>()
  const pods = plane.informers.of(Pod)
  using _watch = pods.onChange((pod, old) => {
    const { name = '' } = pod.metadata
    if (!old) {
      const ordinal = Number(name.slice(2))
      if (ordinal > 0 && !ready.has(`s-${ordinal - 1}`)) tooEarly.push(name)
      order.push(name)
    }
    if (pod.status.phase === 'Running') ready.add(name)
  })
  await pods.synced()
  await client.create(StatefulSet, statefulSet('s', 8, { volumeClaimTemplates: [claimTemplate] }))
  const names = Array.from({ length: 8 }, (_, i) => `s-${i}`)
  await eventually(async () => {
    await run(client, 's')
    assert.equal((await client.get(StatefulSet, { namespace, name: 's' })).status.availableReplicas, 8)
  }, 60_000)
  assert.deepEqual([order, tooEarly], [names, []])
  assert.equal((await client.list(PersistentVolumeClaim, { namespace })).items.length, 8)
  await client.patch(StatefulSet, { namespace, name: 's' }, { type: 'strategic', body: withImage('x:2') })
  await eventually(async () => {
    const pods = await run(client, 's')
    assert.deepEqual(
      imagesOf(pods),
      names.map(() => 'x:2'),
    )
    const { status } = await client.get(StatefulSet, { namespace, name: 's' })
    assert.deepEqual([status.updatedReplicas, status.availableReplicas], [8, 8])
    assert.equal(status.currentRevision, status.updateRevision)
  }, 60_000)
})
