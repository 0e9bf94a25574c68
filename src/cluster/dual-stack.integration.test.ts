import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Service } from '../api/core/v1/index.js'
import { IPAddress, ServiceCIDR } from '../api/networking/v1/index.js'
import { isNotFound } from '../machinery/status-error.js'
import { ControlPlane } from './control-plane.js'

const bare = { port: false, controllers: false, scheduler: false } as const
const spec = { ports: [{ port: 80 }] }

describe('services of two families', () => {
  it('get an address of each, and give them back', async () => {
    await using plane = await ControlPlane.start({ ...bare, serviceCidr: '10.96.0.0/16,fd00:10:96::/112' })
    const { client } = plane
    assert.deepEqual((await client.get(ServiceCIDR, { name: 'kubernetes' })).spec.cidrs, [
      '10.96.0.0/16',
      'fd00:10:96::/112',
    ])
    const own = await client.get(Service, { namespace: 'default', name: 'kubernetes' })
    assert.deepEqual(own.spec.clusterIPs, ['10.96.0.1'])
    for (const [ipFamilyPolicy, ipFamilies, expected] of [
      ['SingleStack', undefined, ['IPv4']],
      ['SingleStack', ['IPv6'], ['IPv6']],
      ['PreferDualStack', undefined, ['IPv4', 'IPv6']],
      ['RequireDualStack', ['IPv6', 'IPv4'], ['IPv6', 'IPv4']],
    ] as const) {
      const { metadata, spec: made } = await client.create(Service, {
        metadata: { namespace: 'default', generateName: 's-' },
        spec: { ...spec, ipFamilyPolicy, ...(ipFamilies ? { ipFamilies: [...ipFamilies] } : {}) },
      })
      assert.deepEqual(made.ipFamilies, expected)
      const addresses = made.clusterIPs ?? []
      assert.deepEqual(
        addresses.map(address => (address.includes(':') ? 'IPv6' : 'IPv4')),
        expected,
      )
      for (const address of addresses)
        assert.equal((await client.get(IPAddress, { name: address })).spec.parentRef?.name, metadata.name)
      if (ipFamilyPolicy === 'RequireDualStack') {
        const text = plane.server.metrics.text()
        assert.match(text, /^kube_apiserver_clusterip_allocator_allocated_ips\{cidr="fd00:10:96::\/112"\} 1$/m)
        assert.match(
          text,
          /^kube_apiserver_clusterip_allocator_allocation_total\{cidr="10.96.0.0\/16",scope="dynamic"\} 3$/m,
        )
        assert.match(text, /^kube_apiserver_nodeport_allocator_available_ports 2768$/m)
      }
      await client.delete(Service, metadata)
      for (const address of addresses) await assert.rejects(client.get(IPAddress, { name: address }), isNotFound)
    }
  })

  it('may be asked for in any form', async () => {
    await using plane = await ControlPlane.start({ ...bare, serviceCidr: 'fd00:10:96::/112' })
    const { client } = plane
    const make = (name: string, clusterIP: string) =>
      client.create(Service, { metadata: { namespace: 'default', name }, spec: { ...spec, clusterIP } })
    const { metadata, spec: made } = await make('s', 'FD00:10:96:0::0005')
    assert.equal(made.clusterIP, 'FD00:10:96:0::0005')
    assert.equal((await client.get(IPAddress, { name: 'fd00:10:96::5' })).spec.parentRef?.name, 's')
    await assert.rejects(make('t', 'fd00:10:96::5'), /provided IP is already allocated/)
    await client.delete(Service, metadata)
    await assert.rejects(client.get(IPAddress, { name: 'fd00:10:96::5' }), isNotFound)
    assert.equal((await make('t', 'fd00:10:96::5')).spec.clusterIP, 'fd00:10:96::5')
  })

  it('come to a cluster that had one family before', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 't8s-families-'))
    try {
      for (const serviceCidr of ['10.96.0.0/16', '10.96.0.0/16,fd00:10:96::/112']) {
        await using plane = await ControlPlane.start({ ...bare, serviceCidr, dataDir })
        const { spec } = await plane.client.get(ServiceCIDR, { name: 'kubernetes' })
        assert.equal(spec.cidrs?.join(), serviceCidr)
      }
    } finally {
      await rm(dataDir, { recursive: true })
    }
  })

  it('have one family alone where the cluster has one', async () => {
    await using plane = await ControlPlane.start({ ...bare, serviceCidr: 'fd00:10:96::/112' })
    const { client } = plane
    const make = (ipFamilyPolicy: string) =>
      client.create(Service, { metadata: { namespace: 'default', name: 's' }, spec: { ...spec, ipFamilyPolicy } })
    await assert.rejects(make('RequireDualStack'), /this cluster is not configured for dual-stack services/)
    assert.deepEqual((await make('PreferDualStack')).spec.ipFamilies, ['IPv6'])
  })
})
