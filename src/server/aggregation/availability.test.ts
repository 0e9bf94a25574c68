import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '../../api/core/v1/index.js'
import type { EndpointSlice } from '../../api/discovery/v1/index.js'
import { serviceFault } from './availability.js'

const reference = { namespace: 'ns', name: 's', port: 443 }
const service = (spec: object) => ({ metadata: {}, spec, status: {} }) as unknown as Service
const clusterIp = service({ type: 'ClusterIP', ports: [{ name: 'https', port: 443 }] })
const slice = (ready: boolean | undefined, ports: object[]) =>
  ({ endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready } }], ports }) as unknown as EndpointSlice
const https = [{ name: 'https', port: 8443 }]
const missing = 'endpointslices for service/s in "ns" have no addresses with port name "https"'

const cases: [what: string, Service | undefined, EndpointSlice[], reason?: string, message?: string][] = [
  ['no service', undefined, [], 'ServiceNotFound', 'service/s in "ns" is not present'],
  [
    'another port',
    service({ type: 'ClusterIP', ports: [{ port: 80 }] }),
    [],
    'ServicePortError',
    'service/s in "ns" is not listening on port 443',
  ],
  ['no slices', clusterIp, [], 'EndpointsNotFound', 'cannot find endpointslices for service/s in "ns"'],
  ['nobody ready', clusterIp, [slice(false, https)], 'MissingEndpoints', missing],
  ['another port name', clusterIp, [slice(true, [{ name: 'http', port: 80 }])], 'MissingEndpoints', missing],
  ['a port without a number', clusterIp, [slice(true, [{ name: 'https' }])], 'MissingEndpoints', missing],
  ['somebody ready', clusterIp, [slice(false, https), slice(true, https)]],
  ['somebody of whom nothing is known', clusterIp, [slice(undefined, https)]],
  ['a service elsewhere', service({ type: 'ExternalName', externalName: 'x' }), []],
  ['a service of nodes', service({ type: 'NodePort', ports: [] }), []],
]
for (const [what, found, slices, reason, message] of cases)
  test(`${what}: ${reason ?? 'nothing against it'}`, () => {
    const fault = serviceFault(reference, found, slices)
    assert.deepEqual(fault, reason ? { status: 'False', reason, message } : undefined)
  })
