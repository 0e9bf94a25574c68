import type { Column } from '../../../machinery/resource.js'
import { ageColumn, ageOf, nameColumn, none, textColumn } from '../../columns.js'
import type { ContainerStatus } from './container-status.js'
import type { Pod } from './pod.js'

/** What `kubectl get pods` shows. */
export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  textColumn('Ready', readyText, {
    description: 'The aggregate readiness state of this pod for accepting traffic.',
  }),
  textColumn('Status', podStatusText, { description: 'The aggregate status of the containers in this pod.' }),
  textColumn('Restarts', restartsText, {
    description:
      'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
  }),
  ageColumn,
  textColumn('IP', ({ status }) => status.podIPs?.[0]?.ip || none, {
    wide: true,
    field: 'status.podIP',
  }),
  textColumn('Node', ({ spec }) => spec.nodeName || none, { wide: true, field: 'spec.nodeName' }),
  textColumn('Nominated Node', ({ status }) => status.nominatedNodeName || none, {
    wide: true,
    field: 'status.nominatedNodeName',
  }),
  textColumn('Readiness Gates', readinessGatesText, { wide: true, field: 'spec.readinessGates' }),
]

const sidecars = ({ spec }: Pod) =>
  (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')

const holds = ({ status }: Pod, kind: string): boolean =>
  status.conditions?.some(({ type, status }) => type === kind && status === 'True') ?? false

function readyText(pod: Pod): string {
  const all = (pod.spec.containers?.length ?? 0) + sidecars(pod).length
  return `${began(pod).ready + runningContainers(pod).length}/${all}`
}

function runningContainers(pod: Pod): ContainerStatus[] {
  const isRunning = ({ ready, state: { waiting, terminated, running } }: ContainerStatus): boolean =>
    ready && running !== undefined && !waiting?.reason && !terminated
  return isPastInit(pod) ? (pod.status.containerStatuses ?? []).filter(isRunning) : []
}

/** How far the init containers have come. */
interface Beginning {
  /** What keeps the pod initializing; undefined once nothing does. */
  readonly reason?: string
  /** Init containers up to the one that is not done yet. */
  readonly seen: readonly ContainerStatus[]
  /** Those of them that run beside the pod's containers. */
  readonly beside: readonly ContainerStatus[]
  /** How many of these are ready. */
  readonly ready: number
}

function began(pod: Pod): Beginning {
  const names = new Set(sidecars(pod).map(({ name }) => name))
  const statuses = pod.status.initContainerStatuses ?? []
  const isDone = ({ name, state: { terminated }, started }: ContainerStatus): boolean =>
    terminated?.exitCode === 0 || (names.has(name) && started === true)
  const at = statuses.findIndex(container => !isDone(container))
  const seen = at < 0 ? statuses : statuses.slice(0, at + 1)
  const beside = seen.filter(({ name }) => names.has(name))
  const last = statuses[at]
  return {
    ...(last && { reason: `Init:${initReason(last) ?? `${at}/${pod.spec.initContainers?.length ?? 0}`}` }),
    seen,
    beside,
    ready: beside.filter(({ ready, started, state }) => ready && started && state.terminated?.exitCode !== 0).length,
  }
}

function initReason({ state: { waiting, terminated } }: ContainerStatus): string | undefined {
  if (terminated) return terminated.reason || exitText(terminated)
  return waiting?.reason && waiting.reason !== 'PodInitializing' ? waiting.reason : undefined
}

const isPastInit = (pod: Pod): boolean => !began(pod).reason || holds(pod, 'Initialized')

/** One word for how a pod is: its phase, or what keeps it from running. */
function podStatusText(pod: Pod): string {
  const { status, metadata } = pod
  if (metadata.deletionTimestamp && status.reason === 'NodeLost') return 'Unknown'
  if (metadata.deletionTimestamp && !(status.phase === 'Succeeded' || status.phase === 'Failed')) return 'Terminating'
  let reason = status.reason || status.phase || ''
  if (status.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated'))
    reason = 'SchedulingGated'
  reason = began(pod).reason ?? reason
  if (!isPastInit(pod)) return reason
  let failure = ''
  for (const { state } of (status.containerStatuses ?? []).toReversed()) {
    const { waiting, terminated } = state
    if (waiting?.reason) reason = waiting.reason
    else if (terminated) {
      reason = terminated.reason || exitText(terminated)
      if (terminated.exitCode !== 0) failure = reason
    }
  }
  if (reason !== 'Completed') return reason
  // Who has ended well does not hide those that still run, nor those that failed.
  const isRunning = runningContainers(pod).length > 0
  if (isRunning && holds(pod, 'Ready')) return 'Running'
  return failure || (isRunning ? 'NotReady' : reason)
}

const exitText = ({ signal, exitCode }: { readonly signal?: number; readonly exitCode: number }): string =>
  signal ? `Signal:${signal}` : `ExitCode:${exitCode}`

/** While the pod initializes those of its init containers, later of all that run. */
function restartsText(pod: Pod, now: number): string {
  const { seen, beside } = began(pod)
  const counted = isPastInit(pod) ? [...beside, ...(pod.status.containerStatuses ?? [])] : seen
  let restarts = 0
  let last = ''
  for (const container of counted) {
    restarts += container.restartCount
    const finished = container.lastState.terminated?.finishedAt ?? ''
    if (finished > last) last = finished
  }
  return restarts > 0 && last ? `${restarts} (${ageOf(last, now)} ago)` : String(restarts)
}

function readinessGatesText({ spec, status }: Pod): string {
  const gates = spec.readinessGates ?? []
  if (gates.length === 0) return none
  const met = gates.filter(({ conditionType }) =>
    status.conditions?.some(({ type, status }) => type === conditionType && status === 'True'),
  )
  return `${met.length}/${gates.length}`
}
