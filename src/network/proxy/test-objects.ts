import type { Service, ServiceSpec } from '../../api/core/v1/index.js'
import type { Endpoint, EndpointSlice } from '../../api/discovery/v1/index.js'

/** A service for tests: `default/web` with port 80 at 10.96.0.1 unless `spec` says otherwise. */
export const testService = (
  spec: Partial<ServiceSpec> = {},
  { name = 'web', labels = {}, ingress = [] as { ip: string; ipMode?: string }[] } = {},
): Service => ({
  metadata: { namespace: 'default', name, labels },
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.0.1',
    ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
    ...spec,
  },
  status: { loadBalancer: { ingress } },
})

/** An endpoint for tests: an address, and what is special about it. */
export type TestEndpoint = string | ({ readonly address: string } & Omit<Partial<Endpoint>, 'addresses'>)

/** A slice of `default/web` for tests, with port 8080 unless `ports` says otherwise. */
export const testSlice = (
  endpoints: readonly TestEndpoint[],
  {
    name = 'web-1',
    service = 'web',
    family = 4,
    ports = [{ port: 8080, protocol: 'TCP' }] as EndpointSlice['ports'],
  } = {},
): EndpointSlice => ({
  metadata: { namespace: 'default', name, labels: { 'kubernetes.io/service-name': service } },
  addressType: `IPv${family}`,
  ports,
  endpoints: endpoints.map(given => {
    const { address, ...endpoint } = typeof given === 'string' ? { address: given } : given
    return { conditions: {}, ...endpoint, addresses: [address] }
  }),
})
