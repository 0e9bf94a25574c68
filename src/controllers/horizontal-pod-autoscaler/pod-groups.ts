import type { Pod } from '../../api/core/v1/index.js'
import { podReady, podReadyCondition } from '../pod-state.js'

/** What a metric says of one pod. */
export interface PodMetric {
  /** Thousandths of the metric's unit. */
  readonly value: number
  /** The end of the window it was measured in, in milliseconds since the epoch. */
  readonly time: number
  /** Milliseconds. */
  readonly window: number
}

/** By the pods' names. */
export type PodMetrics = ReadonlyMap<string, PodMetric>

/** When what a starting pod uses is not what it will use. Milliseconds. */
export interface ReadinessPeriods {
  /** How long after its start a pod's CPU use may be that of its start. */
  readonly cpuInitialization: number
  /** How long after its start a pod that became unready has never been ready. */
  readonly initialReadinessDelay: number
}

export interface PodGroups {
  /** Pods whose metrics count. */
  readonly ready: number
  /** Names of pods that are not to be judged by their metrics yet. */
  readonly unready: readonly string[]
  /** Names of pods that there are no metrics of. */
  readonly missing: readonly string[]
  /** Names of pods that have failed or are on their way out. */
  readonly ignored: readonly string[]
}

/** Sorts pods by what their metrics are worth. Only CPU is used otherwise at the start of a pod than later. */
export function groupPods(
  pods: readonly Pod[],
  metrics: PodMetrics,
  isCpu: boolean,
  periods: ReadinessPeriods,
  now: number,
): PodGroups {
  let ready = 0
  const unready: string[] = []
  const missing: string[] = []
  const ignored: string[] = []
  for (const pod of pods) {
    const { name = '', deletionTimestamp } = pod.metadata
    const metric = metrics.get(name)
    if (deletionTimestamp || pod.status.phase === 'Failed') ignored.push(name)
    else if (pod.status.phase === 'Pending') unready.push(name)
    else if (!metric) missing.push(name)
    else if (isCpu && isStarting(pod, metric, periods, now)) unready.push(name)
    else ready++
  }
  return { ready, unready, missing, ignored }
}

function isStarting(pod: Pod, metric: PodMetric, periods: ReadinessPeriods, now: number): boolean {
  const condition = podReadyCondition(pod)
  if (!condition || !pod.status.startTime) return true
  const started = Date.parse(pod.status.startTime)
  const changed = Date.parse(condition.lastTransitionTime ?? '') || 0
  // While it may still be starting, a whole window must lie behind its last change.
  if (started + periods.cpuInitialization > now)
    return condition.status === 'False' || metric.time < changed + metric.window
  return condition.status === 'False' && started + periods.initialReadinessDelay > changed
}

/** Pods that run and are ready. */
export const readyPods = (pods: readonly Pod[]): number =>
  pods.filter(pod => pod.status.phase === 'Running' && podReady(pod)).length
