import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Node, Pod } from '../../api/core/v1/index.js'
import { type Client, runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { ManualClock } from '../../machinery/clock.js'
import { type BareControlPlane, bareControlPlane } from '../test-control-plane.js'
import { type PodGcOptions, podGc } from './pod-gc.js'

interface Cluster extends BareControlPlane {
  /** The controller's clock, not the server's. */
  readonly clock: ManualClock
}

async function cluster(prepare: (client: Client) => Promise<void>, options: PodGcOptions = {}): Promise<Cluster> {
  const plane = await bareControlPlane(ControlPlane.start)
  const { client, informers, onError } = plane
  const clock = new ManualClock(Date.now())
  await plane.namespace('a')
  await prepare(client)
  await plane.use(runControllers([podGc(options)], { client, informers, clock, onError })).ready
  return { ...plane, clock }
}

async function addPod(client: Client, name: string, options: { node?: string; phase?: string; held?: boolean } = {}) {
  const { node, phase, held } = options
  await client.create(Pod, {
    metadata: { namespace: 'a', name, ...(held ? { finalizers: ['example.com/f'] } : {}) },
    spec: { containers: [{ name: 'c', image: 'i' }], ...(node ? { nodeName: node } : {}) },
  })
  if (!phase) return
  const body = { status: { phase } }
  await client.patch(Pod, { namespace: 'a', name }, { type: 'strategic', body }, { subresource: 'status' })
}

const names = async ({ client }: Cluster): Promise<string> =>
  (await client.list(Pod)).items.map(({ metadata }) => metadata.name).join(' ')

const until = ({ informers }: Cluster, done: (pods: readonly Pod[]) => boolean): Promise<void> => {
  const pods = informers.of(Pod)
  return pods.until(() => pods.hasSynced && done(pods.list()))
}

const gone = (it: Cluster, name: string): Promise<void> =>
  until(it, pods => pods.every(({ metadata }) => metadata.name !== name))

/** Everything that was to be looked at has been. */
async function settled(it: Cluster): Promise<void> {
  await addPod(it.client, 'last', { held: true })
  await it.client.delete(Pod, { namespace: 'a', name: 'last' })
  await until(it, pods => pods.some(({ metadata, status }) => metadata.name === 'last' && status.phase === 'Failed'))
  const body = { metadata: { finalizers: null } }
  await it.client.patch(Pod, { namespace: 'a', name: 'last' }, { type: 'merge', body })
  await gone(it, 'last')
}

describe('the pod garbage collector in a control plane', () => {
  test('deletes the pods of nodes that are gone, after a while', async () => {
    await using it = await cluster(async client => {
      for (const name of ['n', 'there']) await client.create(Node, { metadata: { name } })
      await addPod(client, 'a', { node: 'n', phase: 'Running', held: true })
      await addPod(client, 'b', { node: 'there', phase: 'Running' })
      await addPod(client, 'c', { node: 'never', phase: 'Succeeded' })
      await addPod(client, 'd')
    })
    const { client, clock } = it
    await settled(it)
    clock.advance(39_000)
    await client.delete(Node, { name: 'n' })
    await settled(it)
    assert.equal(await names(it), 'a b c d')
    clock.advance(1_000)
    await gone(it, 'c')
    clock.advance(38_000)
    await settled(it)
    assert.equal(await names(it), 'a b d')
    clock.advance(2_000)
    await until(it, pods => pods.some(({ metadata }) => metadata.name === 'a' && metadata.deletionTimestamp))
    const pod = await client.get(Pod, { namespace: 'a', name: 'a' })
    assert.equal(pod.status.phase, 'Failed')
    assert.equal(pod.metadata.deletionGracePeriodSeconds, 0)
    const why = pod.status.conditions?.find(({ type }) => type === 'DisruptionTarget')
    assert.equal(`${why?.status} ${why?.reason}: ${why?.message}`, 'True DeletionByPodGC: PodGC: node no longer exists')
    assert.deepEqual(it.faults, [])
  })

  test('a node that comes back in time keeps its pods, and begins anew when it goes again', async () => {
    await using it = await cluster(async client => {
      await client.create(Node, { metadata: { name: 'n' } })
      await addPod(client, 'a', { node: 'n', phase: 'Running' })
    })
    const { client, clock, informers } = it
    const nodes = informers.of(Node)
    await client.delete(Node, { name: 'n' })
    await nodes.until(() => nodes.size === 0)
    await settled(it)
    clock.advance(39_000)
    await client.create(Node, { metadata: { name: 'n' } })
    await nodes.until(() => nodes.size === 1)
    await settled(it)
    clock.advance(60_000)
    await client.delete(Node, { name: 'n' })
    await nodes.until(() => nodes.size === 0)
    await settled(it)
    clock.advance(39_000)
    await settled(it)
    assert.equal(await names(it), 'a')
    clock.advance(1_000)
    await gone(it, 'a')
    assert.deepEqual(it.faults, [])
  })

  test('pods that go from a node out of service go at once', async () => {
    await using it = await cluster(async client => {
      await client.create(Node, { metadata: { name: 'n' } })
      await addPod(client, 'a', { node: 'n', phase: 'Running' })
      await addPod(client, 'b', { node: 'n', phase: 'Running' })
    })
    const { client } = it
    await client.delete(Pod, { namespace: 'a', name: 'a' })
    await settled(it)
    assert.equal(await names(it), 'a b')
    const taints = [{ key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }]
    await client.patch(Node, { name: 'n' }, { type: 'merge', body: { spec: { taints } } })
    await gone(it, 'a')
    assert.equal(await names(it), 'b')
    assert.deepEqual(it.faults, [])
  })

  test('of too many that have ended the oldest go', async () => {
    await using it = await cluster(
      async client => {
        for (const name of ['p1', 'p2', 'p3']) await addPod(client, name, { phase: 'Succeeded' })
        await addPod(client, 'p0', { phase: 'Running' })
      },
      { terminatedPodThreshold: 2 },
    )
    await gone(it, 'p1')
    await addPod(it.client, 'p4', { phase: 'Failed' })
    await gone(it, 'p2')
    await settled(it)
    assert.equal(await names(it), 'p0 p3 p4')
    assert.deepEqual(it.faults, [])
  })
})
