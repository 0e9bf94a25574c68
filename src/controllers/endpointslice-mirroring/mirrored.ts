import type { EndpointAddress, EndpointSubset, Endpoints } from '../../api/core/v1/index.js'
import type { Endpoint } from '../../api/discovery/v1/index.js'
import { lastAppliedAnnotation } from '../../machinery/apply/last-applied.js'
import { parseIp } from '../../machinery/ip-address.js'
import { changeTimeAnnotation } from '../change-times.js'
import type { EndpointGroup } from '../endpointslice/desired-endpoints.js'
import { type AddressFamily, familyOf, type PodPort } from '../service-pods.js'

/** Addresses of one subset that are mirrored; those beyond are not. */
const subsetCapacity = 1000

/** What the slices of one family are to hold for Endpoints that somebody wrote by hand. */
export function mirroredEndpoints(subsets: readonly EndpointSubset[], family: AddressFamily): readonly EndpointGroup[] {
  const groups = new Map<string, { readonly ports: readonly PodPort[]; readonly endpoints: Map<string, Endpoint> }>()
  for (const subset of subsets) {
    const ports = (subset.ports ?? []).map(({ name = '', port, protocol = 'TCP', appProtocol }) => ({
      name,
      port,
      protocol,
      ...(appProtocol ? { appProtocol } : {}),
    }))
    const key = JSON.stringify(ports)
    let group = groups.get(key)
    if (!group) groups.set(key, (group = { ports, endpoints: new Map() }))
    const addresses = [
      ...(subset.addresses ?? []).map(address => ({ address, ready: true })),
      ...(subset.notReadyAddresses ?? []).map(address => ({ address, ready: false })),
    ]
    for (const { address, ready } of addresses.slice(0, subsetCapacity)) {
      if (!parseIp(address.ip) || familyOf(address.ip) !== family) continue
      const identity = `${address.ip} ${address.targetRef?.uid ?? ''}`
      if (!group.endpoints.has(identity)) group.endpoints.set(identity, endpointOf(address, ready))
    }
  }
  return [...groups.values()]
    .filter(({ endpoints }) => endpoints.size > 0)
    .map(({ ports, endpoints }) => ({ ports, endpoints: [...endpoints.values()] }))
}

const endpointOf = ({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint => ({
  addresses: [ip],
  conditions: { ready },
  ...(hostname ? { hostname } : {}),
  ...(targetRef ? { targetRef } : {}),
  ...(nodeName ? { nodeName } : {}),
})

/** Annotations that the slices take over. */
export function mirroredAnnotations({ metadata }: Endpoints): Record<string, string> {
  const {
    [lastAppliedAnnotation]: _applied,
    [changeTimeAnnotation]: _time,
    ...annotations
  } = metadata.annotations ?? {}
  return annotations
}
