import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Service } from '../../api/core/v1/index.js'
import type { Registries } from '../registry/registries.js'
import { serviceAddress } from './service-address.js'

/** Registries of one service and its slices, as far as looking up goes. */
const registriesOf = (spec: object | undefined, slices: readonly object[]): Registries =>
  ({
    of: (kind: unknown) => ({
      cache: {
        get: () => spec && { object: { spec } },
        list: () => (kind === Service ? [] : slices.map(object => ({ object }))),
      },
    }),
  }) as unknown as Registries

const labels = { 'kubernetes.io/service-name': 's' }
const slice = (name: string, port: number | undefined, ...endpoints: [address: string, ready?: boolean][]) => ({
  metadata: { labels },
  ports: [{ name, port }],
  endpoints: endpoints.map(([address, ready]) => ({ addresses: [address], conditions: { ready } })),
})
const ports = [{ name: 'https', port: 443 }]
const clusterIp = { type: 'ClusterIP', clusterIP: '10.96.0.9', ports }

const cases: [what: string, spec: object | undefined, slices: object[], expected: object | RegExp][] = [
  ['nothing', undefined, [], /^Error: service "s" not found$/],
  ['another name', { type: 'ExternalName', externalName: 'x.example' }, [], { host: 'x.example', port: 443 }],
  ['another port', { ...clusterIp, ports: [] }, [], /no service port 443 found for service "s"/],
  [
    'a ready endpoint',
    clusterIp,
    [slice('https', 8443, ['10.0.0.1', false], ['10.0.0.2'])],
    { host: '10.0.0.2', port: 8443 },
  ],
  ['another port of an endpoint', clusterIp, [slice('http', 80, ['10.0.0.1'])], { host: '10.96.0.9', port: 443 }],
  ['its own address', clusterIp, [slice('https', 8443, ['10.0.0.1', false])], { host: '10.96.0.9', port: 443 }],
  ['no address at all', { clusterIP: 'None', ports }, [], /no endpoints available for service "s"/],
]
for (const [what, spec, slices, expected] of cases)
  test(`a service is reached at ${what}`, () => {
    const address = () =>
      serviceAddress(registriesOf(spec, slices), { namespace: 'ns', name: 's', port: 443 }, () => 0.5)
    if (expected instanceof RegExp) assert.throws(address, expected)
    else assert.deepEqual(address(), expected)
  })
