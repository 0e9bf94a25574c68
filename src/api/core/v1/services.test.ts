import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Draft } from '../../../schema/index.js'
import type { Service } from './service.js'
import { services } from './services.js'

test('services that are no longer balanced are not shown as balanced', () => {
  const ingress = [{ ip: '192.0.2.1', ipMode: 'VIP' }]
  const old = {
    metadata: { name: 's' },
    spec: { type: 'LoadBalancer', clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ports: [{ port: 80 }] },
    status: { loadBalancer: { ingress }, conditions: [{ type: 'A' }] },
  } as unknown as Service
  const writer = { user: { name: 'a', groups: [] }, now: 0 }
  for (const [type, loadBalancer] of [
    ['LoadBalancer', { ingress }],
    ['NodePort', {}],
    ['ClusterIP', {}],
  ] as const) {
    const draft = structuredClone(old) as Draft<Service>
    draft.spec.type = type
    services.strategy.prepareForUpdate?.(draft, old, writer)
    assert.deepEqual(draft.status, { loadBalancer, conditions: [{ type: 'A' }] })
  }
})
