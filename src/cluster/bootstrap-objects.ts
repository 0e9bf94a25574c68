import { ConfigMap, Endpoints, Namespace, Service } from '../api/core/v1/index.js'
import { EndpointSlice } from '../api/discovery/v1/index.js'
import { ServiceCIDR } from '../api/networking/v1/index.js'
import { PriorityClass } from '../api/scheduling/v1/index.js'
import type { Client, ObjectRef } from '../client/client.js'
import { type Clock, rfc3339 } from '../machinery/clock.js'
import type { ApiObject } from '../machinery/object.js'
import { isAlreadyExists, isNotFound } from '../machinery/status-error.js'
import type { Kind } from '../schema/index.js'
import type { AuthenticationOptions } from '../server/authentication/authentication.js'

type RequestHeaders = NonNullable<AuthenticationOptions['requestHeaders']>

/** Where pods and clients reach the API server. */
export interface AdvertisedAddress {
  readonly ip: string
  readonly port: number
}

export interface BootstrapOptions {
  /** Resolves once the system namespaces are there. */
  readonly namespaces: Promise<void>
  readonly serviceCidrs: readonly string[]
  /** Of the service `kubernetes`. */
  readonly serviceAddress: string
  /** PEM of the authorities whose client certificates the server believes. */
  readonly clientCa: string
  readonly clock: Clock
  /** The proxy that is believed, if one is. */
  readonly requestHeaders?: RequestHeaders | undefined
}

const systemNamespaces = ['default', 'kube-node-lease', 'kube-public', 'kube-system']

const systemPriorityClasses = [
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
  {
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
]

/** The namespaces that every cluster has. Safe to repeat. */
export async function createSystemNamespaces(client: Client): Promise<void> {
  await Promise.all(systemNamespaces.map(name => ensure(client, Namespace, { metadata: { name } })))
}

/** Makes what every cluster has from its first moment. Safe to repeat; what is there is left alone. */
export async function createBootstrapObjects(client: Client, options: BootstrapOptions): Promise<void> {
  const { namespaces, serviceCidrs, serviceAddress, clientCa, requestHeaders, clock } = options
  const inNamespaces = async () => {
    await namespaces
    await Promise.all([
      publishClientAuthorities(client, clientCa, requestHeaders),
      // Tokens of secrets count as unused since then.
      ensure(client, ConfigMap, {
        metadata: { name: 'kube-apiserver-legacy-service-account-token-tracking', namespace: 'kube-system' },
        data: { since: rfc3339(clock.now()).slice(0, 'YYYY-MM-DD'.length) },
      }),
    ])
  }
  const networks = async () => {
    await createServiceCidr(client, serviceCidrs, clock)
    await namespaces
    await createServerService(client, serviceAddress)
  }
  await Promise.all([
    ...systemPriorityClasses.map(priorityClass => ensure(client, PriorityClass, priorityClass)),
    inNamespaces(),
    networks(),
  ])
}

/** The service by which pods reach the API server. */
const createServerService = (client: Client, serviceAddress: string): Promise<void> =>
  ensure(client, Service, {
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { component: 'apiserver', provider: 'kubernetes' },
    },
    spec: {
      type: 'ClusterIP',
      clusterIP: serviceAddress,
      clusterIPs: [serviceAddress],
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }],
      sessionAffinity: 'None',
    },
  })

/** Servers behind this one learn from it whom to believe. */
export const publishClientAuthorities = (
  client: Client,
  clientCa: string,
  requestHeaders: RequestHeaders | undefined,
): Promise<void> =>
  createOrReplace(client, ConfigMap, {
    metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
    data: { 'client-ca-file': clientCa, ...(requestHeaders ? requestHeaderData(requestHeaders) : {}) },
  })

/** How the proxy in front of other API servers names users, for these servers. */
const requestHeaderData = (options: RequestHeaders) => ({
  'requestheader-client-ca-file': options.ca,
  'requestheader-allowed-names': JSON.stringify(options.allowedNames),
  'requestheader-username-headers': JSON.stringify(options.usernameHeaders),
  'requestheader-uid-headers': JSON.stringify(options.uidHeaders),
  'requestheader-group-headers': JSON.stringify(options.groupHeaders),
  'requestheader-extra-headers-prefix': JSON.stringify(options.extraHeaderPrefixes),
})

/** The object of the networks that the server was told to take service addresses from. They are ready at once. */
async function createServiceCidr(client: Client, cidrs: readonly string[], clock: Clock): Promise<void> {
  await ensure(client, ServiceCIDR, { metadata: { name: 'kubernetes' }, spec: { cidrs: [...cidrs] } })
  let there = await client.get(ServiceCIDR, { name: 'kubernetes' })
  const before = there.spec.cidrs ?? []
  // A cluster may get a second family; a network that services live in stays.
  if (before.length < cidrs.length && before.every((text, i) => text === cidrs[i]))
    there = await client.update(ServiceCIDR, { ...there, spec: { cidrs: [...cidrs] } })
  if (there.status.conditions?.some(({ type }) => type === 'Ready')) return
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: '',
    message: 'Kubernetes default Service CIDR is ready',
    lastTransitionTime: rfc3339(clock.now()),
  }
  await client.patch(
    ServiceCIDR,
    there.metadata,
    { type: 'merge', body: { status: { conditions: [ready] } } },
    { subresource: 'status' },
  )
}

/**
 * Points the `kubernetes` service at this API server. One that listens on the loopback has no address that pods could
 * reach: its service gets no endpoints.
 */
export async function publishApiServer(client: Client, { ip, port }: AdvertisedAddress): Promise<void> {
  const service = await client.get(Service, { namespace: 'default', name: 'kubernetes' })
  const [first] = service.spec.ports ?? []
  if (first && first.targetPort !== port)
    await client.patch(Service, service.metadata, {
      type: 'strategic',
      body: { spec: { ports: [{ port: first.port, protocol: 'TCP', targetPort: port }] } },
    })
  if (ip === '::1' || ip.startsWith('127.')) return
  await createOrReplace(client, EndpointSlice, {
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': 'kubernetes' },
    },
    addressType: ip.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: [{ addresses: [ip], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  })
  await createOrReplace(client, Endpoints, {
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
    },
    subsets: [{ addresses: [{ ip }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
  })
}

/** Makes an object unless there is one of its name: asked first, as a service that is there has the address it wants. */
async function ensure<T extends ApiObject, I extends { metadata?: ObjectRef }>(
  client: Client,
  kind: Kind<T, I>,
  object: I,
): Promise<void> {
  try {
    await client.get(kind, object.metadata ?? {})
  } catch (error) {
    if (!isNotFound(error)) throw error
    await client.create(kind, object).catch(error => {
      if (!isAlreadyExists(error)) throw error
    })
  }
}

/** Puts an object there, whether or not there is one. */
export async function createOrReplace<
  T extends ApiObject,
  I extends { metadata?: { name?: string; namespace?: string } },
>(client: Client, kind: Kind<T, I>, object: I): Promise<void> {
  try {
    await client.update(kind, object)
  } catch (error) {
    if (!isNotFound(error)) throw error
    await ensure(client, kind, object)
  }
}
