import type { ContainerStatus, Pod } from '../../api/core/v1/index.js'
import { compareText } from '../../machinery/compare-text.js'
import { podReady, podReadySince } from '../pod-state.js'

const deletionCost = 'controller.kubernetes.io/pod-deletion-cost'

/**
 * Sorts pods by who goes first when there are too many:
 * https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#scaling-a-replicaset. `related` are the active
 * pods of the same application, by which is judged how crowded a node is; `now` is in ms.
 */
export function inDeletionOrder(pods: readonly Pod[], related: readonly Pod[], now: number): Pod[] {
  const crowd = new Map<string, number>()
  for (const { spec } of related) if (spec.nodeName) crowd.set(spec.nodeName, (crowd.get(spec.nodeName) ?? 0) + 1)
  return pods
    .map(pod => factsOf(pod, crowd.get(pod.spec.nodeName ?? '') ?? 0, now))
    .sort(compare)
    .map(({ pod }) => pod)
}

interface Facts {
  readonly pod: Pod
  readonly assigned: number
  readonly phase: number
  readonly ready: number
  readonly cost: number
  readonly crowd: number
  /** How long it has been ready, as a power of two of nanoseconds; undefined if unknown. */
  readonly readyFor: number | undefined
  readonly restarts: number
  readonly sidecarRestarts: number
  readonly age: number
}

const phases: { readonly [phase: string]: number } = { Pending: 0, Unknown: 1, Running: 2 }

function factsOf(pod: Pod, crowd: number, now: number): Facts {
  const { spec, status, metadata } = pod
  const since = podReadySince(pod)
  const sidecars = new Set(
    (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name),
  )
  return {
    pod,
    assigned: spec.nodeName ? 1 : 0,
    phase: phases[status.phase ?? ''] ?? 0,
    ready: podReady(pod) ? 1 : 0,
    cost: costOf(metadata.annotations?.[deletionCost]),
    crowd,
    readyFor: since === undefined ? undefined : magnitude(now - since),
    restarts: mostRestarts(status.containerStatuses),
    sidecarRestarts: mostRestarts(status.initContainerStatuses?.filter(({ name }) => sidecars.has(name))),
    age: magnitude(now - Date.parse(metadata.creationTimestamp ?? '')),
  }
}

function compare(a: Facts, b: Facts): number {
  return (
    a.assigned - b.assigned ||
    a.phase - b.phase ||
    a.ready - b.ready ||
    a.cost - b.cost ||
    b.crowd - a.crowd ||
    (a.readyFor !== undefined && b.readyFor !== undefined ? a.readyFor - b.readyFor : 0) ||
    b.restarts - a.restarts ||
    b.sidecarRestarts - a.sidecarRestarts ||
    a.age - b.age ||
    compareText(a.pod.metadata.uid ?? '', b.pod.metadata.uid ?? '')
  )
}

/**
 * Times are compared by magnitude only, so that pods of about one age go in no particular order: the newest would all be
 * in one zone after that zone was down.
 */
function magnitude(ms: number): number {
  return ms > 0 ? Math.floor(Math.log2(ms * 1e6)) : -1
}

/** A 32-bit integer, as the annotation is validated; anything else counts as 0. */
function costOf(text: string | undefined): number {
  if (!text || !/^(0|[-+]?[1-9]\d{0,9})$/.test(text)) return 0
  const cost = Number(text)
  return cost >= -(2 ** 31) && cost < 2 ** 31 ? cost : 0
}

const mostRestarts = (statuses: readonly ContainerStatus[] = []): number =>
  statuses.reduce((most, { restartCount }) => Math.max(most, restartCount), 0)
