import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Service } from '../../api/core/v1/index.js'
import { IPAddress, ServiceCIDR } from '../../api/networking/v1/index.js'
import { runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { ManualClock } from '../../machinery/clock.js'
import { isNotFound } from '../../machinery/status-error.js'
import { eventually } from '../eventually.js'
import { bareControlPlane } from '../test-control-plane.js'
import { serviceCidrs } from './service-cidr.js'

it('a further network gives services addresses, and stays until the last one is given back', async () => {
  await using plane = await bareControlPlane(ControlPlane.start)
  const { client, informers, onError } = plane
  const clock = new ManualClock(Date.now())
  await using running = runControllers([serviceCidrs], { client, informers, clock, onError })
  await running.ready
  const name = 'more'
  const ready = async () =>
    (await client.get(ServiceCIDR, { name })).status.conditions?.find(({ type }) => type === 'Ready')
  await client.create(ServiceCIDR, { metadata: { name }, spec: { cidrs: ['10.97.0.0/28'] } })
  await eventually(async () => {
    const condition = await ready()
    assert.deepEqual([condition?.status, condition?.message], ['True', 'Kubernetes Service CIDR is ready'])
  })
  const { metadata } = await client.get(ServiceCIDR, { name })
  assert.deepEqual(metadata.finalizers, ['networking.k8s.io/service-cidr-finalizer'])

  const service = await client.create(Service, {
    metadata: { namespace: 'default', name: 's' },
    spec: { clusterIP: '10.97.0.5', ports: [{ port: 80 }] },
  })
  const object = await client.get(IPAddress, { name: '10.97.0.5' })
  assert.deepEqual(object.spec.parentRef, { resource: 'services', namespace: 'default', name: 's' })

  await client.delete(ServiceCIDR, { name })
  await eventually(async () => {
    const condition = await ready()
    assert.deepEqual([condition?.status, condition?.reason], ['False', 'Terminating'])
  })
  await client.delete(Service, service.metadata)
  await eventually(async () => {
    clock.advance(10_000)
    await assert.rejects(client.get(ServiceCIDR, { name }), isNotFound)
  })
  assert.deepEqual(plane.faults.map(String), [])
})

it('the first network gives away nothing more when it is to go, as long as there is another', async () => {
  await using plane = await bareControlPlane(ControlPlane.start)
  const { client, informers, onError } = plane
  await using running = runControllers([serviceCidrs], { client, informers, onError })
  await running.ready
  const protectedNow = (name: string) =>
    eventually(async () => assert.ok((await client.get(ServiceCIDR, { name })).metadata.finalizers))
  const make = (name: string) =>
    client.create(Service, { metadata: { namespace: 'default', name }, spec: { ports: [{ port: 80 }] } })
  await client.create(ServiceCIDR, { metadata: { name: 'next' }, spec: { cidrs: ['10.97.0.0/24'] } })
  for (const name of ['kubernetes', 'next']) await protectedNow(name)
  assert.match((await make('before')).spec.clusterIP ?? '', /^10\.96\./)
  await client.delete(ServiceCIDR, { name: 'kubernetes' })
  assert.match((await make('after')).spec.clusterIP ?? '', /^10\.97\./)
  assert.deepEqual(plane.faults.map(String), [])
})
