import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { ReplicaSet } from '../api/apps/v1/index.js'
import { LimitRange, Namespace, Node, Pod } from '../api/core/v1/index.js'
import { PriorityClass } from '../api/scheduling/v1/index.js'
import type { Client } from '../client/client.js'
import { ControlPlane } from '../cluster/control-plane.js'
import { eventually, until } from '../controllers/eventually.js'

const namespace = 'default'
/** A resource that only this test hands out. */
const fake = 'example.com/fakecpu'

/** What Kubernetes' conformance programme asks of scheduling, tried as its clients would. */
describe('scheduling, as conformance requires it', () => {
  let cluster: ControlPlane
  let client: Client
  const node = 'sim-0'

  before(async () => {
    cluster = await ControlPlane.start({ port: false, simulatedNodes: 2 })
    client = cluster.client
    for (const value of [1, 2, 3, 4])
      await client.create(PriorityClass, { metadata: { name: `p${value}` }, value, description: `p${value}` })
    const amounts = { capacity: { [fake]: '10' }, allocatable: { [fake]: '10' } }
    await client.patch(
      Node,
      { name: node },
      { type: 'strategic', body: { status: amounts } },
      { subresource: 'status' },
    )
  })
  after(() => cluster[Symbol.asyncDispose]())
  afterEach(async () => {
    await client.deleteCollection(ReplicaSet, { namespace })
    await eventually(async () => until((await client.list(ReplicaSet, { namespace })).items.length === 0, 'no sets'))
    await client.deleteCollection(Pod, { namespace, gracePeriodSeconds: 0 })
    await eventually(async () => until((await client.list(Pod, { namespace })).items.length === 0, 'no pods'))
  })

  const containers = (fakes: number, ports: object[] = []) => [
    {
      name: 'c',
      image: 'i',
      ports,
      ...(fakes ? { resources: { requests: { [fake]: String(fakes) }, limits: { [fake]: String(fakes) } } } : {}),
    },
  ]
  const create = (name: string, spec: object, metadata: object = {}) =>
    client.create(Pod, {
      metadata: { namespace, name, ...metadata },
      spec: { containers: containers(0), ...spec },
    } as never)
  const get = (name: string) => client.get(Pod, { namespace, name })
  const placed = (name: string) =>
    eventually(async () => {
      const { spec } = await get(name)
      until(spec.nodeName !== undefined, `${name} has a node`)
      return spec.nodeName
    })
  const refused = (name: string, why: RegExp) =>
    eventually(async () => {
      const { conditions } = (await get(name)).status
      assert.match(conditions?.find(({ type }) => type === 'PodScheduled')?.message ?? '', why)
    })

  it('a pod that asks for more than is left is not placed', async () => {
    await create('filler', { containers: containers(7) })
    await placed('filler')
    await create('additional', { containers: containers(5) })
    await refused('additional', /Insufficient example\.com\/fakecpu/)
  })

  it('a node selector is respected, whether it matches or not', async () => {
    await client.patch(Node, { name: node }, { type: 'merge', body: { metadata: { labels: { k: 'v' } } } })
    await create('with', { nodeSelector: { k: 'v' } })
    assert.equal(await placed('with'), node)
    await create('without', { nodeSelector: { k: 'other' } })
    await refused('without', /2 node\(s\) didn't match Pod's node affinity\/selector/)
  })

  it('host ports conflict where the address and the protocol are the same, and with 0.0.0.0', async () => {
    const on = (hostPort: number, protocol: string, hostIP: string) => ({
      nodeSelector: { 'kubernetes.io/hostname': node },
      containers: containers(0, [{ containerPort: 8080, hostPort, protocol, hostIP }]),
    })
    await create('one', on(54321, 'TCP', '127.0.0.1'))
    await create('two', on(54321, 'TCP', '127.0.0.2'))
    await create('three', on(54321, 'UDP', '127.0.0.2'))
    for (const name of ['one', 'two', 'three']) assert.equal(await placed(name), node)
    await create('four', on(54322, 'TCP', '0.0.0.0'))
    await placed('four')
    await create('five', on(54322, 'TCP', '127.0.0.1'))
    await refused('five', /1 node\(s\) didn't have free ports for the requested pod ports/)
  })

  it('a pod of higher priority preempts, and its victim says why it goes', async () => {
    await create('low', { containers: containers(10), priorityClassName: 'p1' }, { finalizers: ['example.com/test'] })
    await placed('low')
    await create('high', { containers: containers(10), priorityClassName: 'p2' })
    await eventually(async () => {
      const { metadata, status } = await get('low')
      const condition = status.conditions?.find(({ type }) => type === 'DisruptionTarget')
      until(metadata.deletionTimestamp !== undefined && condition?.status === 'True', 'low is being preempted')
    })
    await client.patch(Pod, { namespace, name: 'low' }, { type: 'merge', body: { metadata: { finalizers: [] } } })
    assert.equal(await placed('high'), node)
  })

  it('a critical pod preempts one of lower priority', async () => {
    await create('low', { containers: containers(6), priorityClassName: 'p1' })
    await create('medium', { containers: containers(4), priorityClassName: 'p3' })
    await placed('low')
    await placed('medium')
    await create('critical', { containers: containers(6), priorityClassName: 'system-cluster-critical' })
    await placed('critical')
    assert.equal((await get('medium')).metadata.deletionTimestamp, undefined)
    await eventually(async () => {
      const names = (await client.list(Pod, { namespace })).items.map(({ metadata }) => metadata.name)
      until(!names.includes('low'), 'low is gone')
    })
  })

  it('replica sets of four priorities come to run, the highest at the cost of the lowest', async () => {
    const replicaSet = (priority: string, replicas: number, fakes: number) =>
      client.create(ReplicaSet, {
        metadata: { namespace, name: `rs-${priority}` },
        spec: {
          replicas,
          selector: { matchLabels: { app: priority } },
          template: {
            metadata: { labels: { app: priority } },
            spec: { priorityClassName: priority, containers: containers(fakes) },
          },
        } as never,
      })
    const running = async (priority: string) =>
      (await client.list(Pod, { namespace, labelSelector: `app=${priority}` })).items.filter(
        ({ spec }) => spec.nodeName,
      ).length
    for (const [priority, replicas] of [
      ['p1', 5],
      ['p2', 4],
      ['p3', 1],
    ] as const) {
      await replicaSet(priority, replicas, 1)
      await eventually(async () => assert.equal(await running(priority), replicas))
    }
    await replicaSet('p4', 1, 2)
    await eventually(async () => {
      assert.deepEqual(
        [await running('p4'), await running('p3'), await running('p2'), await running('p1')],
        [1, 1, 4, 3],
      )
    })
  })

  it('priority classes are listed, and changed only in what may change', async () => {
    const named = (await client.list(PriorityClass)).items.map(({ metadata }) => metadata.name)
    assert.ok(['p1', 'p2', 'p3', 'p4'].every(name => named.includes(name)))
    const patch = (body: object) => client.patch(PriorityClass, { name: 'p1' }, { type: 'merge', body })
    assert.equal((await patch({ description: 'another' })).description, 'another')
    await assert.rejects(patch({ value: 10 }), { code: 422 })
    const known = await client.get(PriorityClass, { name: 'p1' })
    const updated = await client.update(PriorityClass, { ...known, description: 'yet another' })
    assert.equal(updated.description, 'yet another')
    await assert.rejects(client.update(PriorityClass, { ...updated, value: 10 }), { code: 422 })
  })

  it('limit ranges give pods their defaults, and are found and deleted by label', async () => {
    await client.create(Namespace, { metadata: { name: 'limited' } })
    const limits = [{ type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '100m' } }]
    for (const [where, name] of [
      ['limited', 'one'],
      ['limited', 'two'],
      [namespace, 'three'],
    ] as const)
      await client.create(LimitRange, {
        metadata: { namespace: where, name, labels: name === 'two' ? {} : { team: 'a' } },
        spec: { limits } as never,
      })
    const pod = await create('defaulted', {})
    assert.deepEqual(pod.spec.containers[0]?.resources, { limits: { cpu: '500m' }, requests: { cpu: '100m' } })
    assert.equal((await client.list(LimitRange, { labelSelector: 'team=a' })).items.length, 2)
    const body = { spec: { limits: [{ ...limits[0], defaultRequest: { cpu: '200m' } }] } }
    const patched = await client.patch(LimitRange, { namespace: 'limited', name: 'one' }, { type: 'merge', body })
    assert.equal(patched.spec.limits[0]?.defaultRequest?.['cpu'], '200m')
    await client.deleteCollection(LimitRange, { namespace: 'limited', labelSelector: 'team=a' })
    const left = (await client.list(LimitRange)).items.map(({ metadata }) => metadata.name)
    assert.deepEqual(left.sort(), ['three', 'two'])
    await client.delete(LimitRange, { namespace, name: 'three' })
  })
})
