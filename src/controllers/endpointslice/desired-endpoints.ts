import type { Node, Pod, Service } from '../../api/core/v1/index.js'
import type { Endpoint } from '../../api/discovery/v1/index.js'
import { podReady } from '../pod-state.js'
import { type AddressFamily, addressOfFamily, hostnameIn, type PodPort, portsOn } from '../service-pods.js'

const zoneLabel = 'topology.kubernetes.io/zone'

/** Endpoints that have the same ports, and so may share slices. */
export interface EndpointGroup {
  readonly ports: readonly PodPort[]
  readonly endpoints: readonly Endpoint[]
}

export const zoneOf = (node: Node | undefined): string | undefined => node?.metadata.labels?.[zoneLabel]

/** What a service's slices of one family are to hold. */
export function desiredEndpoints(
  service: Service,
  pods: readonly Pod[],
  family: AddressFamily,
  nodeOf: (name: string) => Node | undefined,
): readonly EndpointGroup[] {
  const groups = new Map<string, { readonly ports: readonly PodPort[]; readonly endpoints: Endpoint[] }>()
  for (const pod of pods) {
    const address = addressOfFamily(pod, family)
    if (address === undefined) continue
    const ports = portsOn(service, pod)
    const key = JSON.stringify(ports)
    let group = groups.get(key)
    if (!group) groups.set(key, (group = { ports, endpoints: [] }))
    group.endpoints.push(endpointOf(service, pod, address, nodeOf))
  }
  return [...groups.values()]
}

/** https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions */
function endpointOf(service: Service, pod: Pod, address: string, nodeOf: (name: string) => Node | undefined): Endpoint {
  const serving = podReady(pod)
  const terminating = pod.metadata.deletionTimestamp !== undefined
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating)
  const { nodeName } = pod.spec
  const zone = nodeName ? zoneOf(nodeOf(nodeName)) : undefined
  const hostname = hostnameIn(service, pod)
  const { namespace, name, uid } = pod.metadata
  const hints = ready ? hintsFor(service, nodeName, zone) : undefined
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(hostname ? { hostname } : {}),
    targetRef: { kind: 'Pod', ...(namespace ? { namespace } : {}), ...(name ? { name } : {}), ...(uid ? { uid } : {}) },
    ...(nodeName ? { nodeName } : {}),
    ...(zone ? { zone } : {}),
    ...(hints ? { hints } : {}),
  }
}

/** https://kubernetes.io/docs/reference/networking/virtual-ips/#traffic-distribution */
function hintsFor(
  { spec }: Service,
  nodeName: string | undefined,
  zone: string | undefined,
): Endpoint['hints'] | undefined {
  switch (spec.trafficDistribution) {
    case 'PreferClose':
    case 'PreferSameZone':
      return zone ? { forZones: [{ name: zone }] } : undefined
    case 'PreferSameNode':
      if (!nodeName) return undefined
      return { ...(zone ? { forZones: [{ name: zone }] } : {}), forNodes: [{ name: nodeName }] }
    default:
      return undefined
  }
}
