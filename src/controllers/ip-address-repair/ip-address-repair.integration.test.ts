import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Event, Service } from '../../api/core/v1/index.js'
import { IPAddress } from '../../api/networking/v1/index.js'
import { EventWriter, runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { ManualClock } from '../../machinery/clock.js'
import { isNotFound } from '../../machinery/status-error.js'
import { eventually } from '../eventually.js'
import { bareControlPlane } from '../test-control-plane.js'
import { ipAddressRepair } from './ip-address-repair.js'

it('addresses of services and the objects that say who has them come to agree', async () => {
  await using plane = await bareControlPlane(ControlPlane.start)
  const { client, informers, onError } = plane
  const clock = new ManualClock(Date.now())
  const events = plane.use(new EventWriter({ client, onError }))
  await using running = runControllers(ipAddressRepair, { client, informers, clock, events, onError })
  await running.ready
  const { metadata, spec } = await client.create(Service, {
    metadata: { namespace: 'default', name: 's' },
    spec: { ports: [{ port: 80 }] },
  })
  const name = spec.clusterIP ?? ''
  const owner = async () => {
    const { parentRef } = (await client.get(IPAddress, { name })).spec
    return `${parentRef?.namespace}/${parentRef?.name}`
  }
  // Somebody deletes it, or says that it is another's.
  await client.delete(IPAddress, { name })
  await eventually(async () => assert.equal(await owner(), 'default/s'))
  await eventually(async () => {
    const { items } = await client.list(Event, { namespace: 'default' })
    assert.ok(
      items.some(
        ({ reason, action, reportingComponent }) =>
          reason === 'ClusterIPNotAllocated' &&
          action === 'ClusterIPAllocation' &&
          reportingComponent === 'ipallocator-repair-controller',
      ),
    )
  })
  // One that no service has is given back after a while.
  await client.create(IPAddress, {
    metadata: { name: '10.96.0.200', labels: { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' } },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 'none' } },
  })
  await eventually(async () => {
    clock.advance(61_000)
    await assert.rejects(client.get(IPAddress, { name: '10.96.0.200' }), isNotFound)
  })
  assert.equal(await owner(), 'default/s')
  await client.delete(Service, metadata)
  await assert.rejects(client.get(IPAddress, { name }), isNotFound)
  assert.deepEqual(plane.faults.map(String), [])
})
