import type { Service } from '../../api/core/v1/index.js'
import type { EndpointSlice } from '../../api/discovery/v1/index.js'
import { formatIp, parseIp } from '../../machinery/ip-address.js'

export interface ZonePort {
  /** Empty if it has none. */
  readonly name: string
  /** In lower case. */
  readonly protocol: string
  readonly port: number
}

export interface ZoneEndpoint {
  /** Its name below the service's: its own, or its address with dashes. */
  readonly hostname: string
  readonly address: string
  readonly ports: readonly ZonePort[]
}

/** What DNS says of a service. */
export interface ZoneService {
  readonly namespace: string
  readonly name: string
  /** Cluster addresses; none if it is headless. */
  readonly addresses: readonly string[]
  readonly ports: readonly ZonePort[]
  /** Another name that it stands for. */
  readonly externalName?: string
  /** Those that are ready. */
  readonly endpoints: readonly ZoneEndpoint[]
}

/** What the answers to questions are made from. */
export interface DnsZone {
  /** Of the cluster, in lower case. */
  readonly domain: string
  /** Grows with every change. */
  readonly serial: number
  /** Where this server is reached, for those who ask for the zone's servers. */
  readonly serverAddresses: readonly string[]
  service(namespace: string, name: string): ZoneService | undefined
  /** True if there is a service in the namespace. */
  hasNamespace(namespace: string): boolean
  /** Who has an address: services, or endpoints of services. */
  owners(address: string): Iterable<{ readonly service: ZoneService; readonly endpoint?: ZoneEndpoint }>
}

const serviceNameLabel = 'kubernetes.io/service-name'

/** A zone that is kept up to date service by service and slice by slice. */
export class ServiceZone implements DnsZone {
  readonly domain: string
  #serial = 1
  readonly #objects = new Map<string, Service>()
  readonly #slices = new Map<string, Map<string, EndpointSlice>>()
  readonly #services = new Map<string, Map<string, ZoneService>>()
  readonly #owners = new Map<string, Set<ZoneService>>()

  constructor(
    domain: string,
    readonly serverAddresses: readonly string[] = [],
  ) {
    this.domain = domain.toLowerCase().replace(/\.$/, '')
  }

  get serial(): number {
    return this.#serial
  }

  service(namespace: string, name: string): ZoneService | undefined {
    return this.#services.get(namespace)?.get(name)
  }

  hasNamespace(namespace: string): boolean {
    return this.#services.has(namespace)
  }

  *owners(address: string): Iterable<{ readonly service: ZoneService; readonly endpoint?: ZoneEndpoint }> {
    for (const service of this.#owners.get(address) ?? []) {
      if (service.addresses.includes(address)) yield { service }
      for (const endpoint of service.endpoints) if (endpoint.address === address) yield { service, endpoint }
    }
  }

  putService(service: Service): void {
    this.#objects.set(keyOf(service.metadata.namespace, service.metadata.name), service)
    this.#refresh(service.metadata.namespace, service.metadata.name)
  }

  removeService({ metadata: { namespace, name } }: Service): void {
    this.#objects.delete(keyOf(namespace, name))
    this.#refresh(namespace, name)
  }

  putSlice(slice: EndpointSlice): void {
    const { namespace, name = '', labels = {} } = slice.metadata
    const service = labels[serviceNameLabel]
    if (!service) return
    const key = keyOf(namespace, service)
    let slices = this.#slices.get(key)
    if (!slices) this.#slices.set(key, (slices = new Map()))
    slices.set(name, slice)
    this.#refresh(namespace, service)
  }

  removeSlice({ metadata: { namespace, name = '', labels = {} } }: EndpointSlice): void {
    const service = labels[serviceNameLabel]
    const key = keyOf(namespace, service)
    const slices = this.#slices.get(key)
    if (!slices?.delete(name)) return
    if (!slices.size) this.#slices.delete(key)
    this.#refresh(namespace, service)
  }

  #refresh(namespace = '', name = ''): void {
    this.#serial++
    const key = keyOf(namespace, name)
    const old = this.#services.get(namespace)?.get(name)
    if (old)
      for (const address of addressesOf(old)) {
        const owners = this.#owners.get(address)
        owners?.delete(old)
        if (owners?.size === 0) this.#owners.delete(address)
      }
    const object = this.#objects.get(key)
    let services = this.#services.get(namespace)
    if (!object) {
      services?.delete(name)
      if (services?.size === 0) this.#services.delete(namespace)
      return
    }
    const service = zoneService(object, this.#slices.get(key)?.values() ?? [])
    if (!services) this.#services.set(namespace, (services = new Map()))
    services.set(name, service)
    for (const address of addressesOf(service)) {
      const owners = this.#owners.get(address)
      if (owners) owners.add(service)
      else this.#owners.set(address, new Set([service]))
    }
  }
}

const keyOf = (namespace = '', name = ''): string => `${namespace}/${name}`

const addressesOf = ({ addresses, endpoints }: ZoneService): string[] => [
  ...addresses,
  ...endpoints.map(({ address }) => address),
]

/** What DNS says of a service with these slices. */
function zoneService({ metadata, spec }: Service, slices: Iterable<EndpointSlice>): ZoneService {
  const identity = { namespace: metadata.namespace ?? '', name: metadata.name ?? '' }
  if (spec.type === 'ExternalName') {
    const externalName = (spec.externalName ?? '').toLowerCase().replace(/\.$/, '')
    return { ...identity, addresses: [], ports: [], externalName, endpoints: [] }
  }
  return {
    ...identity,
    addresses: (spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP ?? '']).flatMap(canonical),
    ports: (spec.ports ?? []).map(zonePort),
    endpoints: readyEndpoints(slices, spec.publishNotReadyAddresses ?? false),
  }
}

const zonePort = ({
  name = '',
  protocol = 'TCP',
  port = 0,
}: {
  name?: string
  protocol?: string
  port?: number
}): ZonePort => ({
  name: name.toLowerCase(),
  protocol: protocol.toLowerCase(),
  port,
})

function readyEndpoints(slices: Iterable<EndpointSlice>, evenIfNotReady: boolean): ZoneEndpoint[] {
  const found = new Map<string, ZoneEndpoint>()
  for (const slice of slices) {
    if (slice.addressType === 'FQDN') continue
    const ports = (slice.ports ?? []).map(zonePort)
    for (const { addresses, hostname, conditions } of slice.endpoints ?? []) {
      if (conditions.ready === false && !evenIfNotReady) continue
      for (const address of addresses.flatMap(canonical)) {
        const name = (hostname || address.replaceAll(/[.:]/g, '-')).toLowerCase()
        const id = `${name} ${address}`
        const known = found.get(id)
        // One endpoint may be in several slices, with different ports.
        const all = known ? [...known.ports, ...ports.filter(port => !known.ports.some(same(port)))] : ports
        found.set(id, { hostname: name, address, ports: all })
      }
    }
  }
  return [...found.values()]
}

const same =
  (a: ZonePort) =>
  (b: ZonePort): boolean =>
    a.name === b.name && a.protocol === b.protocol && a.port === b.port

function canonical(address: string): string[] {
  const parsed = parseIp(address)
  return parsed ? [formatIp(parsed)] : []
}
