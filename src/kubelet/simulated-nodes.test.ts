import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Lease } from '../api/coordination/v1/index.js'
import { Node, Pod } from '../api/core/v1/index.js'
import { ManualClock } from '../machinery/clock.js'
import { startSimulatedNodes } from './simulated-nodes.js'
import { FakeClient } from './test-client.js'
import { container, pod } from './test-pods.js'

const settle = async () => {
  for (let i = 0; i < 50; i++) await new Promise(setImmediate)
}

it('simulates nodes that run, finish and end pods', async () => {
  const client = new FakeClient()
  const clock = new ManualClock()
  const errors: unknown[] = []
  await using nodes = startSimulatedNodes({ client, count: 3, clock, onError: error => errors.push(error) })
  await nodes.ready
  assert.deepEqual(nodes.names, ['sim-0', 'sim-1', 'sim-2'])
  const [first] = client.all(Node)
  assert.equal(first?.status.conditions?.find(({ type }) => type === 'Ready')?.status, 'True')

  const probe = { exec: { command: ['x'] } }
  const spec = {
    nodeName: 'sim-1',
    containers: [container('a', { readinessProbe: probe })],
    initContainers: [container('i')],
  }
  client.put(Pod, pod(spec))
  client.put(Pod, pod({ nodeName: 'sim-2', restartPolicy: 'Never' }, { name: 'job', uid: 'u2' }))
  client.put(Pod, pod({ nodeName: 'real' }, { name: 'other', uid: 'u3' }))
  await settle()
  const get = (name: string) => client.peek(Pod, { namespace: 'default', name })
  const web = get('web')?.status
  assert.equal(web?.phase, 'Running')
  assert.equal(web?.conditions?.find(({ type }) => type === 'Ready')?.status, 'True')
  assert.equal(web?.podIP, '100.64.1.1')
  assert.equal(web?.initContainerStatuses?.[0]?.state.terminated?.reason, 'Completed')
  assert.equal(get('job')?.status.phase, 'Running')
  assert.equal(get('other')?.status.phase, undefined)

  for (let i = 0; i < 8; i++) {
    clock.advance(250)
    await settle()
  }
  assert.equal(get('job')?.status.phase, 'Succeeded')
  await client.delete(Pod, { namespace: 'default', name: 'web' })
  await settle()
  assert.equal(get('web'), undefined)

  const renewed = () => client.all(Lease).map(({ spec }) => spec?.renewTime)
  assert.equal(renewed().length, 3)
  const before = renewed()
  for (let i = 0; i < 60; i++) {
    clock.advance(250)
    await settle()
  }
  const leases = renewed()
  for (const [index, time] of leases.entries()) assert.notEqual(time, before[index])
  assert.deepEqual(errors, [])
})
