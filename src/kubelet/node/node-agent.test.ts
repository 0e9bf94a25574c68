import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Node, type NodeStatus } from '../../api/core/v1/index.js'
import { ManualClock } from '../../machinery/clock.js'
import { FakeClient } from '../test-client.js'
import type { MachineFacts } from './machine-facts.js'
import { NodeAgent } from './node-agent.js'

const name = 'n1'
const own = { capacity: { cpu: '2' }, allocatable: { cpu: '1' } }

it('lets pods have what others advertise for the node', async () => {
  const client = new FakeClient()
  client.put(Node, { metadata: { name }, spec: {}, status: {} as NodeStatus })
  const clock = new ManualClock()
  const condition = (type: string) => ({ type, status: true, reason: '', message: '' })
  const cri = {
    version: async () => ({ runtimeName: 'containerd', runtimeVersion: '2.1.0' }),
    status: async () => ({
      status: { conditions: [condition('RuntimeReady'), condition('NetworkReady')] },
      info: {},
      runtimeHandlers: [],
    }),
    listImages: async () => ({ images: [] }),
  }
  const facts = { hostname: name, architecture: 'amd64' } as MachineFacts
  const faults: unknown[] = []
  await using agent = new NodeAgent({
    client,
    cri: cri as never,
    clock,
    events: { record: () => {} },
    facts,
    registration: { name, facts },
    addresses: [],
    capacity: own,
    pressure: () => ({ memory: false, disk: false, pid: false }),
    port: () => 10250,
    onError: error => faults.push(error),
  })
  agent.start()
  await agent.ready
  const advertise = (amount: string | null) =>
    client.patch(Node, { name }, { type: 'merge', body: { status: { capacity: { 'x.y/gpu': amount } } } })
  const beat = async () => {
    for (let i = 0; i < 30; i++) await new Promise(setImmediate)
    clock.advance(10_000)
    for (let i = 0; i < 30; i++) await new Promise(setImmediate)
    return (await client.get(Node, { name })).status
  }
  await advertise('4')
  const with4 = await beat()
  assert.deepEqual(with4.capacity, { ...own.capacity, 'x.y/gpu': '4' })
  assert.deepEqual(with4.allocatable, { ...own.allocatable, 'x.y/gpu': '4' })
  await advertise(null)
  const without = await beat()
  assert.deepEqual([without.capacity, without.allocatable], [own.capacity, own.allocatable])
  assert.deepEqual(faults, [])
})
