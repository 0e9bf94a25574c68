import assert from 'node:assert/strict'
import { ReplicaSet } from '../api/apps/v1/index.js'
import { type ContainerPort, Node, Pod } from '../api/core/v1/index.js'
import { PriorityClass } from '../api/scheduling/v1/index.js'
import type { Client } from '../client/client.js'
import { eventually, until } from '../controllers/eventually.js'
import { requirements } from './requirements.js'

/** The one node that has some of a resource, which only these requirements hand out. */
const node = 'sim-0'
const fake = 'example.com/fakecpu'

const prepare = async (client: Client, names: readonly string[] = []) => {
  const amounts = { capacity: { [fake]: '10' }, allocatable: { [fake]: '10' } }
  await client.patch(Node, { name: node }, { type: 'strategic', body: { status: amounts } }, { subresource: 'status' })
  for (const [i, name] of names.entries())
    await client.create(PriorityClass, { metadata: { name }, value: i + 1, description: name })
}

const containers = (fakes: number, ports: readonly ContainerPort[] = []) => [
  {
    name: 'main',
    image: 'main:1',
    ports,
    ...(fakes ? { resources: { requests: { [fake]: String(fakes) }, limits: { [fake]: String(fakes) } } } : {}),
  },
]

const create = (client: Client, namespace: string, name: string, spec: object, metadata: object = {}) =>
  client.create(Pod, {
    metadata: { namespace, name, ...metadata },
    spec: { terminationGracePeriodSeconds: 0, containers: containers(0), ...spec },
  })

const placed = (client: Client, namespace: string, name: string) =>
  eventually(async () => {
    const { spec } = await client.get(Pod, { namespace, name })
    until(spec.nodeName !== undefined, `${name} has a node`)
    return spec.nodeName
  })

const refused = (client: Client, namespace: string, name: string, why: RegExp) =>
  eventually(async () => {
    const { spec, status } = await client.get(Pod, { namespace, name })
    const condition = status.conditions?.find(({ type }) => type === 'PodScheduled')
    assert.deepEqual([spec.nodeName, condition?.status, condition?.reason], [undefined, 'False', 'Unschedulable'])
    assert.match(condition?.message ?? '', why)
  })

const gone = (client: Client, namespace: string, name: string) =>
  eventually(async () => {
    const { items } = await client.list(Pod, { namespace })
    until(!items.some(({ metadata }) => metadata.name === name), `${name} is gone`)
  })

