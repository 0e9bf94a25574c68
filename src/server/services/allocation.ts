import { Service } from '../../api/core/v1/index.js'
import { invalidValue } from '../../machinery/field-errors.js'
import { type Cidr, cidrContains, formatIp, parseIp } from '../../machinery/ip-address.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { type FieldError, internalError, invalid } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import type { AdmissionPlugin, AdmissionRequest } from '../admission/admission.js'
import type { Registries } from '../registry/registries.js'
import { allocatePorts } from './node-ports.js'
import { dynamicBegin, Pool, type Range } from './pool.js'
import { ServiceUsage } from './usage.js'

export interface ServiceNetwork {
  /** Addresses of services. */
  readonly cidr: Cidr
  readonly nodePorts: Range
}

/** Upper bound of addresses a pool looks at; larger networks are used from their beginning. */
const maximumAddresses = 1 << 20

/** What one write has been given so far, so that it can be given back. */
export class Allotment {
  readonly #releases: (() => void)[] = []

  take(pool: Pool, value: number): boolean {
    if (!pool.take(value)) return false
    this.#releases.push(() => pool.release(value))
    return true
  }

  takeAny(pool: Pool): number | undefined {
    const value = pool.takeAny()
    if (value !== undefined) this.#releases.push(() => pool.release(value))
    return value
  }

  release(): void {
    for (const release of this.#releases.splice(0)) release()
  }
}

/**
 * Gives services their addresses and node ports, checks the ones asked for, and takes them back as the type changes.
 * https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types
 */
export function serviceAllocation(registries: Registries, { cidr, nodePorts }: ServiceNetwork): AdmissionPlugin {
  let counted: ServiceUsage | undefined
  // The caches are full only once requests come in.
  const usage = () => (counted ??= new ServiceUsage(registries.of(Service).cache))
  const addresses = addressPool(cidr, address => usage().hasAddress(address))
  const ports = new Pool(nodePorts, dynamicBegin(nodePorts, 32, 128), port => usage().hasPort(port))
  const allotments = new WeakMap<AdmissionRequest, Allotment>()
  return {
    name: 'ServiceAllocation',
    mutate(request) {
      const { resource, subresource, object, old } = request
      if (resource.kind.gvk.kind !== 'Service' || resource.kind.gvk.group !== '' || subresource || !object) return
      const service = object as Draft<Service>
      const allotment = new Allotment()
      allotments.set(request, allotment)
      const errors = [
        ...allocateAddress(service, old as Service | undefined, cidr, addresses, allotment),
        ...allocatePorts(service, old as Service | undefined, ports, allotment),
      ]
      if (errors.length > 0) throw invalid(Service.gvk, service.metadata.name ?? '', errors)
    },
    settled: request => allotments.get(request)?.release(),
  }
}

/** The addresses of a network, by their distance from its first; first and last belong to nobody. */
function addressPool(cidr: Cidr, inUse: (address: string) => boolean): Pool {
  const size = Math.min(2 ** ((cidr.family === 4 ? 32 : 128) - cidr.prefix), maximumAddresses)
  const range = { first: 1, last: Math.max(1, size - 2) }
  return new Pool(range, dynamicBegin(range, 16, 256), offset => inUse(addressAt(cidr, offset)))
}

const addressAt = ({ family, network }: Cidr, offset: number): string =>
  formatIp({ family, value: network + BigInt(offset) })

/** Undefined for an address outside of the network. */
function offsetOf(cidr: Cidr, address: string): number | undefined {
  const parsed = parseIp(address)
  return parsed && cidrContains(cidr, parsed) ? Number(parsed.value - cidr.network) : undefined
}

const addressFields = ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const

function allocateAddress(
  { spec }: Draft<Service>,
  old: Service | undefined,
  cidr: Cidr,
  pool: Pool,
  allotment: Allotment,
): FieldError[] {
  if (spec.type === 'ExternalName') {
    // Left over from another type: given back, unless the client insists (then validation objects).
    for (const field of addressFields) if (old && jsonEqual(spec[field], old.spec[field])) delete spec[field]
    return []
  }
  defaultFamilies(spec, cidr)
  const asked = spec.clusterIP ?? ''
  // Validation has something to say about addresses without the first one.
  if (asked === '' && spec.clusterIPs?.some(address => address !== '')) return []
  if (asked === 'None' || (asked !== '' && asked === old?.spec.clusterIP)) {
    spec.clusterIP = asked
    spec.clusterIPs ??= [asked]
    return []
  }
  if (asked !== '') {
    const offset = offsetOf(cidr, asked)
    const refusal =
      offset === undefined || !pool.has(offset)
        ? 'the provided network does not match the current range'
        : allotment.take(pool, offset)
          ? undefined
          : 'provided IP is already allocated'
    if (refusal) return [invalidValue('spec.clusterIPs', [asked], `failed to allocate IP ${asked}: ${refusal}`)]
    spec.clusterIP = asked
    spec.clusterIPs ??= [asked]
    return []
  }
  const offset = allotment.takeAny(pool)
  if (offset === undefined) throw internalError('failed to allocate a serviceIP: range is full')
  spec.clusterIP = addressAt(cidr, offset)
  spec.clusterIPs = [spec.clusterIP]
  return []
}

/** Services have one family here; one without pods or addresses of its own leaves both open to its endpoints. */
function defaultFamilies(spec: Draft<Service>['spec'], cidr: Cidr): void {
  const own = cidr.family === 4 ? 'IPv4' : 'IPv6'
  const open = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0
  if (!spec.ipFamilies?.length && (!spec.ipFamilyPolicy || spec.ipFamilyPolicy !== 'SingleStack') && open)
    spec.ipFamilies = own === 'IPv4' ? ['IPv4', 'IPv6'] : ['IPv6', 'IPv4']
  if (!spec.ipFamilies?.length) spec.ipFamilies = [own]
  spec.ipFamilyPolicy ??= open && spec.ipFamilies.length > 1 ? 'RequireDualStack' : 'SingleStack'
}
