import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { Event, Node, Pod } from '../api/core/v1/index.js'
import { PodDisruptionBudget } from '../api/policy/v1/index.js'
import { PriorityClass } from '../api/scheduling/v1/index.js'
import type { Client } from '../client/client.js'
import { ControlPlane } from '../cluster/control-plane.js'
import { eventually, until } from '../controllers/eventually.js'

const namespace = 'default'

describe('preemption', () => {
  let cluster: ControlPlane
  let client: Client

  before(async () => {
    cluster = await ControlPlane.start({ port: false, simulatedNodes: 2 })
    client = cluster.client
    for (const [name, value] of [
      ['low', 1],
      ['medium', 100],
      ['high', 1000],
    ] as const)
      await client.create(PriorityClass, { metadata: { name }, value })
    await client.create(PriorityClass, { metadata: { name: 'polite' }, value: 1000, preemptionPolicy: 'Never' })
  })
  after(() => cluster[Symbol.asyncDispose]())
  afterEach(async () => {
    await client.deleteCollection(Pod, { namespace, gracePeriodSeconds: 0 })
    await eventually(async () => until((await client.list(Pod, { namespace })).items.length === 0, 'no pods'))
  })

  const create = (name: string, priorityClassName: string, cpu: string, more: object = {}) =>
    client.create(Pod, {
      metadata: { namespace, name, labels: { app: name } },
      spec: {
        priorityClassName,
        containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }],
        ...more,
      },
    } as never)
  const get = (name: string) => client.get(Pod, { namespace, name })
  const placed = (name: string) =>
    eventually(async () => {
      const { spec } = await get(name)
      until(spec.nodeName !== undefined, `${name} has a node`)
      return spec.nodeName ?? ''
    })
  const eventsOf = async (name: string) =>
    (await client.list(Event, { namespace })).items.filter(({ involvedObject }) => involvedObject.name === name)

  it('evicts the pod of lowest priority, tells why, and places the pod there', async () => {
    await create('one', 'low', '20', {})
    const room = await placed('one')
    await create('two', 'medium', '20')
    await placed('two')
    // Held by a finalizer, the victim can be looked at.
    await client.patch(
      Pod,
      { namespace, name: 'one' },
      { type: 'merge', body: { metadata: { finalizers: ['a.b/c'] } } },
    )
    const preemptor = await create('new', 'high', '20')
    const victim = await eventually(async () => {
      const pod = await get('one')
      until(pod.metadata.deletionTimestamp !== undefined, 'one is being deleted')
      return pod
    })
    const condition = victim.status.conditions?.find(({ type }) => type === 'DisruptionTarget')
    assert.deepEqual(
      [condition?.status, condition?.reason, condition?.message],
      ['True', 'PreemptionByScheduler', 'default-scheduler: preempting to accommodate a higher priority pod'],
    )
    await eventually(async () => until((await get('new')).status.nominatedNodeName === room, 'new is nominated'))
    const { conditions } = (await get('new')).status
    assert.equal(
      conditions?.find(({ type }) => type === 'PodScheduled')?.message,
      '0/2 nodes are available: 2 Insufficient cpu.',
    )
    await client.patch(Pod, { namespace, name: 'one' }, { type: 'merge', body: { metadata: { finalizers: null } } })
    assert.equal(await placed('new'), room)
    assert.equal((await get('two')).metadata.deletionTimestamp, undefined)
    const event = await eventually(async () => {
      const found = (await eventsOf('one')).find(({ reason }) => reason === 'Preempted')
      until(found !== undefined, 'the event')
      return found
    })
    assert.equal(event?.message, `Preempted by pod ${preemptor.metadata.uid} on node ${room}`)
  })

  it('spares pods that a disruption budget protects, where it can', async () => {
    await client.create(PodDisruptionBudget, {
      metadata: { namespace, name: 'b' },
      spec: { selector: { matchLabels: { app: 'one' } }, minAvailable: 1 },
    })
    await create('one', 'low', '20')
    await create('two', 'medium', '20')
    await placed('one')
    const room = await placed('two')
    await create('new', 'high', '20')
    assert.equal(await placed('new'), room)
    assert.equal((await get('one')).metadata.deletionTimestamp, undefined)
    await client.delete(PodDisruptionBudget, { namespace, name: 'b' })
  })

  it('never evicts for a pod that must not, and places the critical one first', async () => {
    await create('one', 'low', '20')
    await create('two', 'low', '20')
    await placed('one')
    await placed('two')
    await create('polite', 'polite', '20')
    await eventually(async () => {
      const { status } = await get('polite')
      assert.equal(
        status.conditions?.find(({ type }) => type === 'PodScheduled')?.message,
        '0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, ' +
          'preemption: not eligible due to preemptionPolicy=Never.',
      )
    })
    await create('critical', 'system-cluster-critical', '20')
    await placed('critical')
    assert.equal((await get('polite')).spec.nodeName, undefined)
  })

  it('takes the nomination of a pod back when one of higher priority takes its room', async () => {
    const [node = ''] = (await client.list(Node)).items.map(({ metadata }) => metadata.name ?? '')
    const there = { nodeSelector: { 'kubernetes.io/hostname': node } }
    await create('one', 'low', '20', there)
    await placed('one')
    await client.patch(
      Pod,
      { namespace, name: 'one' },
      { type: 'merge', body: { metadata: { finalizers: ['a.b/c'] } } },
    )
    await create('second', 'medium', '20', there)
    await eventually(async () => until((await get('second')).status.nominatedNodeName === node, 'second is nominated'))
    await create('first', 'high', '20', there)
    await eventually(async () => until((await get('first')).status.nominatedNodeName === node, 'first is nominated'))
    await eventually(async () => until(!(await get('second')).status.nominatedNodeName, 'second is not'))
    await client.patch(Pod, { namespace, name: 'one' }, { type: 'merge', body: { metadata: { finalizers: null } } })
    await placed('first')
    assert.equal((await get('second')).spec.nodeName, undefined)
  })
})
