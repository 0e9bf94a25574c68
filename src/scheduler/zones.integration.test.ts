import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Deployment } from '../api/apps/v1/index.js'
import { Event, Node, Pod, Service } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { ControlPlane } from '../cluster/control-plane.js'
import { eventually, until } from '../controllers/eventually.js'

const namespace = 'default'
const zone = 'topology.kubernetes.io/zone'
const host = 'kubernetes.io/hostname'

describe('the scheduler on simulated nodes in zones', () => {
  let cluster: ControlPlane
  let client: Client
  const zones = new Map<string, string>()

  before(async () => {
    cluster = await ControlPlane.start({ port: false, simulatedNodes: 6 })
    client = cluster.client
    const nodes = (await client.list(Node)).items
    for (const [i, { metadata }] of nodes.entries()) {
      const name = metadata.name ?? ''
      const label = 'abc'[i % 3] ?? ''
      await client.patch(
        Node,
        { name },
        { type: 'merge', body: { metadata: { labels: { [zone]: label, [host]: name } } } },
      )
      zones.set(name, label)
    }
  })
  after(() => cluster[Symbol.asyncDispose]())

  const deploy = (app: string, replicas: number, spec: object) =>
    client.create(Deployment, {
      metadata: { namespace, name: app },
      spec: {
        replicas,
        selector: { matchLabels: { app } },
        template: {
          metadata: { labels: { app } },
          spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '10m' } } }], ...spec },
        },
      } as never,
    })
  const podsOf = async (app: string) => (await client.list(Pod, { namespace, labelSelector: `app=${app}` })).items
  /** The nodes of an application's pods, once so many have one. */
  const placed = (app: string, count: number) =>
    eventually(async () => {
      const nodes = (await podsOf(app)).flatMap(({ spec }) => spec.nodeName ?? [])
      until(nodes.length === count, `${nodes.length} of ${count} pods of ${app} have a node`)
      return nodes
    })
  const counts = (values: readonly (string | undefined)[]) => {
    const found = new Map<string | undefined, number>()
    for (const value of values) found.set(value, (found.get(value) ?? 0) + 1)
    return [...found.values()].sort()
  }
  const inZones = (nodes: readonly string[]) => counts(nodes.map(node => zones.get(node)))

  it('spreads over zones as a deployment demands', async () => {
    const spread = {
      topologyKey: zone,
      maxSkew: 1,
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'spread' } },
    }
    await deploy('spread', 10, { topologySpreadConstraints: [spread] })
    assert.deepEqual(inZones(await placed('spread', 10)), [3, 3, 4])
  })

  it('spreads the pods of a service without being told', async () => {
    await client.create(Service, {
      metadata: { namespace, name: 'plain' },
      spec: { selector: { app: 'plain' }, ports: [{ port: 80 }] } as never,
    })
    await deploy('plain', 6, {})
    assert.deepEqual(inZones(await placed('plain', 6)), [2, 2, 2])
  })

  it('keeps pods apart, says why the last has no node, and places it when there is room', async () => {
    const term = { topologyKey: zone, labelSelector: { matchLabels: { app: 'apart' } } }
    await deploy('apart', 4, {
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
    })
    assert.deepEqual(inZones(await placed('apart', 3)), [1, 1, 1])
    const message =
      "0/6 nodes are available: 6 node(s) didn't match pod anti-affinity rules. " +
      'no new claims to deallocate, preemption: 0/6 nodes are available: 6 No preemption victims found for incoming pod.'
    const left = await eventually(async () => {
      const pod = (await podsOf('apart')).find(({ spec }) => !spec.nodeName)
      assert.equal(pod?.status.conditions?.find(({ type }) => type === 'PodScheduled')?.message, message)
      return pod
    })
    await eventually(async () => {
      const events = (await client.list(Event, { namespace })).items
      until(
        events.some(({ involvedObject, message: text }) => {
          return involvedObject.uid === left?.metadata.uid && text === message
        }),
        'the event',
      )
    })
    const [node = ''] = zones.keys()
    await client.patch(Node, { name: node }, { type: 'merge', body: { metadata: { labels: { [zone]: 'd' } } } })
    zones.set(node, 'd')
    await placed('apart', 4)
  })

  it('puts pods near others, as soon as those are there', async () => {
    const term = { topologyKey: host, labelSelector: { matchLabels: { app: 'center' } } }
    await deploy('near', 3, {
      affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
    })
    await eventually(async () => {
      const pods = await podsOf('near')
      until(
        pods.length === 3 && pods.every(({ status }) => status.conditions?.some(({ type }) => type === 'PodScheduled')),
        'all have been tried',
      )
    })
    await deploy('center', 1, {})
    const [center] = await placed('center', 1)
    assert.deepEqual(await placed('near', 3), [center, center, center])
  })
})
