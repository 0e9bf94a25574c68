import { Service } from '../../api/core/v1/index.js'
import type { Clock } from '../../machinery/clock.js'
import { invalidValue } from '../../machinery/field-errors.js'
import { type Cidr, cidrContains, formatIp, parseIp } from '../../machinery/ip-address.js'
import { type FieldError, internalError, invalid } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import type { AdmissionPlugin } from '../admission/admission.js'
import type { Registries } from '../registry/registries.js'
import { Pool } from './pool.js'

export interface ServiceNetwork {
  /** Addresses of services. */
  readonly cidr: Cidr
  readonly nodePorts: { readonly first: number; readonly last: number }
}

/** Upper bound of addresses a pool looks at; larger networks are used from their beginning. */
const maximumAddresses = 1 << 20

/**
 * Gives services their addresses and node ports, checks the ones asked for, and takes them back as the type changes.
 * https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types
 */
export function serviceAllocation(registries: Registries, network: ServiceNetwork, clock: Clock): AdmissionPlugin {
  const { cidr, nodePorts } = network
  const base = Number(cidr.network)
  const size = Math.min(2 ** ((cidr.family === 4 ? 32 : 128) - cidr.prefix), maximumAddresses)
  const services = () => registries.of(Service)
  const used = usage(registries)
  const addresses = new Pool(
    { first: 1, last: Math.max(1, size - 2) },
    offset => used().addresses.has(formatIp({ family: cidr.family, value: cidr.network + BigInt(offset) })),
    clock,
  )
  const ports = new Pool(nodePorts, port => used().ports.has(port), clock)

  return {
    name: 'ServiceAllocation',
    mutate({ resource, subresource, object, old }) {
      if (resource.kind.gvk.kind !== 'Service' || resource.kind.gvk.group !== '' || subresource || !object) return
      const service = object as Draft<Service>
      const errors = [
        ...allocateAddress(service, old as Service | undefined, cidr, base, addresses),
        ...allocatePorts(service, old as Service | undefined, ports),
      ]
      if (errors.length > 0) throw invalid(services().resource.kind.gvk, service.metadata.name ?? '', errors)
    },
  }
}

function allocateAddress(
  { spec }: Draft<Service>,
  old: Service | undefined,
  cidr: Cidr,
  base: number,
  pool: Pool,
): FieldError[] {
  if (spec.type === 'ExternalName') {
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const) delete spec[field]
    return []
  }
  spec.ipFamilyPolicy ??= 'SingleStack'
  if (!spec.ipFamilies?.length) spec.ipFamilies = [cidr.family === 4 ? 'IPv4' : 'IPv6']
  const asked = spec.clusterIP || spec.clusterIPs?.[0] || ''
  const had = old?.spec.clusterIP ?? ''
  if (asked === 'None' || (asked !== '' && asked === had)) {
    spec.clusterIP = asked
    spec.clusterIPs ??= [asked]
    return []
  }
  if (asked !== '') {
    const address = parseIp(asked)
    const offset = address && cidrContains(cidr, address) ? Number(address.value) - base : -1
    const refusal =
      offset < 0 || !pool.has(offset)
        ? 'the provided network does not match the current range'
        : pool.take(offset)
          ? undefined
          : 'provided IP is already allocated'
    if (refusal) return [invalidValue('spec.clusterIPs', [asked], `failed to allocate IP ${asked}: ${refusal}`)]
    spec.clusterIP = asked
    spec.clusterIPs = [asked]
    return []
  }
  const offset = pool.takeAny()
  if (offset === undefined) throw internalError('failed to allocate a serviceIP: range is full')
  const address = formatIp({ family: cidr.family, value: cidr.network + BigInt(offset) })
  spec.clusterIP = address
  spec.clusterIPs = [address]
  return []
}

/** Types whose ports are also open on the nodes. */
function opensNodePorts({ spec }: Draft<Service> | Service): boolean {
  return spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
}

function allocatePorts(service: Draft<Service>, old: Service | undefined, pool: Pool): FieldError[] {
  const { spec } = service
  const errors: FieldError[] = []
  const external = spec.type === 'NodePort' || spec.type === 'LoadBalancer'
  const kept = new Map<number, string>()
  for (const { nodePort, protocol = 'TCP' } of old?.spec.ports ?? []) if (nodePort) kept.set(nodePort, protocol)
  // One number may serve several protocols of one service.
  const taken = new Map<number, Set<string>>()
  for (const [i, port] of (spec.ports ?? []).entries()) {
    const protocol = port.protocol ?? 'TCP'
    if (!external) {
      // Left over from another type: the number goes back unless the client insists (then validation objects).
      if (port.nodePort && kept.has(port.nodePort)) delete port.nodePort
      continue
    }
    if (port.nodePort) {
      const others = taken.get(port.nodePort)
      const at = `spec.ports[${i}].nodePort`
      if (!pool.has(port.nodePort))
        errors.push(
          invalidValue(
            at,
            port.nodePort,
            `provided port is not in the valid range. The range of valid ports is ${pool.range.first}-${pool.range.last}`,
          ),
        )
      else if (others ? others.has(protocol) : !kept.has(port.nodePort) && !pool.take(port.nodePort))
        errors.push(invalidValue(at, port.nodePort, 'provided port is already allocated'))
      taken.set(port.nodePort, new Set([...(others ?? []), protocol]))
      continue
    }
    if (!opensNodePorts(service)) continue
    // A port that keeps its number and protocol keeps its node port, too.
    const before = old?.spec.ports?.find(
      candidate => candidate.port === port.port && (candidate.protocol ?? 'TCP') === protocol,
    )?.nodePort
    const nodePort = before && !taken.has(before) ? before : pool.takeAny()
    if (nodePort === undefined) throw internalError('failed to allocate a nodePort: range is full')
    port.nodePort = nodePort
    taken.set(nodePort, new Set([protocol]))
  }
  const checksHealth = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
  if (!checksHealth) delete spec.healthCheckNodePort
  else if (!spec.healthCheckNodePort) {
    const nodePort = old?.spec.healthCheckNodePort || pool.takeAny()
    if (nodePort === undefined) throw internalError('failed to allocate a health check nodePort: range is full')
    spec.healthCheckNodePort = nodePort
  } else if (spec.healthCheckNodePort !== old?.spec.healthCheckNodePort && !pool.take(spec.healthCheckNodePort))
    errors.push(
      invalidValue('spec.healthCheckNodePort', spec.healthCheckNodePort, 'provided port is already allocated'),
    )
  return errors
}

/** What services use now; worked out again only after one has changed. */
function usage(registries: Registries): () => { addresses: ReadonlySet<string>; ports: ReadonlySet<number> } {
  let at = -1
  let known = { addresses: new Set<string>(), ports: new Set<number>() }
  return () => {
    const { cache } = registries.of(Service)
    if (cache.changed === at) return known
    at = cache.changed
    known = { addresses: new Set(), ports: new Set() }
    for (const { object } of cache.list()) {
      for (const address of object.spec.clusterIPs ?? []) known.addresses.add(address)
      for (const { nodePort } of object.spec.ports ?? []) if (nodePort) known.ports.add(nodePort)
      if (object.spec.healthCheckNodePort) known.ports.add(object.spec.healthCheckNodePort)
    }
    return known
  }
}