requirements('sig-scheduling: predicates, preemption', {}, requirement => {
  requirement('Scheduler, resource limits', async ({ client, namespace }) => {
    await prepare(client)
    await create(client, namespace, 'filler', { containers: containers(7) })
    assert.equal(await placed(client, namespace, 'filler'), node)
    await create(client, namespace, 'additional', { containers: containers(5) })
    await refused(client, namespace, 'additional', /3 Insufficient example\.com\/fakecpu/)
    await client.delete(Pod, { namespace, name: 'filler' })
    assert.equal(await placed(client, namespace, 'additional'), node)
  })

  requirement('Scheduler, node selector matching', async ({ client, namespace }) => {
    const label = (value: string | null) =>
      client.patch(Node, { name: 'sim-1' }, { type: 'merge', body: { metadata: { labels: { [namespace]: value } } } })
    await label('42')
    await create(client, namespace, 'with-labels', { nodeSelector: { [namespace]: '42' } })
    assert.equal(await placed(client, namespace, 'with-labels'), 'sim-1')
    await label(null)
  })

  requirement('Scheduler, node selector not matching', async ({ client, namespace }) => {
    await create(client, namespace, 'restricted', { nodeSelector: { label: 'nonempty' } })
    await refused(client, namespace, 'restricted', /3 node\(s\) didn't match Pod's node affinity\/selector/)
  })

  requirement(
    'Scheduling, HostPort and Protocol match, HostIPs different but one is default HostIP (0.0.0.0)',
    async ({ client, namespace }) => {
      const on = (hostPort: number, protocol: string, hostIP?: string) => ({
        nodeSelector: { 'kubernetes.io/hostname': node },
        containers: containers(0, [{ containerPort: 8080, hostPort, protocol, ...(hostIP ? { hostIP } : {}) }]),
      })
      await create(client, namespace, 'one', on(54321, 'TCP', '127.0.0.1'))
      await create(client, namespace, 'two', on(54321, 'TCP', '127.0.0.2'))
      await create(client, namespace, 'three', on(54321, 'UDP', '127.0.0.2'))
      await create(client, namespace, 'four', on(54322, 'TCP'))
      for (const name of ['one', 'two', 'three', 'four']) assert.equal(await placed(client, namespace, name), node)
      await create(client, namespace, 'five', on(54322, 'TCP', '127.0.0.1'))
      await refused(client, namespace, 'five', /1 node\(s\) didn't have free ports for the requested pod ports/)
    },
  )

  requirement('Scheduler, Basic Preemption', async ({ client, namespace }) => {
    const [low, medium, high] = ['low', 'medium', 'high'].map(name => `${namespace}-${name}`)
    await prepare(client, [low, medium, high].map(String))
    await create(client, namespace, 'low', { containers: containers(6), priorityClassName: low })
    await create(client, namespace, 'medium', { containers: containers(4), priorityClassName: medium })
    for (const name of ['low', 'medium']) assert.equal(await placed(client, namespace, name), node)
    await create(client, namespace, 'high', { containers: containers(6), priorityClassName: high })
    assert.equal(await placed(client, namespace, 'high'), node)
    await gone(client, namespace, 'low')
    assert.equal((await client.get(Pod, { namespace, name: 'medium' })).metadata.deletionTimestamp, undefined)
  })

  requirement('Scheduler, Preemption for critical pod', async ({ client, namespace }) => {
    const [low, medium] = ['low', 'medium'].map(name => `${namespace}-${name}`)
    await prepare(client, [low, medium].map(String))
    await create(client, namespace, 'low', { containers: containers(6), priorityClassName: low })
    await create(client, namespace, 'medium', { containers: containers(4), priorityClassName: medium })
    for (const name of ['low', 'medium']) assert.equal(await placed(client, namespace, name), node)
    const critical = { containers: containers(6), priorityClassName: 'system-cluster-critical' }
    await create(client, namespace, 'critical', critical)
    assert.equal(await placed(client, namespace, 'critical'), node)
    await gone(client, namespace, 'low')
    assert.equal((await client.get(Pod, { namespace, name: 'medium' })).metadata.deletionTimestamp, undefined)
  })

  requirement('Verify the DisruptionTarget condition is added to the preempted pod', async ({ client, namespace }) => {
    const [low, high] = ['low', 'high'].map(name => `${namespace}-${name}`)
    await prepare(client, [low, high].map(String))
    const finalizers = ['example.com/test']
    await create(client, namespace, 'victim', { containers: containers(10), priorityClassName: low }, { finalizers })
    assert.equal(await placed(client, namespace, 'victim'), node)
    await create(client, namespace, 'preemptor', { containers: containers(10), priorityClassName: high })
    const ref = { namespace, name: 'victim' }
    await eventually(async () => {
      const { metadata, status } = await client.get(Pod, ref)
      until(metadata.deletionTimestamp !== undefined, 'the victim is told to go')
      const condition = status.conditions?.find(({ type }) => type === 'DisruptionTarget')
      assert.deepEqual([condition?.status, condition?.reason], ['True', 'PreemptionByScheduler'])
    })
    await client.patch(Pod, ref, { type: 'merge', body: { metadata: { finalizers: null } } })
    assert.equal(await placed(client, namespace, 'preemptor'), node)
    await gone(client, namespace, 'victim')
  })

  requirement('Pod preemption verification', async ({ client, namespace }) => {
    const classes = [1, 2, 3, 4].map(priority => `${namespace}-p${priority}`)
    await prepare(client, classes)
    const running = async (name: string) =>
      (await client.list(Pod, { namespace, labelSelector: `app=${name}` })).items.filter(({ spec }) => spec.nodeName)
        .length
    const start = async (priorityClassName: string, replicas: number, fakes: number) => {
      const labels = { app: priorityClassName }
      const spec = { terminationGracePeriodSeconds: 0, priorityClassName, containers: containers(fakes) }
      await client.create(ReplicaSet, {
        metadata: { namespace, name: priorityClassName },
        spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
      })
      await eventually(async () => assert.equal(await running(priorityClassName), replicas))
    }
    const [first = '', second = '', third = '', fourth = ''] = classes
    await start(first, 5, 1)
    await start(second, 4, 1)
    await start(third, 1, 1)
    await start(fourth, 1, 2)
    // The highest comes at the cost of the lowest alone.
    await eventually(async () => assert.deepEqual(await Promise.all(classes.map(running)), [3, 4, 1, 1]))
  })
})
