import type { Pod } from '../../api/core/v1/index.js'
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/policy/v1/index.js'
import { rfc3339 } from '../../machinery/clock.js'
import { scaledValue } from '../../machinery/int-or-string.js'
import { podReady } from '../pod-state.js'

/** Ms that an eviction may take until its pod is seen to go; after that the pod counts again. */
export const evictionTimeout = 2 * 60_000

/** How many pods there should be, and how many of them must be healthy. */
export interface Expected {
  readonly pods: number
  readonly healthy: number
}

/** `wanted` is how many pods their controllers want in sum; asked for only where it matters. */
export function expectedOf({ spec }: PodDisruptionBudget, pods: number, wanted: () => number): Expected {
  const { minAvailable, maxUnavailable } = spec
  if (maxUnavailable !== undefined) {
    const all = wanted()
    return { pods: all, healthy: Math.max(0, all - scaledValue(maxUnavailable, all, true)) }
  }
  if (minAvailable === undefined) return { pods, healthy: 0 }
  if (typeof minAvailable === 'number') return { pods, healthy: minAvailable }
  const all = wanted()
  return { pods: all, healthy: scaledValue(minAvailable, all, true) }
}

/** Whether a budget's size depends on what the controllers of its pods want. */
export const needsScale = ({ spec }: PodDisruptionBudget): boolean =>
  spec.maxUnavailable !== undefined || typeof spec.minAvailable === 'string'

type Disrupted = { readonly [pod: string]: string }

/** Evictions that have been granted and are yet to be seen. */
function pendingEvictions({ status }: PodDisruptionBudget, pods: readonly Pod[], now: number): Disrupted {
  const byName = new Map(pods.map(pod => [pod.metadata.name, pod]))
  return Object.fromEntries(
    Object.entries(status.disruptedPods ?? {}).filter(([name, time]) => {
      const pod = byName.get(name)
      return pod && !pod.metadata.deletionTimestamp && now - Date.parse(time) < evictionTimeout
    }),
  )
}

/** The status that pods amount to: https://kubernetes.io/docs/tasks/run-application/configure-pdb/ */
export function budgetStatus(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  expected: Expected,
  now: number,
): PodDisruptionBudgetStatus {
  const disrupted = pendingEvictions(budget, pods, now)
  const healthy = pods.filter(
    pod => podReady(pod) && !pod.metadata.deletionTimestamp && disrupted[pod.metadata.name ?? ''] === undefined,
  ).length
  const allowed = expected.pods > 0 ? Math.max(0, healthy - expected.healthy) : 0
  const generation = budget.metadata.generation ?? 0
  return {
    ...(generation ? { observedGeneration: generation } : {}),
    ...(Object.keys(disrupted).length > 0 ? { disruptedPods: disrupted } : {}),
    disruptionsAllowed: allowed,
    currentHealthy: healthy,
    desiredHealthy: expected.healthy,
    expectedPods: expected.pods,
    conditions: conditionsOf(budget, allowed > 0, now),
  }
}

type Conditions = NonNullable<PodDisruptionBudgetStatus['conditions']>

const conditionsOf = (budget: PodDisruptionBudget, allowed: boolean, now: number): Conditions =>
  withCondition(budget, allowed ? 'True' : 'False', allowed ? 'SufficientPods' : 'InsufficientPods', '', now)

/** The conditions where the state of the budget cannot be told. */
export const failedConditions = (budget: PodDisruptionBudget, why: string, now: number): Conditions =>
  withCondition(budget, 'False', 'SyncFailed', why, now)

function withCondition(
  { status, metadata }: PodDisruptionBudget,
  value: string,
  reason: string,
  message: string,
  now: number,
): Conditions {
  const known = status.conditions?.find(({ type }) => type === 'DisruptionAllowed')
  const others = (status.conditions ?? []).filter(condition => condition !== known)
  return [
    ...others,
    {
      type: 'DisruptionAllowed',
      status: value,
      observedGeneration: metadata.generation ?? 0,
      lastTransitionTime: known?.status === value ? known.lastTransitionTime : rfc3339(now),
      reason,
      message,
    },
  ]
}
