import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { memoryStore } from '../../storage/index.js'
import { KeyExistsError } from '../../storage/store.js'
import { Registries } from '../registry/registries.js'
import type { Registry } from '../registry/registry.js'
import { observedStore } from './observed-store.js'
import { ServerMetrics } from './server-metrics.js'

const registryOf = (group: string, plural: string, prefix: string) =>
  ({
    name: { group, plural },
    resource: { kind: { gvk: { group, version: 'v1', kind: 'X' }, plural }, stored: false, subresources: [] },
    cache: { prefix },
  }) as unknown as Registry

describe('an observed store', () => {
  it('is used as before, and counted by resource', async () => {
    await using store = memoryStore()
    const registries = new Registries()
    registries.add(registryOf('', 'services', '/registry/services/specs/'))
    registries.add(registryOf('apps', 'deployments', '/registry/deployments/'))
    const metrics = new ServerMetrics(registries)
    const observed = observedStore(store, metrics, registries)
    const value = Buffer.from('x')
    const revision = await observed.create('/registry/services/specs/a/b', value)
    await assert.rejects(observed.create('/registry/services/specs/a/b', value), KeyExistsError)
    await observed.update('/registry/services/specs/a/b', value, revision)
    await observed.list('/registry/deployments/')
    await observed.get('/registry/unknown/x')
    assert.equal(await observed.revision(), await store.revision())
    const shown = metrics.registry
      .text()
      .split('\n')
      .filter(line => /^etcd_request.*(_total|_count)\{/.test(line))
    assert.deepEqual(shown.filter(line => line.startsWith('etcd_requests_total')).sort(), [
      'etcd_requests_total{operation="create",group="",resource="services"} 2',
      'etcd_requests_total{operation="get",group="",resource=""} 1',
      'etcd_requests_total{operation="list",group="apps",resource="deployments"} 1',
      'etcd_requests_total{operation="update",group="",resource="services"} 1',
    ])
    assert.equal(
      shown.some(line => line.startsWith('etcd_request_errors_total')),
      false,
    )
  })
})
