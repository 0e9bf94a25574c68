import { type Pod, podRequests } from '../api/core/v1/index.js'
import { isExtendedResource } from '../api/core/v1/resource-quantities.js'
import { tolerates } from '../api/core/v1/tolerates.js'
import { milliValue, quantityValue } from '../machinery/quantity.js'
import { sysctlName } from './container/sandbox-config.js'
import { matchesNodeSelector } from './node-selector.js'
import type { Verdict } from './pod-actions.js'
import type { Refusal } from './pod-resizer.js'
import { qosClass } from './qos.js'

/** What decides whether a pod may run on this node. */
export interface NodeState {
  readonly name: string
  readonly labels: { readonly [key: string]: string }
  readonly allocatable: { readonly [resource: string]: string }
  readonly memoryPressure: boolean
  readonly diskPressure: boolean
  /** Names, or prefixes that end in `*`, of sysctls that pods may set although they are not safe. */
  readonly allowedSysctls: readonly string[]
}

const reject = (reason: string, message: string): Verdict => ({
  phase: 'Failed',
  reason,
  message: `${rejected}${message}`,
})

/** Begins the message of every rejection in a pod's status; its event goes without. */
export const rejected = 'Pod was rejected: '

/** From here on pods belong to the system and are taken even under pressure. */
const systemCritical = 2_000_000_000

/**
 * Looks at a pod that is new here beside those that are `active`; answers why it cannot run. The scheduler has looked
 * before, but pods may come without it, and it may not have known everything.
 */
export function admit(pod: Pod, active: readonly Pod[], node: NodeState): Verdict | undefined {
  if (!matchesNodeSelector(pod, node))
    return reject('NodeAffinity', "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector")
  const os = pod.spec.os?.name
  if (os && os !== 'linux')
    return reject('PodOSNotSupported', "Failed to admit pod as the OS field doesn't match node OS")
  return lacking(pod, active, node) ?? takenPort(pod, active) ?? pressure(pod, node) ?? forbiddenSysctl(pod, node)
}

interface Lack {
  readonly resource: string
  readonly requested: number
  readonly used: number
  readonly capacity: number
}

const lackText = ({ resource, requested, used, capacity }: Lack): string =>
  `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`

function lacking(pod: Pod, active: readonly Pod[], { allocatable }: NodeState): Verdict | undefined {
  const lack = findLack(pod, active, allocatable)
  return lack && reject(`OutOf${lack.resource}`, lackText(lack))
}

/** The first resource of which a pod asks for more than the others leave. */
function findLack(pod: Pod, active: readonly Pod[], allocatable: NodeState['allocatable']): Lack | undefined {
  const others = active.filter(({ metadata }) => metadata.uid !== pod.metadata.uid)
  const pods = Number(allocatable.pods ?? Infinity)
  if (others.length + 1 > pods) return { resource: 'pods', requested: 1, used: others.length, capacity: pods }
  for (const [resource, requested] of Object.entries(podRequests(pod))) {
    // What only others know of: the scheduler has seen to it, or it belongs to no node at all.
    if (allocatable[resource] === undefined && isExtendedResource(resource)) continue
    const value = resource === 'cpu' ? milliValue : quantityValue
    const capacity = allocatable[resource] === undefined ? 0 : value(allocatable[resource])
    const used = others.reduce((sum, other) => sum + (podRequests(other)[resource] ?? 0), 0)
    if (requested > 0 && used + requested > capacity) return { resource, requested, used, capacity }
  }
  return undefined
}

/** Why a running pod cannot be given what it asks for by now; `active` are all pods, this one among them or not. */
export function resizeRefusal(pod: Pod, active: readonly Pod[], { allocatable }: NodeState): Refusal | undefined {
  const lack = findLack(pod, [], allocatable)
  if (lack) {
    const { resource, requested, capacity } = lack
    const message = `Node didn't have enough capacity: ${resource}, requested: ${requested}, capacity: ${capacity}`
    return { reason: 'Infeasible', message }
  }
  const shortage = findLack(pod, active, allocatable)
  return shortage && { reason: 'Deferred', message: lackText(shortage) }
}

/** Two pods cannot listen at one port of the node, unless at different addresses. */
function takenPort(pod: Pod, active: readonly Pod[]): Verdict | undefined {
  const taken = active.filter(({ metadata }) => metadata.uid !== pod.metadata.uid).flatMap(hostPorts)
  const isTaken = hostPorts(pod).some(wanted =>
    taken.some(
      other =>
        other.port === wanted.port &&
        other.protocol === wanted.protocol &&
        (other.ip === wanted.ip || anyAddress.has(other.ip) || anyAddress.has(wanted.ip)),
    ),
  )
  return isTaken
    ? reject('NodePorts', "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports")
    : undefined
}

const anyAddress: ReadonlySet<string> = new Set(['', '0.0.0.0', '::'])

const hostPorts = ({ spec }: Pod) =>
  [
    ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
    ...spec.containers,
  ].flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, protocol = 'TCP', hostIP = '' }) =>
      hostPort ? [{ port: hostPort, protocol, ip: hostIP }] : [],
    ),
  )

const memoryPressureTaint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' } as const

function pressure(pod: Pod, { memoryPressure, diskPressure }: NodeState): Verdict | undefined {
  if ((pod.spec.priority ?? 0) >= systemCritical) return undefined
  const low = (what: string): Verdict => ({
    phase: 'Failed',
    reason: 'Evicted',
    message: `${rejected}The node had condition: [${what}]. `,
  })
  if (diskPressure) return low('DiskPressure')
  const { tolerations = [] } = pod.spec
  return memoryPressure &&
    qosClass(pod) === 'BestEffort' &&
    !tolerations.some(toleration => tolerates(toleration, memoryPressureTaint))
    ? low('MemoryPressure')
    : undefined
}

/** Sysctls that concern the pod alone (https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/). */
const safeSysctls: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
])

function forbiddenSysctl(pod: Pod, { allowedSysctls }: NodeState): Verdict | undefined {
  const { hostNetwork, hostIPC, securityContext } = pod.spec
  for (const { name } of securityContext?.sysctls ?? []) {
    const sysctl = sysctlName(name)
    const allowed =
      safeSysctls.has(sysctl) ||
      allowedSysctls.some(rule => (rule.endsWith('*') ? sysctl.startsWith(rule.slice(0, -1)) : sysctl === rule))
    if (!allowed) return reject('SysctlForbidden', `forbidden sysctl: "${sysctl}" not allowlisted`)
    if (hostNetwork && sysctl.startsWith('net.'))
      return reject('SysctlForbidden', `forbidden sysctl: "${sysctl}" not allowed with host net enabled`)
    if (hostIPC && /^(?:kernel\.(?:shm|msg|sem)|fs\.mqueue\.)/.test(sysctl))
      return reject('SysctlForbidden', `forbidden sysctl: "${sysctl}" not allowed with host ipc enabled`)
  }
  return undefined
}
