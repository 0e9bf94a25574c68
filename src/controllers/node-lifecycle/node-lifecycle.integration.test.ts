import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Lease } from '../../api/coordination/v1/index.js'
import { Event, Node, Pod, type Toleration } from '../../api/core/v1/index.js'
import { type Client, type Controller, runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { ManualClock, rfc3339, rfc3339Micro } from '../../machinery/clock.js'
import { type BareControlPlane, bareControlPlane } from '../test-control-plane.js'
import { nodeLifecycle } from './node-lifecycle.js'
import { taintEviction } from './taint-eviction.js'

interface Cluster extends BareControlPlane {
  /** The controllers' clock, not the server's. */
  readonly clock: ManualClock
  run(controllers: readonly Controller[], client?: Client): Promise<AsyncDisposable>
}

async function cluster(): Promise<Cluster> {
  const plane = await bareControlPlane(ControlPlane.start)
  const { client, informers, onError } = plane
  const clock = new ManualClock(Date.now())
  const run = async (controllers: readonly Controller[], asks = client): Promise<AsyncDisposable> => {
    const running = plane.use(runControllers(controllers, { client: asks, informers, clock, onError }))
    await running.ready
    return running
  }
  await plane.namespace('a')
  return { ...plane, clock, run }
}

const leaseRef = (name: string) => ({ namespace: 'kube-node-lease', name })

async function addNode({ client, clock }: Cluster, name: string): Promise<void> {
  await client.create(Node, { metadata: { name } })
  const now = rfc3339(clock.now())
  const conditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map(type => ({
    type,
    status: type === 'Ready' ? 'True' : 'False',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  }))
  await client.patch(Node, { name }, { type: 'strategic', body: { status: { conditions } } }, { subresource: 'status' })
  await client.create(Lease, { metadata: leaseRef(name), spec: { renewTime: rfc3339Micro(clock.now()) } })
}

const renew = ({ client, clock }: Cluster, name: string) =>
  client.patch(Lease, leaseRef(name), { type: 'merge', body: { spec: { renewTime: rfc3339Micro(clock.now()) } } })

async function addPod({ client }: Cluster, name: string, nodeName: string, tolerations?: Toleration[]): Promise<void> {
  await client.create(Pod, {
    metadata: { namespace: 'a', name },
    spec: { nodeName, containers: [{ name: 'c', image: 'i' }], ...(tolerations ? { tolerations } : {}) },
  })
  const conditions = [{ type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: null }]
  const body = { status: { phase: 'Running', conditions } }
  await client.patch(Pod, { namespace: 'a', name }, { type: 'strategic', body }, { subresource: 'status' })
}

/** Resolves once a node looks so: `True` or another state of Ready, then its taints. */
const looks = ({ informers }: Cluster, name: string, text: string): Promise<void> => {
  const nodes = informers.of(Node)
  return nodes.until(() => {
    const node = nodes.get({ name })
    const ready = node?.status.conditions?.find(({ type }) => type === 'Ready')?.status
    const taints = (node?.spec.taints ?? []).map(
      ({ key, effect }) => `${key.replace('node.kubernetes.io/', '')}:${effect}`,
    )
    return [ready, ...taints.sort()].join(' ') === text
  })
}

const told = async ({ informers }: Cluster, reason: string, about: string): Promise<string> => {
  const events = informers.of(Event)
  const find = () => events.list().find(event => event.reason === reason && event.involvedObject.name === about)
  await events.until(() => find() !== undefined)
  return find()?.message ?? ''
}

/** Moves the clock until it is so, as fast as the controllers follow. */
async function passes({ clock }: Cluster, ms: number, done: Promise<void>): Promise<void> {
  let isDone = false
  const watched = done.then(() => {
    isDone = true
  })
  for (let passed = 0; passed < ms && !isDone; passed += 500) {
    clock.advance(500)
    await new Promise(resolve => setImmediate(resolve))
  }
  await watched
}

const away = 'unreachable:NoSchedule'
const evicted = 'unreachable:NoExecute unreachable:NoSchedule'

describe('nodes in a control plane', () => {
  test('one that is not heard of any more is tainted, and its pods are not ready; all is well when it is back', async () => {
    await using it = await cluster()
    const { client, informers, clock } = it
    await addNode(it, 'one')
    await addNode(it, 'two')
    await addPod(it, 'p', 'one')
    await it.run([nodeLifecycle()])
    assert.equal(await told(it, 'RegisteredNode', 'one'), 'Node one event: Registered Node one in Controller')
    clock.advance(30_000)
    await renew(it, 'two')
    const leases = informers.of(Lease)
    await leases.until(() => leases.get(leaseRef('two'))?.spec.renewTime === rfc3339Micro(clock.now()))
    await passes(it, 15_000, looks(it, 'one', `Unknown ${evicted}`))
    const pods = informers.of(Pod)
    const ready = () => pods.get({ namespace: 'a', name: 'p' })?.status.conditions?.find(({ type }) => type === 'Ready')
    await pods.until(() => ready()?.status === 'False')
    assert.equal(await told(it, 'NodeNotReady', 'one'), 'Node one status is now: NodeNotReady')
    assert.equal(await told(it, 'NodeNotReady', 'p'), 'Node is not ready')
    await looks(it, 'two', 'True')
    const { status } = await client.get(Node, { name: 'one' })
    assert.deepEqual(
      status.conditions?.map(condition => `${condition.type} ${condition.status} ${condition.reason}`),
      ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map(type => `${type} Unknown NodeStatusUnknown`),
    )

    // Its kubelet is back and speaks for its pods again, though it has not said yet how the node is.
    const setReady = { status: { conditions: [{ type: 'Ready', status: 'True' }] } }
    await renew(it, 'one')
    await leases.until(() => leases.get(leaseRef('one'))?.spec.renewTime === rfc3339Micro(clock.now()))
    await client.patch(
      Pod,
      { namespace: 'a', name: 'p' },
      { type: 'strategic', body: setReady },
      { subresource: 'status' },
    )
    await client.patch(Node, { name: 'one' }, { type: 'merge', body: { spec: { unschedulable: true } } })
    await looks(it, 'one', `Unknown ${evicted} unschedulable:NoSchedule`)
    await pods.until(() => ready()?.status === 'True')
    await client.patch(Node, { name: 'one' }, { type: 'merge', body: { spec: { unschedulable: null } } })
    await looks(it, 'one', `Unknown ${evicted}`)
    assert.equal(
      (await client.get(Pod, { namespace: 'a', name: 'p' })).status.conditions?.find(({ type }) => type === 'Ready')
        ?.status,
      'True',
    )

    const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: rfc3339(clock.now()) }]
    const body = { status: { conditions } }
    await client.patch(Node, { name: 'one' }, { type: 'strategic', body }, { subresource: 'status' })
    await looks(it, 'one', 'True')
    await client.delete(Node, { name: 'one' })
    assert.equal(await told(it, 'RemovingNode', 'one'), 'Node one event: Removing Node one from Controller')
    assert.deepEqual(it.faults, [])
  })

  test('one whose renewals the caches do not show is asked for', async () => {
    await using it = await cluster()
    const { client, clock } = it
    await addNode(it, 'one')
    await addNode(it, 'two')
    let asked = 0
    const get: Client['get'] = async (kind, ref, options) => {
      const object = await client.get(kind, ref, options)
      if (kind.plural !== 'leases' || ref.name !== 'one') return object
      asked++
      return { ...object, spec: { renewTime: rfc3339Micro(clock.now()) } }
    }
    await it.run([nodeLifecycle()], { ...client, get })
    await told(it, 'RegisteredNode', 'one')
    await passes(it, 60_000, looks(it, 'two', `Unknown ${evicted}`))
    await passes(
      it,
      60_000,
      it.informers.of(Node).until(() => true),
    )
    await looks(it, 'one', 'True')
    assert.ok(asked > 0)
    assert.deepEqual(it.faults, [])
  })

  test('when all are lost, pods stay where they are', async () => {
    await using it = await cluster()
    for (const name of ['one', 'two']) await addNode(it, name)
    await it.run([nodeLifecycle()])
    await told(it, 'RegisteredNode', 'two')
    await passes(
      it,
      60_000,
      Promise.all(['one', 'two'].map(name => looks(it, name, `Unknown ${away}`))).then(() => {}),
    )
    assert.deepEqual(it.faults, [])
  })

  test('nodes are emptied one after the other', async () => {
    await using it = await cluster()
    const { client } = it
    for (const name of ['one', 'two', 'three', 'four', 'five', 'six']) await addNode(it, name)
    await it.run([nodeLifecycle()])
    const fail = (name: string) => {
      const body = { status: { conditions: [{ type: 'Ready', status: 'False' }] } }
      return client.patch(Node, { name }, { type: 'strategic', body }, { subresource: 'status' })
    }
    const isEvicted = 'False not-ready:NoExecute not-ready:NoSchedule'
    await fail('one')
    await looks(it, 'one', isEvicted)
    await fail('two')
    await looks(it, 'two', 'False not-ready:NoSchedule')
    it.clock.advance(9_000)
    await looks(it, 'two', 'False not-ready:NoSchedule')
    it.clock.advance(1_000)
    await looks(it, 'two', isEvicted)
    assert.deepEqual(it.faults, [])
  })

  test('a node that is cordoned is tainted', async () => {
    await using it = await cluster()
    await addNode(it, 'one')
    await it.run([nodeLifecycle()])
    const cordon = (unschedulable: boolean | null) =>
      it.client.patch(Node, { name: 'one' }, { type: 'merge', body: { spec: { unschedulable } } })
    await cordon(true)
    await looks(it, 'one', 'True unschedulable:NoSchedule')
    await cordon(null)
    await looks(it, 'one', 'True')
    assert.deepEqual(it.faults, [])
  })
})

