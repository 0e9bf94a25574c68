import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Endpoints, Pod, Service, type ServiceInit } from '../api/core/v1/index.js'
import { EndpointSlice } from '../api/discovery/v1/index.js'
import type { Client } from '../client/client.js'
import { type RunningControllers, runControllers } from '../client/controller-runtime.js'
import { ControlPlane } from '../cluster/control-plane.js'
import { isNotFound } from '../machinery/status-error.js'
import { eventually, until } from './eventually.js'
import { builtInControllers } from './index.js'

const namespace = 'default'

const service = (name: string, spec: ServiceInit['spec'] = {}): ServiceInit => ({
  metadata: { namespace, name, labels: { team: 'a' } },
  spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 'web' }], ...spec },
})

describe('endpoints and endpoint slices against an API server', () => {
  let cluster: ControlPlane
  let client: Client
  let running: RunningControllers
  const faults: unknown[] = []

  before(async () => {
    cluster = await ControlPlane.start({ port: false, controllers: false, scheduler: false })
    client = cluster.client
    running = runControllers(builtInControllers({ rootCa: 'PEM' }), { client, onError: error => faults.push(error) })
    await running.ready
  })
  after(async () => {
    await running[Symbol.asyncDispose]()
    await cluster[Symbol.asyncDispose]()
    assert.deepEqual(faults.map(String), [])
  })

  const pod = async (app: string, name: string, ip: string, ready: boolean) => {
    await client.create(Pod, {
      metadata: { namespace, name, labels: { app } },
      spec: { containers: [{ name: 'c', image: 'i', ports: [{ name: 'web', containerPort: 8080 }] }] },
    })
    return report(name, ip, ready)
  }
  const report = (name: string, ip: string, ready: boolean) =>
    client.patch(
      Pod,
      { namespace, name },
      {
        type: 'merge',
        body: {
          status: {
            phase: 'Running',
            podIP: ip,
            podIPs: [{ ip }],
            conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
          },
        },
      },
      { subresource: 'status' },
    )
  const slicesOf = async (name: string) =>
    (await client.list(EndpointSlice, { namespace, labelSelector: `kubernetes.io/service-name=${name}` })).items

  test('show the pods of a service as they come, become ready, and go', async () => {
    await client.create(Service, service('web'))
    const [empty] = await eventually(async () => {
      const slices = await slicesOf('web')
      until(slices.length === 1, 'a slice without endpoints')
      return slices
    })
    assert.deepEqual(empty?.metadata.labels, {
      team: 'a',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      'kubernetes.io/service-name': 'web',
    })
    assert.equal(empty?.metadata.generateName, 'web-')
    assert.equal(empty?.metadata.ownerReferences?.[0]?.kind, 'Service')
    const { metadata } = await pod('web', 'p1', '10.1.0.5', false)
    const targetRef = { kind: 'Pod', namespace, name: 'p1', uid: metadata.uid }
    await eventually(async () => {
      const [slice] = await slicesOf('web')
      const { subsets } = await client.get(Endpoints, { namespace, name: 'web' })
      assert.deepEqual(slice?.endpoints, [
        { addresses: ['10.1.0.5'], conditions: { ready: false, serving: false, terminating: false }, targetRef },
      ])
      assert.deepEqual(slice?.ports, [{ name: 'http', port: 8080, protocol: 'TCP' }])
      assert.deepEqual(subsets, [
        { notReadyAddresses: [{ ip: '10.1.0.5', targetRef }], ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] },
      ])
    })
    await report('p1', '10.1.0.5', true)
    await eventually(async () => {
      const [slice] = await slicesOf('web')
      const found = await client.get(Endpoints, { namespace, name: 'web' })
      assert.deepEqual(slice?.endpoints[0]?.conditions, { ready: true, serving: true, terminating: false })
      assert.deepEqual(found.subsets?.[0]?.addresses, [{ ip: '10.1.0.5', targetRef }])
      assert.deepEqual(found.metadata.labels, {
        team: 'a',
        'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
      })
    })
    await client.delete(Pod, { namespace, name: 'p1' }, { gracePeriodSeconds: 0 })
    await eventually(async () => {
      const slices = await slicesOf('web')
      assert.deepEqual(
        slices.map(({ endpoints }) => endpoints?.length ?? 0),
        [0],
      )
      assert.equal((await client.get(Endpoints, { namespace, name: 'web' })).subsets, undefined)
    })
    await client.delete(Service, { namespace, name: 'web' })
    await eventually(() =>
      assert.rejects(client.get(Endpoints, { namespace, name: 'web' }), (error: unknown) => isNotFound(error)),
    )
  })

  test('a service without a selector is left to whoever made it', async () => {
    await client.create(Service, { metadata: { namespace, name: 'own' }, spec: { ports: [{ port: 80 }] } })
    await client.create(Endpoints, {
      metadata: { namespace, name: 'own' },
      subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80, protocol: 'TCP' }] }],
    })
    await client.create(Service, service('after'))
    await eventually(async () => until((await slicesOf('after')).length === 1, 'looked after'))
    const { subsets } = await client.get(Endpoints, { namespace, name: 'own' })
    assert.equal(subsets?.[0]?.addresses?.[0]?.ip, '192.0.2.1')
    const [mirrored] = await eventually(async () => {
      const slices = await slicesOf('own')
      until(slices.length === 1, 'mirrored')
      return slices
    })
    assert.deepEqual(mirrored?.endpoints, [{ addresses: ['192.0.2.1'], conditions: { ready: true } }])
    assert.equal(
      mirrored?.metadata.labels?.['endpointslice.kubernetes.io/managed-by'],
      'endpointslicemirroring-controller.k8s.io',
    )
    await client.patch(
      Endpoints,
      { namespace, name: 'own' },
      { type: 'merge', body: { subsets: [{ addresses: [{ ip: '192.0.2.2' }], ports: [{ port: 80 }] }] } },
    )
    await eventually(async () => assert.equal((await slicesOf('own'))[0]?.endpoints[0]?.addresses[0], '192.0.2.2'))
    await client.delete(Endpoints, { namespace, name: 'own' })
    await eventually(async () => assert.deepEqual(await slicesOf('own'), []))
  })

  test('many pods are spread over slices; headless services are marked', async () => {
    await client.create(Service, service('crowd', { clusterIP: 'None' }))
    await Promise.all(
      Array.from({ length: 230 }, (_, i) => pod('crowd', `crowd-${i}`, `10.2.${i >> 7}.${i & 127}`, true)),
    )
    await eventually(async () => {
      const slices = await slicesOf('crowd')
      const sizes = slices.map(({ endpoints }) => endpoints?.length ?? 0)
      assert.equal(
        sizes.reduce((sum, size) => sum + size, 0),
        230,
      )
      assert.ok(sizes.every(size => size <= 100) && sizes.length <= 5, `sizes ${sizes}`)
      assert.equal(slices[0]?.metadata.labels?.['service.kubernetes.io/headless'], '')
      const all = new Set(slices.flatMap(({ endpoints }) => endpoints.map(({ addresses }) => addresses[0])))
      assert.equal(all.size, 230)
      const { subsets } = await client.get(Endpoints, { namespace, name: 'crowd' })
      assert.equal(subsets?.[0]?.addresses?.length, 230)
    })
  })
})
