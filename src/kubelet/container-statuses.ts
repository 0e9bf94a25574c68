import type { ContainerState, ContainerStateTerminated, ContainerStatus, PodStatus } from '../api/core/v1/index.js'
import { rfc3339 } from '../machinery/clock.js'
import type { Requirements } from './container/linux-resources.js'
import { isStarted, type PodSituation } from './pod-actions.js'
import { ephemeralContainers, initContainers, type PodContainer, regularContainers } from './pod-containers.js'
import type { ContainerRecord } from './pod-runtime-state.js'
import { shouldRestart } from './restart-policy.js'

/** Why a container does not run yet, or not any more: `ImagePullBackOff`, `CrashLoopBackOff`, ... */
export interface WaitReason {
  readonly reason: string
  readonly message?: string
}

export interface ContainerStatusInput extends PodSituation {
  /** By container name: what stopped its last attempt to start. */
  readonly waits: ReadonlyMap<string, WaitReason>
  /** No container of the pod is alive, and none will be started again. */
  readonly settled: boolean
  /** The runtime can make mounts below a read-only one read-only, too. */
  readonly recursiveReadOnly?: boolean
  /** What containers are granted and what they run with, where that may differ from what they ask for. */
  readonly resources?: {
    readonly granted: (name: string) => Requirements | undefined
    readonly has: (record: ContainerRecord) => Requirements
  }
}

export interface ContainerStatuses {
  readonly init: readonly ContainerStatus[]
  readonly regular: readonly ContainerStatus[]
  readonly ephemeral: readonly ContainerStatus[]
}

/** The statuses of all containers: init containers in their order, the others by name. */
export function containerStatuses(input: ContainerStatusInput): ContainerStatuses {
  const { pod, status } = input
  const hasInit = (pod.spec.initContainers ?? []).length > 0
  const init = initContainers(pod).map(container =>
    containerStatus(input, container, find(status?.initContainerStatuses, container), 'PodInitializing'),
  )
  const waiting = hasInit ? 'PodInitializing' : 'ContainerCreating'
  const regular = regularContainers(pod).map(container =>
    containerStatus(input, container, find(status?.containerStatuses, container), waiting),
  )
  const ephemeral = ephemeralContainers(pod).map(container =>
    containerStatus(input, container, find(status?.ephemeralContainerStatuses, container), 'ContainerCreating'),
  )
  return { init, regular: regular.sort(byName), ephemeral: ephemeral.sort(byName) }
}

const byName = (a: ContainerStatus, b: ContainerStatus): number => (a.name < b.name ? -1 : 1)

const find = (statuses: PodStatus['containerStatuses'], { spec }: PodContainer): ContainerStatus | undefined =>
  statuses?.find(({ name }) => name === spec.name)

/** The container could not be found although it must have run; nobody knows how it ended. */
const lost = (finishedAt: number): ContainerStateTerminated => ({
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was terminated',
  startedAt: rfc3339(0),
  finishedAt: rfc3339(finishedAt),
})

function containerStatus(
  input: ContainerStatusInput,
  container: PodContainer,
  old: ContainerStatus | undefined,
  waitingReason: string,
): ContainerStatus {
  const { pod, observed, waits, now } = input
  const { spec } = container
  const [record, before] = observed.containers.filter(({ name }) => name === spec.name)
  const wait = waits.get(spec.name)
  const waiting: ContainerState = { waiting: wait ?? { reason: waitingReason } }
  if (!record) return withoutRecord(input, container, old, waiting)
  let state = currentState(input, record, waiting, old)
  let lastState: ContainerState = before?.state === 'exited' ? { terminated: terminated(before) } : {}
  if (!before && record.restartCount > 0 && old?.lastState) lastState = old.lastState
  if (record.state === 'exited' && wait && !input.settled && shouldRestart(pod, container, record.exitCode)) {
    lastState = state
    state = waiting
  }
  // Killed together with its sandbox or its node: the runtime lost sight of it and can no longer say how it ended.
  if (input.settled && state.running) state = { terminated: lost(now) }
  const started = isStarted(container, record, input)
  return {
    name: spec.name,
    state,
    lastState,
    ready: isReady(input, container, record, started),
    restartCount: record.restartCount,
    image: record.image,
    imageID: record.imageId,
    containerID: containerId(record),
    started,
    ...reported(input, container, record),
  }
}

