import type { Column } from '../../../machinery/resource.js'
import { ageColumn, ageOf, nameColumn, none, textColumn } from '../../columns.js'
import type { ContainerStatus } from './container-status.js'
import type { Pod } from './pod.js'

/** What `kubectl get pods` shows. */
export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  textColumn('Ready', pod => `${readyContainers(pod)}/${(pod.spec.containers?.length ?? 0) + sidecars(pod).length}`, {
    description: 'The aggregate readiness state of this pod for accepting traffic.',
  }),
  textColumn('Status', podStatusText, { description: 'The aggregate status of the containers in this pod.' }),
  textColumn('Restarts', restartsText, {
    description:
      'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
  }),
  ageColumn,
  textColumn('IP', ({ status }) => status.podIPs?.[0]?.ip ?? status.podIP ?? none, {
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

function readyContainers(pod: Pod): number {
  const restartable = new Set(sidecars(pod).map(({ name }) => name))
  const running = (status: ContainerStatus) => status.ready && status.state.running !== undefined
  return (
    (pod.status.containerStatuses ?? []).filter(running).length +
    (pod.status.initContainerStatuses ?? []).filter(status => restartable.has(status.name) && running(status)).length
  )
}

/** One word for how a pod is: its phase, or what keeps it from running. */
function podStatusText(pod: Pod): string {
  const { status, metadata } = pod
  let reason = status.reason || status.phase || ''
  if (status.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated'))
    reason = 'SchedulingGated'
  const initializing = initReason(pod)
  if (initializing) reason = initializing
  const initialized = status.conditions?.some(({ type, status }) => type === 'Initialized' && status === 'True')
  if (!initializing || initialized) {
    let hasRunning = false
    for (const container of (status.containerStatuses ?? []).toReversed()) {
      const { waiting, terminated, running } = container.state
      if (waiting?.reason) reason = waiting.reason
      else if (terminated) reason = terminated.reason || exitText(terminated)
      else if (container.ready && running) hasRunning = true
    }
    if (reason === 'Completed' && hasRunning)
      reason = status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
        ? 'Running'
        : 'NotReady'
  }
  if (metadata.deletionTimestamp && status.reason === 'NodeLost') return 'Unknown'
  if (metadata.deletionTimestamp && !(status.phase === 'Succeeded' || status.phase === 'Failed')) return 'Terminating'
  return reason
}

/** Why the pod is still initializing; undefined once it is not. */
function initReason({ status, spec }: Pod): string | undefined {
  const inits = spec.initContainers ?? []
  for (const [i, container] of (status.initContainerStatuses ?? []).entries()) {
    const { waiting, terminated } = container.state
    const restartable = inits.find(({ name }) => name === container.name)?.restartPolicy === 'Always'
    if (terminated?.exitCode === 0) continue
    if (restartable && container.started) continue
    if (terminated) return terminated.reason ? `Init:${terminated.reason}` : `Init:${exitText(terminated)}`
    if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`
    return `Init:${i}/${inits.length}`
  }
  return undefined
}

const exitText = ({ signal, exitCode }: { readonly signal?: number; readonly exitCode: number }): string =>
  signal ? `Signal:${signal}` : `ExitCode:${exitCode}`

function restartsText({ status }: Pod, now: number): string {
  let restarts = 0
  let last = ''
  for (const container of status.containerStatuses ?? []) {
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
