import type { PodStatus } from '../api/core/v1/index.js'
import { rfc3339 } from '../machinery/clock.js'
import { type ContainerStatusInput, containerStatuses } from './container-statuses.js'
import { isTerminalPhase } from './pod-actions.js'
import { type Finding, podConditions } from './pod-conditions.js'
import { type PodPhase, podPhase } from './pod-phase.js'
import { activeSandbox } from './pod-runtime-state.js'
import { qosClass } from './qos.js'

export interface StatusInput extends ContainerStatusInput {
  /** The node's addresses; the first one is the primary. */
  readonly hostIps: readonly string[]
  /** Conditions of the pod's resizing. */
  readonly resizing?: readonly Finding[]
}

/**
 * The status of a pod as its node sees it. A phase that has been Succeeded or Failed stays, whatever happens later.
 * While containers of a pod that is to end are still alive, its phase is what it was.
 */
export function podStatus(input: StatusInput): PodStatus {
  const { pod, status: old, observed, verdict, settled, hostIps, now } = input
  const statuses = containerStatuses(input)
  const phase = settledPhase(input, podPhase(pod, statuses, settled))
  const sandbox = activeSandbox(observed)
  const hostNetwork = pod.spec.hostNetwork === true
  // A stopped sandbox has no address any more, but the pod's last one stays known.
  const ips = hostNetwork ? hostIps : sandbox ? sandbox.ips : (old?.podIPs ?? []).map(({ ip }) => ip)
  const conditions = podConditions({
    pod,
    statuses,
    phase,
    sandboxReady: sandbox !== undefined && (hostNetwork || sandbox.ips.length > 0),
    old: old?.conditions ?? pod.status?.conditions ?? [],
    extra: [...verdictFinding(input), ...(input.resizing ?? [])],
    now,
  })
  const { generation } = pod.metadata
  const why = isTerminalPhase(old?.phase) ? old : settled ? verdict : undefined
  return {
    ...(generation ? { observedGeneration: generation } : {}),
    phase,
    conditions,
    ...(why?.message ? { message: why.message } : {}),
    ...(why?.reason ? { reason: why.reason } : {}),
    ...(hostIps[0] ? { hostIP: hostIps[0], hostIPs: hostIps.map(ip => ({ ip })) } : {}),
    ...(ips[0] ? { podIP: ips[0], podIPs: ips.map(ip => ({ ip })) } : {}),
    startTime: old?.startTime ?? rfc3339(now),
    ...(statuses.init.length ? { initContainerStatuses: statuses.init } : {}),
    containerStatuses: statuses.regular,
    qosClass: old?.qosClass ?? qosClass(pod),
    ...(statuses.ephemeral.length ? { ephemeralContainerStatuses: statuses.ephemeral } : {}),
  }
}

function settledPhase({ status: old, verdict, settled }: StatusInput, computed: PodPhase): PodPhase {
  if (isTerminalPhase(old?.phase)) return old.phase
  if (verdict) return settled ? verdict.phase : unsettled(old?.phase)
  return settled || !isTerminalPhase(computed) ? computed : unsettled(computed)
}

/** The phase of a pod whose end is decided but not reached: sidecars or stragglers are still being stopped. */
const unsettled = (phase: string | undefined): PodPhase => (phase === 'Pending' ? 'Pending' : 'Running')

const verdictFinding = ({ verdict }: StatusInput): readonly Finding[] =>
  verdict?.condition ? [{ ...verdict.condition, status: 'True' }] : []
