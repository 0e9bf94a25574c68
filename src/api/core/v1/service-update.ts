import { jsonEqual } from '../../../machinery/json-equal.js'
import type { Draft } from '../../../schema/index.js'
import type { Service, ServiceSpec } from './service.js'

type Spec = Draft<Service['spec']>

/** Types that have an address of their own. */
const needsAddress = ({ type }: Spec | ServiceSpec): boolean =>
  type === 'ClusterIP' || type === 'NodePort' || type === 'LoadBalancer'

/** Types whose ports are open on the nodes. */
const needsNodePorts = ({ type, allocateLoadBalancerNodePorts }: Spec | ServiceSpec): boolean =>
  type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false)

const needsHealthCheck = ({ type, externalTrafficPolicy }: Spec | ServiceSpec): boolean =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local'

const needsExternalPolicy = ({ type, externalIPs }: Spec | ServiceSpec): boolean =>
  type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && (externalIPs?.length ?? 0) > 0)

/** Keeps `clusterIP` and the first of `clusterIPs` in step for clients that know only one of the two. */
export function normalizeClusterIps(spec: Spec, old: ServiceSpec | undefined): void {
  const known = old?.clusterIPs ?? []
  if (!old) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP]
    return
  }
  const sameList = jsonEqual(spec.clusterIPs ?? [], known)
  if ((spec.clusterIP ?? '') === (old.clusterIP ?? '')) {
    // Only the list was emptied: that is meant for both.
    if (known.length > 0 && !spec.clusterIPs?.length) delete spec.clusterIP
    return
  }
  if (spec.clusterIP) {
    if (sameList || !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP]
  } else if (sameList) delete spec.clusterIPs
}

/**
 * What the old object was given and the new one does not mention goes on; what its type has no use for any more, and
 * the client has only sent along, goes away.
 */
export function takeOverAllocations(spec: Spec, old: ServiceSpec): void {
  dropUseless(spec, old)
  if (needsAddress(old) && needsAddress(spec)) {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP
    if (!spec.clusterIPs?.length && old.clusterIPs && spec.clusterIP === old.clusterIP)
      spec.clusterIPs = [...old.clusterIPs]
  }
  if (needsNodePorts(old) && needsNodePorts(spec)) keepNodePorts(spec, old)
  if (needsHealthCheck(old) && needsHealthCheck(spec) && !spec.healthCheckNodePort && old.healthCheckNodePort)
    spec.healthCheckNodePort = old.healthCheckNodePort
}

/** Ports keep their number by name, unless the client has given it to another one. */
function keepNodePorts(spec: Spec, old: ServiceSpec): void {
  const taken = new Set((spec.ports ?? []).map(({ nodePort, protocol }) => `${nodePort ?? 0} ${protocol}`))
  const byName = new Map((old.ports ?? []).map(port => [port.name ?? '', port]))
  for (const port of spec.ports ?? []) {
    const before = byName.get(port.name ?? '')
    if (!port.nodePort && before?.nodePort && !taken.has(`${before.nodePort} ${port.protocol}`))
      port.nodePort = before.nodePort
  }
}

function dropUseless(spec: Spec, old: ServiceSpec): void {
  if (needsAddress(old) && !needsAddress(spec)) {
    if (spec.clusterIP === old.clusterIP) delete spec.clusterIP
    if (jsonEqual(spec.clusterIPs ?? [], old.clusterIPs ?? [])) delete spec.clusterIPs
    if (jsonEqual(spec.ipFamilies ?? [], old.ipFamilies ?? [])) delete spec.ipFamilies
    if (spec.ipFamilyPolicy === old.ipFamilyPolicy) delete spec.ipFamilyPolicy
    if (spec.internalTrafficPolicy === old.internalTrafficPolicy) delete spec.internalTrafficPolicy
  }
  if (needsNodePorts(old) && !needsNodePorts(spec) && spec.type !== 'LoadBalancer' && sameNodePorts(spec, old))
    for (const port of spec.ports ?? []) delete port.nodePort
  if (needsHealthCheck(old) && !needsHealthCheck(spec) && spec.healthCheckNodePort === old.healthCheckNodePort)
    delete spec.healthCheckNodePort
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === old.allocateLoadBalancerNodePorts)
      delete spec.allocateLoadBalancerNodePorts
    if (spec.loadBalancerClass === old.loadBalancerClass) delete spec.loadBalancerClass
  }
  if (
    needsExternalPolicy(old) &&
    !needsExternalPolicy(spec) &&
    spec.externalTrafficPolicy === old.externalTrafficPolicy
  )
    delete spec.externalTrafficPolicy
}

function sameNodePorts(spec: Spec, old: ServiceSpec): boolean {
  const numbers = ({ ports }: Spec | ServiceSpec) =>
    (ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : [])).sort()
  const before = new Set(numbers(old))
  return numbers(spec).every(port => before.has(port))
}