/** A container the runtime knows nothing of: never created, or forgotten after it ended. */
function withoutRecord(
  { status, now, settled }: ContainerStatusInput,
  { spec }: PodContainer,
  old: ContainerStatus | undefined,
  waiting: ContainerState,
): ContainerStatus {
  const base = { name: spec.name, ready: false, started: false, image: spec.image ?? '', imageID: '' }
  if (!old?.containerID) {
    const initialized = status?.conditions?.some(({ type, status }) => type === 'Initialized' && status === 'True')
    const state = settled && initialized && old ? { terminated: lost(now) } : waiting
    return { ...base, state, lastState: old?.lastState ?? {}, restartCount: old?.restartCount ?? 0 }
  }
  const { containerID, image, imageID, restartCount } = old
  const known = { ...base, containerID, image, imageID, restartCount }
  const ended = old.state?.terminated ?? old.lastState?.terminated
  if (old.state?.terminated || (settled && ended))
    return { ...known, ready: old.ready, state: { terminated: ended ?? lost(now) }, lastState: old.lastState ?? {} }
  if (settled) return { ...known, state: { terminated: lost(now) }, lastState: old.lastState ?? {} }
  const lastState = old.state?.running ? { terminated: lost(now) } : (old.lastState ?? {})
  return { ...known, state: waiting, lastState }
}

function currentState(
  input: ContainerStatusInput,
  record: ContainerRecord,
  waiting: ContainerState,
  old: ContainerStatus | undefined,
): ContainerState {
  switch (record.state) {
    case 'running':
      return input.starting.has(record.id) ? waiting : { running: { startedAt: rfc3339(record.startedAt) } }
    case 'exited':
      return { terminated: terminated(record, old?.state.terminated) }
    default:
      return waiting
  }
}

const containerId = ({ id }: ContainerRecord): string => `containerd://${id}`

/** Last words that were read once are kept when their file is gone. */
const terminated = (record: ContainerRecord, known?: ContainerStateTerminated): ContainerStateTerminated => {
  const message = record.message || (known?.containerID === containerId(record) ? known.message : '')
  return {
    exitCode: record.exitCode,
    reason: record.reason || (record.exitCode === 0 ? 'Completed' : 'Error'),
    ...(message ? { message } : {}),
    startedAt: rfc3339(record.startedAt),
    finishedAt: rfc3339(record.finishedAt),
    containerID: containerId(record),
  }
}

function isReady(
  { probes }: ContainerStatusInput,
  { role, spec }: PodContainer,
  record: ContainerRecord,
  started: boolean,
): boolean {
  if (role === 'ephemeral') return false
  if (role === 'init') return record.state === 'exited' && record.exitCode === 0
  return started && (!spec.readinessProbe || probes.get(record.id)?.readiness === 'success')
}

/** What the status repeats of the declaration, as it is in force. */
function reported(
  { resources, recursiveReadOnly: canRecurse }: ContainerStatusInput,
  { spec, role }: PodContainer,
  record: ContainerRecord,
): Partial<ContainerStatus> {
  const isResizable = role === 'regular' || role === 'sidecar'
  const granted = (isResizable ? resources?.granted(spec.name) : undefined) ?? spec.resources ?? {}
  const { requests, limits } =
    (isResizable && record.state === 'running' ? resources?.has(record) : undefined) ?? granted
  const mounts = (spec.volumeMounts ?? []).map(({ name, mountPath, readOnly, recursiveReadOnly = 'Disabled' }) => ({
    name,
    mountPath,
    ...(readOnly
      ? { readOnly, recursiveReadOnly: canRecurse && recursiveReadOnly !== 'Disabled' ? 'Enabled' : 'Disabled' }
      : {}),
  }))
  const { user } = record
  return {
    ...(role === 'ephemeral' || !granted.requests ? {} : { allocatedResources: granted.requests }),
    ...(role === 'ephemeral'
      ? {}
      : { resources: { ...(requests ? { requests } : {}), ...(limits ? { limits } : {}) } }),
    ...(mounts.length ? { volumeMounts: mounts } : {}),
    ...(user ? { user: { linux: user } } : {}),
  }
}
