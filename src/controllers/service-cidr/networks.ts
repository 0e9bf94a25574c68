import type { IPAddress, ServiceCIDR } from '../../api/networking/v1/index.js'
import { type Cidr, cidrContains, type IpAddress, parseCidr, parseIp } from '../../machinery/ip-address.js'

/** The networks of an object; what is none is left out. */
export const networksOf = ({ spec }: ServiceCIDR): readonly Cidr[] =>
  (spec.cidrs ?? []).flatMap(text => parseCidr(text) ?? [])

const first = ({ family, network }: Cidr): IpAddress => ({ family, value: network })

const within = (inner: Cidr, outer: Cidr): boolean =>
  inner.family === outer.family && inner.prefix >= outer.prefix && cidrContains(outer, first(inner))

/** Whether two networks have an address in common: one is within the other then. */
export const overlap = (one: Cidr, other: Cidr): boolean => within(one, other) || within(other, one)

/** The address that the server's own allocator has given to a service; undefined if it is somebody else's. */
export function allocatedAddress({ metadata }: IPAddress): IpAddress | undefined {
  return metadata.labels?.['ipaddress.kubernetes.io/managed-by'] === 'ipallocator.k8s.io'
    ? parseIp(metadata.name ?? '')
    : undefined
}

/**
 * Whether a ServiceCIDR can go without leaving addresses behind that are in no network: each of its networks is within
 * one of `others`, or no address depends on it alone.
 */
export function canGo(
  cidr: ServiceCIDR,
  others: readonly ServiceCIDR[],
  addresses: () => readonly IPAddress[],
): boolean {
  const own = networksOf(cidr)
  const rest = others.flatMap(networksOf)
  const bare = own.filter(network => !rest.some(other => within(network, other)))
  if (bare.length === 0) return true
  return !addresses().some(object => {
    const address = allocatedAddress(object)
    return (
      address !== undefined &&
      bare.some(network => cidrContains(network, address)) &&
      !rest.some(network => cidrContains(network, address))
    )
  })
}
