import type { Pod } from '../../api/core/v1/index.js'
import { groupPods, type PodMetric, type PodMetrics, type ReadinessPeriods, readyPods } from './pod-groups.js'
import { podRequests } from './pod-requests.js'

/** How far from its target, as a part of it, a metric may be before anything is scaled. */
export interface Tolerances {
  readonly scaleUp: number
  readonly scaleDown: number
}

/** What a metric asks for. */
export interface Proposal {
  readonly replicas: number
  /** What was measured, in thousandths; of each pod on average where the target is such an average. */
  readonly usage: number
  /** The part of what the pods request, in percent. */
  readonly utilization?: number
}

/** The pods that are scaled, and what is known of them. */
export interface MeasuredPods {
  readonly pods: readonly Pod[]
  readonly metrics: PodMetrics
  /** The replicas that are asked for now. */
  readonly replicas: number
  readonly tolerances: Tolerances
  readonly periods: ReadinessPeriods
  /** Milliseconds since the epoch. */
  readonly now: number
}

const within = (ratio: number, { scaleUp, scaleDown }: Tolerances): boolean =>
  1 - scaleDown <= ratio && ratio <= 1 + scaleUp

const noPods = () => new Error('no pods returned by selector while calculating replica count')

/**
 * The replicas at which pods use the target part, in percent, of what they request.
 * https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
 * Throws what keeps it from being told.
 */
export function replicasForUtilization(
  measured: MeasuredPods,
  resource: string,
  target: number,
  container?: string,
): Proposal {
  if (measured.pods.length === 0) throw noPods()
  const groups = groupPods(measured.pods, measured.metrics, resource === 'cpu', measured.periods, measured.now)
  const metrics = counted(measured.metrics, groups)
  const requests = podRequests(measured.pods, resource, container)
  const first = utilizationOf(metrics, requests, target)
  const fallback = Math.max(100, target)
  const replicas = replicasForRatio(measured, groups, metrics, {
    ratio: first.ratio,
    again: all => utilizationOf(all, requests, target).ratio,
    // Whoever might use much keeps the others from being taken away.
    missing: name => Math.trunc(((requests.get(name) ?? 0) * fallback) / 100),
    missingOnTarget: undefined,
  })
  return { replicas, usage: first.usage, utilization: first.utilization }
}

/** The replicas at which pods use the target, in thousandths, on average. */
export function replicasForAverage(measured: MeasuredPods, target: number, resource = ''): Proposal {
  if (measured.pods.length === 0) throw noPods()
  const groups = groupPods(measured.pods, measured.metrics, resource === 'cpu', measured.periods, measured.now)
  const metrics = counted(measured.metrics, groups)
  const usageOf = (all: PodMetrics) => Math.trunc(sum(all) / all.size)
  const usage = usageOf(metrics)
  const replicas = replicasForRatio(measured, groups, metrics, {
    ratio: usage / target,
    again: all => usageOf(all) / target,
    missing: () => target,
    missingOnTarget: 0,
  })
  return { replicas, usage }
}

/** The replicas at which something that all pods share, measured at `usage` thousandths, would be at its target. */
export function replicasForValue(
  usage: number,
  target: number,
  { pods, replicas, tolerances }: Pick<MeasuredPods, 'pods' | 'replicas' | 'tolerances'>,
): Proposal {
  const ratio = usage / target
  // From nothing, one is asked for where anything is measured.
  if (replicas === 0) return { replicas: Math.ceil(ratio), usage }
  if (within(ratio, tolerances)) return { replicas, usage }
  if (pods.length === 0) throw new Error(`unable to calculate ready pods: ${noPods().message}`)
  return { replicas: Math.ceil(ratio * readyPods(pods)), usage }
}

/** The replicas at which each has the target, in thousandths, of what is measured for all that there are now. */
export function replicasForShare(
  usage: number,
  target: number,
  { present, tolerances }: { readonly present: number; readonly tolerances: Tolerances },
): Proposal {
  const ratio = usage / (target * present)
  return {
    replicas: within(ratio, tolerances) ? present : Math.ceil(usage / target),
    // Nobody has a share where there is nobody.
    usage: present === 0 ? 0 : Math.ceil(usage / present),
  }
}

interface RatioRules {
  /** Of use to target, over the pods that count. */
  readonly ratio: number
  /** The same over more pods. */
  readonly again: (metrics: PodMetrics) => number
  /** What a pod is taken to use that there are no metrics of, when there would be fewer pods. */
  readonly missing: (name: string) => number
  /** The same when all would stay as it is; nothing is assumed if undefined. */
  readonly missingOnTarget: number | undefined
}

function replicasForRatio(
  { replicas, tolerances }: MeasuredPods,
  { ready, unready, missing }: ReturnType<typeof groupPods>,
  metrics: Map<string, PodMetric>,
  rules: RatioRules,
): number {
  const { ratio } = rules
  const upWithUnready = unready.length > 0 && ratio > 1
  if (!upWithUnready && missing.length === 0) return within(ratio, tolerances) ? replicas : Math.ceil(ratio * ready)

  const assume = (name: string, value: number) => metrics.set(name, { value, time: 0, window: 0 })
  for (const name of missing) {
    const value = ratio < 1 ? rules.missing(name) : ratio > 1 ? 0 : rules.missingOnTarget
    if (value !== undefined) assume(name, value)
  }
  if (upWithUnready) for (const name of unready) assume(name, 0)

  const cautious = rules.again(metrics)
  // Assumptions may keep from scaling, but never turn it round.
  if (within(cautious, tolerances) || (ratio < 1 && cautious > 1) || (ratio > 1 && cautious < 1)) return replicas
  const proposed = Math.ceil(cautious * metrics.size)
  if ((cautious < 1 && proposed > replicas) || (cautious > 1 && proposed < replicas)) return replicas
  return proposed
}

/** The metrics that count, as a map of its own. */
function counted(
  all: PodMetrics,
  { unready, ignored }: Pick<ReturnType<typeof groupPods>, 'unready' | 'ignored'>,
): Map<string, PodMetric> {
  const metrics = new Map(all)
  for (const name of [...ignored, ...unready]) metrics.delete(name)
  if (metrics.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)')
  return metrics
}

function sum(metrics: PodMetrics): number {
  let total = 0
  for (const { value } of metrics.values()) total += value
  return total
}

function utilizationOf(metrics: PodMetrics, requests: ReadonlyMap<string, number>, target: number) {
  let used = 0
  let requested = 0
  let pods = 0
  for (const [name, { value }] of metrics) {
    const request = requests.get(name)
    if (request === undefined) continue
    used += value
    requested += request
    pods++
  }
  if (requested === 0) throw new Error('no metrics returned matched known pods')
  const utilization = Math.trunc((used * 100) / requested)
  return { ratio: utilization / target, utilization, usage: Math.trunc(used / pods) }
}
