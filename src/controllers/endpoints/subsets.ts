import type { EndpointAddress, EndpointSubset, Pod, Service } from '../../api/core/v1/index.js'
import { podReady } from '../pod-state.js'
import {
  addressesOf,
  addressOfFamily,
  familiesOf,
  hostnameIn,
  isHeadless,
  type PodPort,
  portsOn,
} from '../service-pods.js'

/** Addresses an Endpoints object may hold. */
export const capacity = 1000

interface Group {
  readonly ports: readonly PodPort[]
  readonly ready: EndpointAddress[]
  readonly notReady: EndpointAddress[]
}

/** What the Endpoints of a service are to hold, in a fixed order: pods with the same ports together. */
export function subsetsOf(service: Service, pods: readonly Pod[]): readonly EndpointSubset[] {
  const tolerant = service.spec.publishNotReadyAddresses === true
  const portless = isHeadless(service) && !service.spec.ports?.length
  const groups = new Map<string, Group>()
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp && !tolerant) continue
    const address = addressFor(service, pod)
    const ports = portsOn(service, pod)
    if (!address || (ports.length === 0 && !portless)) continue
    const key = JSON.stringify(ports)
    let group = groups.get(key)
    if (!group) groups.set(key, (group = { ports, ready: [], notReady: [] }))
    ;(tolerant || podReady(pod) ? group.ready : group.notReady).push(address)
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { ports, ready, notReady }]) => ({
      ...(ready.length > 0 ? { addresses: sorted(ready) } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: sorted(notReady) } : {}),
      ...(ports.length > 0 ? { ports: ports.map(portOf) } : {}),
    }))
}

/** An unnamed port has no name at all. */
const portOf = ({ name, ...port }: PodPort) => ({ ...(name ? { name } : {}), ...port })

function addressFor(service: Service, pod: Pod): EndpointAddress | undefined {
  const [family] = familiesOf(service)
  const ip = service.spec.ipFamilies?.length && family ? addressOfFamily(pod, family) : addressesOf(pod)[0]
  if (!ip) return undefined
  const { namespace, name, uid } = pod.metadata
  const hostname = hostnameIn(service, pod)
  return {
    ip,
    ...(hostname ? { hostname } : {}),
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', ...(namespace ? { namespace } : {}), ...(name ? { name } : {}), ...(uid ? { uid } : {}) },
  }
}

const sorted = (addresses: readonly EndpointAddress[]): readonly EndpointAddress[] =>
  addresses.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))

const orderOf = ({ ip, targetRef }: EndpointAddress): string => `${ip} ${targetRef?.uid ?? ''}`

/**
 * Cuts subsets down to `limit` addresses, ready ones first, each subset in proportion:
 * https://kubernetes.io/docs/concepts/services-networking/service/#over-capacity-endpoints
 */
export function truncated(subsets: readonly EndpointSubset[], limit = capacity): readonly EndpointSubset[] {
  const ready = count(subsets, 'addresses')
  const kept = cut(subsets, 'addresses', Math.min(ready, limit))
  return cut(
    kept,
    'notReadyAddresses',
    Math.min(count(subsets, 'notReadyAddresses'), Math.max(0, limit - ready)),
  ).filter(({ addresses, notReadyAddresses }) => addresses?.length || notReadyAddresses?.length)
}

type Part = 'addresses' | 'notReadyAddresses'

export const count = (subsets: readonly EndpointSubset[], part: Part): number =>
  subsets.reduce((sum, subset) => sum + (subset[part]?.length ?? 0), 0)

function cut(subsets: readonly EndpointSubset[], part: Part, limit: number): readonly EndpointSubset[] {
  const all = count(subsets, part)
  if (all <= limit) return subsets
  let left = limit
  return subsets.map(subset => {
    const { [part]: addresses = [], ...rest } = subset
    const share = Math.min(left, Math.ceil((addresses.length * limit) / all))
    left -= share
    return share > 0 ? { ...rest, [part]: addresses.slice(0, share) } : rest
  })
}
