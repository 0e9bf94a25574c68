import { Service } from '../../api/core/v1/index.js'
import { invalidValue } from '../../machinery/field-errors.js'
import type { Cidr } from '../../machinery/ip-address.js'
import type { MetricsRegistry } from '../../machinery/metrics/index.js'
import { invalid, isAlreadyExists, StatusError } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import type { AdmissionPlugin, AdmissionRequest } from '../admission/admission.js'
import type { Registries } from '../registry/registries.js'
import { AddressObjects } from './address-objects.js'
import { AllocatorMetrics, type Scope } from './allocator-metrics.js'
import { keepsPreference, settleFamilies } from './families.js'
import { type IpFamily, ServiceNetworks } from './networks.js'
import { allocatePorts } from './node-ports.js'
import { dynamicBegin, Pool, type Range } from './pool.js'
import { ServiceUsage } from './usage.js'

export interface ServiceNetwork {
  /** Addresses of services: one network, or one of each family, that of the default family first. */
  readonly cidr: Cidr | readonly Cidr[]
  readonly nodePorts: Range
  readonly metrics: MetricsRegistry
}

/** What one write has been given so far, so that it can be given back. */
export class Allotment {
  readonly #releases: (() => void)[] = []

  /** `noted` hears of what was taken, or could not be. */
  constructor(private readonly noted: (scope: Scope, given: boolean) => void = () => {}) {}

  take(pool: Pool, value: number): boolean {
    const given = pool.take(value)
    this.noted('static', given)
    if (!given) return false
    this.onEnd(() => pool.release(value))
    return true
  }

  takeAny(pool: Pool): number | undefined {
    const value = pool.takeAny()
    this.noted('dynamic', value !== undefined)
    if (value !== undefined) this.onEnd(() => pool.release(value))
    return value
  }

  onEnd(release: () => void): void {
    this.#releases.push(release)
  }

  release(): void {
    for (const release of this.#releases.splice(0)) release()
  }
}

const isService = ({ resource, subresource }: AdmissionRequest): boolean =>
  resource.kind.gvk.kind === 'Service' && resource.kind.gvk.group === '' && !subresource

/**
 * Gives services their addresses and node ports, checks the ones asked for, and takes them back as the type changes.
 * https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types
 */
export function serviceAllocation(
  registries: Registries,
  { cidr, nodePorts, metrics }: ServiceNetwork,
): AdmissionPlugin {
  let counted: ServiceUsage | undefined
  // The caches are full only once requests come in.
  const usage = () => (counted ??= new ServiceUsage(registries.of(Service).cache))
  const objects = new AddressObjects(registries)
  const networks = new ServiceNetworks(
    [cidr].flat() as readonly Cidr[],
    registries,
    address => objects.has(address) || usage().hasAddress(address),
  )
  const ports = new Pool(nodePorts, dynamicBegin(nodePorts, 32, 128), port => usage().hasPort(port))
  const noted = new AllocatorMetrics(metrics, { pools: () => networks.pools, ports, usage })
  const allotments = new WeakMap<AdmissionRequest, Allotment>()
  const allocate = async (request: AdmissionRequest): Promise<void> => {
    const service = request.object as Draft<Service>
    const old = request.old as Service | undefined
    const allotment = new Allotment((scope, given) => noted.port(scope, given))
    allotments.set(request, allotment)
    const refuse = (errors: Parameters<typeof invalid>[2]) => {
      if (errors.length > 0) throw invalid(Service.gvk, service.metadata.name ?? '', errors)
    }
    refuse(settleFamilies(service, old, networks.families))
    for (const [family, position] of wantedAddresses(service, old)) {
      const asked = service.spec.clusterIPs?.[position] ?? ''
      service.spec.clusterIPs = withAt(service.spec.clusterIPs ?? [], position, asked)
      const address = await claim(
        { networks, objects, allotment, noted, service, dryRun: request.dryRun },
        family,
        asked,
      )
      service.spec.clusterIPs = withAt(service.spec.clusterIPs, position, address)
      if (position === 0) service.spec.clusterIP = address
    }
    refuse(allocatePorts(service, old, ports, allotment))
  }
  const settle = async (request: AdmissionRequest): Promise<void> => {
    allotments.get(request)?.release()
    if (request.dryRun) return
    // Whatever the write has come to: addresses that no service has are nobody's.
    const addresses = [request.old, request.object].flatMap(object => (object as Service)?.spec?.clusterIPs ?? [])
    const owner = request.object?.metadata ?? request.old?.metadata ?? {}
    for (const address of new Set(addresses)) if (!usage().hasAddress(address)) await objects.release(address, owner)
  }
  return {
    name: 'ServiceAllocation',
    allocate: request => (isService(request) && request.object ? allocate(request) : undefined),
    settled: request => (isService(request) ? settle(request) : undefined),
  }
}

/** Families that need an address now, and the place of the address in the list. */
function wantedAddresses({ spec }: Draft<Service>, old: Service | undefined): readonly (readonly [IpFamily, number])[] {
  if (spec.type === 'ExternalName' || spec.clusterIPs?.[0] === 'None' || keepsPreference(spec, old)) return []
  const families = (spec.ipFamilies ?? []).map((family, i) => [family as IpFamily, i] as const)
  if (!old || old.spec.type === 'ExternalName') return families
  if (old.spec.clusterIPs?.[0] === 'None') return []
  // An address once given stays, so there is only the second one to come.
  return old.spec.ipFamilies?.length === 1 && families.length === 2 ? families.slice(1) : []
}

const withAt = (list: readonly string[], position: number, value: string): string[] => {
  const copy = [...list]
  copy[position] = value
  return copy
}

interface Claiming {
  readonly networks: ServiceNetworks
  readonly objects: AddressObjects
  readonly allotment: Allotment
  readonly noted: AllocatorMetrics
  readonly service: Draft<Service>
  readonly dryRun: boolean
}

/** Takes the address asked for, or any if none is. Throws what stands in the way. */
async function claim(claiming: Claiming, family: IpFamily, asked: string): Promise<string> {
  const { networks, objects, allotment, noted, service, dryRun } = claiming
  const refusal = (why: string) => {
    const text = asked ? `failed to allocate IP ${asked}: ${why}` : `failed to allocate IP: ${why}`
    return invalid(Service.gvk, service.metadata.name ?? '', [
      invalidValue('spec.clusterIPs', service.spec.clusterIPs, text),
    ])
  }
  const record = async (address: string): Promise<boolean> => {
    try {
      if (!dryRun) await objects.claim(address, family, service.metadata)
      return true
    } catch (error) {
      if (isAlreadyExists(error)) return false
      throw error instanceof StatusError && error.code < 500 ? refusal(error.message) : error
    }
  }
  if (asked) {
    const pool = networks.poolFor(asked)
    if (!pool) throw refusal('the provided network does not match the current range')
    const free = pool.take(asked)
    if (free) allotment.onEnd(() => pool.release(asked))
    const given = free && (await record(asked))
    noted.address(pool, 'static', given)
    if (!given) throw refusal('provided IP is already allocated')
    return asked
  }
  for (const pool of networks.poolsOf(family))
    for (let address = pool.takeAny(); address; address = pool.takeAny()) {
      const taken = address
      allotment.onEnd(() => pool.release(taken))
      // Another server may have been faster.
      if (!(await record(taken))) continue
      noted.address(pool, 'dynamic', true)
      return taken
    }
  const [pool] = networks.poolsOf(family)
  if (pool) noted.address(pool, 'dynamic', false)
  throw refusal('range is full')
}
