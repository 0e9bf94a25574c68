import type { ContainerStatus, Pod } from '../../api/core/v1/index.js'
import { findContainer, type PodContainer } from '../pod-containers.js'
import type { ContainerRecord, PodRuntimeState, SandboxRecord } from '../pod-runtime-state.js'
import { ServerError } from './server-error.js'

/** What the server knows of the node's pods. */
export interface PodLookup {
  readonly pods: () => readonly Pod[]
  readonly observed: (uid: string) => PodRuntimeState
}

export function findPod({ pods }: PodLookup, namespace: string, name: string, uid?: string): Pod {
  const found = pods().find(
    ({ metadata }) => metadata.namespace === namespace && metadata.name === name && (!uid || metadata.uid === uid),
  )
  if (!found) throw new ServerError(404, `pod "${name}" not found`)
  return found
}

function findInPod(pod: Pod, name: string): PodContainer {
  const found = findContainer(pod, name)
  if (!found) throw new ServerError(404, `container "${name}" not found in pod "${pod.metadata.name}"`)
  return found
}

/** A container that runs, for commands to be run in. */
export function runningContainer(lookup: PodLookup, pod: Pod, name: string): ContainerRecord {
  findInPod(pod, name)
  const { containers } = lookup.observed(pod.metadata.uid ?? '')
  const found = containers.find(record => record.name === name && record.state === 'running')
  if (!found) throw new ServerError(404, `container not found ("${name}")`)
  return found
}

export function runningSandbox(lookup: PodLookup, pod: Pod): SandboxRecord {
  const found = lookup.observed(pod.metadata.uid ?? '').sandboxes.find(({ ready }) => ready)
  if (!found) throw new ServerError(404, `pod "${pod.metadata.name}" is not running`)
  return found
}

/** The incarnation of a container whose output is wanted. Throws `ServerError` where there is none. */
export function loggedContainer(lookup: PodLookup, pod: Pod, name: string, previous: boolean): ContainerRecord {
  findInPod(pod, name)
  const podName = pod.metadata.name
  const started = lookup
    .observed(pod.metadata.uid ?? '')
    .containers.filter(record => record.name === name && record.state !== 'created')
  if (previous) {
    const before = started[1]
    if (!before) throw new ServerError(400, `previous terminated container "${name}" in pod "${podName}" not found`)
    return before
  }
  const [record] = started
  if (record) return record
  const waiting = containerStatus(pod, name)?.state.waiting
  if (!waiting) throw new ServerError(400, `container "${name}" in pod "${podName}" is not available`)
  const why: { readonly [reason: string]: string } = {
    ErrImagePull: "image can't be pulled",
    ImagePullBackOff: 'trying and failing to pull image',
  }
  const { reason = '' } = waiting
  throw new ServerError(400, `container "${name}" in pod "${podName}" is waiting to start: ${why[reason] ?? reason}`)
}

const containerStatus = ({ status }: Pod, name: string): ContainerStatus | undefined =>
  [
    ...(status.containerStatuses ?? []),
    ...(status.initContainerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ].find(candidate => candidate.name === name)
