import { type Container, Pod, Service } from '../api/core/v1/index.js'
import { type AlsoWatch, type Cache, type Key, watchAlso } from '../client/controller.js'
import { jsonEqual } from '../machinery/json-equal.js'
import { selectorFromLabels } from '../machinery/labels.js'
import { podFinished, podReady } from './pod-state.js'

export type AddressFamily = 'IPv4' | 'IPv6'

/** A port as endpoints carry it: of the pod, not of the service. */
export interface PodPort {
  readonly name: string
  readonly port: number
  readonly protocol: string
  readonly appProtocol?: string
}

export const headlessLabel = 'service.kubernetes.io/headless'

export const isHeadless = ({ spec }: Service): boolean => spec.clusterIP === 'None'

/** Pods a service selects that have an address and have not ended; those on their way out included. */
export function podsOfService(service: Service, cache: Pick<Cache, 'list'>): readonly Pod[] {
  const selector = selectorFromLabels(service.spec.selector)
  return cache
    .list(Pod, { namespace: service.metadata.namespace ?? '', matches: labels => selector.matches(labels) })
    .filter(pod => !podFinished(pod) && addressesOf(pod).length > 0)
}

/** Brings the keys of the services that select a pod, or did before, when something changes that endpoints show. */
export const servicesOfPods: AlsoWatch = watchAlso(Pod, (pod, old, cache): readonly Key[] => {
  const { namespace = '', labels } = pod.metadata
  const gone = cache.get(Pod, pod.metadata) === undefined
  if (old && !gone && !showsDifferently(pod, old)) return []
  const moved = old && !jsonEqual(labels, old.metadata.labels)
  return cache
    .list(Service, { namespace })
    .filter(({ spec }) => {
      if (!spec.selector) return false
      const selector = selectorFromLabels(spec.selector)
      return selector.matches(labels) || (moved && selector.matches(old.metadata.labels))
    })
    .map(({ metadata }) => ({ namespace, name: metadata.name ?? '' }))
})

function showsDifferently(pod: Pod, old: Pod): boolean {
  return (
    podReady(pod) !== podReady(old) ||
    podFinished(pod) !== podFinished(old) ||
    pod.spec.nodeName !== old.spec.nodeName ||
    pod.spec.hostname !== old.spec.hostname ||
    (pod.metadata.deletionTimestamp === undefined) !== (old.metadata.deletionTimestamp === undefined) ||
    !jsonEqual(addressesOf(pod), addressesOf(old)) ||
    !jsonEqual(pod.metadata.labels, old.metadata.labels)
  )
}

export function addressesOf({ status }: Pod): readonly string[] {
  if (status.podIPs?.length) return status.podIPs.map(({ ip }) => ip)
  return status.podIP ? [status.podIP] : []
}

export const addressOfFamily = (pod: Pod, family: AddressFamily): string | undefined =>
  addressesOf(pod).find(ip => familyOf(ip) === family)

export const familyOf = (ip: string): AddressFamily => (ip.includes(':') ? 'IPv6' : 'IPv4')

/** The families a service has addresses of; a headless one of no declared family has what its pods have. */
export function familiesOf({ spec }: Service): readonly AddressFamily[] {
  if (spec.ipFamilies?.length) return spec.ipFamilies.filter(family => family === 'IPv4' || family === 'IPv6')
  if (spec.clusterIP && spec.clusterIP !== 'None') return [familyOf(spec.clusterIP)]
  return ['IPv4', 'IPv6']
}

/** The ports behind a service on one pod; a named one that the pod does not have is left out. */
export function portsOn(service: Service, pod: Pod): readonly PodPort[] {
  const ports: PodPort[] = []
  for (const { name = '', protocol = 'TCP', targetPort, port, appProtocol } of service.spec.ports ?? []) {
    const number = typeof targetPort === 'string' ? namedPort(pod, targetPort, protocol) : targetPort || port
    if (number) ports.push({ name, port: number, protocol, ...(appProtocol ? { appProtocol } : {}) })
  }
  return ports
}

function namedPort({ spec }: Pod, name: string, protocol: string): number | undefined {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  for (const container of [...spec.containers, ...sidecars] as readonly Container[])
    for (const port of container.ports ?? [])
      if (port.name === name && (port.protocol || 'TCP') === protocol) return port.containerPort
  return undefined
}

/** The name under which DNS knows a pod of a headless service: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-hostname-and-subdomain-field */
export function hostnameIn(service: Service, { spec, metadata }: Pod): string | undefined {
  const named =
    spec.hostname && spec.subdomain === service.metadata.name && metadata.namespace === service.metadata.namespace
  return named ? spec.hostname : undefined
}