describe('pods on tainted nodes in a control plane', () => {
  const taint = ({ client }: Cluster, taints: object[] | null) =>
    client.patch(Node, { name: 'one' }, { type: 'merge', body: { spec: { taints } } })
  const noExecute = { key: 'example.com/t', effect: 'NoExecute' }
  const tolerates = (tolerationSeconds?: number): Toleration[] => [
    { ...noExecute, operator: 'Exists', ...(tolerationSeconds ? { tolerationSeconds } : {}) },
  ]
  const deleting = async ({ informers }: Cluster, name: string): Promise<void> => {
    const pods = informers.of(Pod)
    await pods.until(() => pods.get({ namespace: 'a', name })?.metadata.deletionTimestamp !== undefined)
  }

  test('go when they do not tolerate it, or their time is over', async () => {
    await using it = await cluster()
    await addNode(it, 'one')
    await addPod(it, 'none', 'one')
    await addPod(it, 'limited', 'one', tolerates(60))
    await addPod(it, 'forever', 'one', tolerates())
    await it.run([taintEviction()])
    await taint(it, [noExecute])
    await deleting(it, 'none')
    const gone = await it.client.get(Pod, { namespace: 'a', name: 'none' })
    const why = gone.status.conditions?.find(({ type }) => type === 'DisruptionTarget')
    assert.equal(
      `${why?.status} ${why?.reason}: ${why?.message}`,
      'True DeletionByTaintManager: Taint manager: deleting due to NoExecute taint',
    )
    assert.equal(await told(it, 'TaintManagerEviction', 'none'), 'Marking for deletion Pod a/none')
    await passes(it, 65_000, deleting(it, 'limited'))
    it.clock.advance(1_000_000)
    assert.equal((await it.client.get(Pod, { namespace: 'a', name: 'forever' })).metadata.deletionTimestamp, undefined)
    assert.deepEqual(it.faults, [])
  })

  test('stay when the taint is gone in time, and the time begun goes on after a restart', async () => {
    await using it = await cluster()
    await addNode(it, 'one')
    await addPod(it, 'p', 'one', tolerates(60))
    const first = await it.run([taintEviction()])
    await taint(it, [noExecute])
    await addPod(it, 'witness', 'one')
    await deleting(it, 'witness')
    await taint(it, null)
    assert.equal(await told(it, 'TaintManagerEviction', 'p'), 'Cancelling deletion of Pod a/p')
    it.clock.advance(100_000)
    assert.equal((await it.client.get(Pod, { namespace: 'a', name: 'p' })).metadata.deletionTimestamp, undefined)
    await first[Symbol.asyncDispose]()

    // Bound and tainted, by the server's clock, long ago for the controllers'.
    await taint(it, [{ ...noExecute, timeAdded: rfc3339(it.clock.now() - 50_000) }])
    await it.run([taintEviction()])
    await passes(it, 12_000, deleting(it, 'p'))
    assert.deepEqual(it.faults, [])
  })

  test('stay when the caches are behind', async () => {
    await using it = await cluster()
    await addNode(it, 'one')
    await addPod(it, 'p', 'one')
    let asked = 0
    const get: Client['get'] = async (kind, ref, options) => {
      const object = await it.client.get(kind, ref, options)
      if (kind.plural !== 'nodes' || asked++ > 2) return object
      return { ...object, spec: {} }
    }
    await it.run([taintEviction()], { ...it.client, get })
    await taint(it, [noExecute])
    await passes(it, 60_000, deleting(it, 'p'))
    assert.equal(asked, 4)
    assert.deepEqual(it.faults, [])
  })
})
