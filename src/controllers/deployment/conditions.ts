import type { Deployment, DeploymentCondition, DeploymentStatus } from '../../api/apps/v1/index.js'
import { rfc3339 } from '../../machinery/clock.js'

export type Conditions = readonly DeploymentCondition[]

/** What a condition says, without its times. */
export interface ConditionNews {
  readonly type: 'Available' | 'Progressing' | 'ReplicaFailure'
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

/** The largest 32-bit integer stands for no deadline, no limit. */
const unlimited = 2 ** 31 - 1

/** Ms a rollout may go without progress; undefined if it may take as long as it likes. */
export function progressDeadline({ spec }: Pick<Deployment, 'spec'>): number | undefined {
  const { progressDeadlineSeconds } = spec
  return progressDeadlineSeconds === undefined || progressDeadlineSeconds === unlimited
    ? undefined
    : progressDeadlineSeconds * 1000
}

export const conditionOf = (conditions: Conditions | undefined, type: string): DeploymentCondition | undefined =>
  conditions?.find(condition => condition.type === type)

export const withoutCondition = (conditions: Conditions, type: string): Conditions =>
  conditions.filter(condition => condition.type !== type)

/** Sets a condition; with its status and reason as they were, it is left alone unless `renew` is set. */
export function withCondition(conditions: Conditions, news: ConditionNews, now: number, renew = false): Conditions {
  const known = conditionOf(conditions, news.type)
  const same = known?.status === news.status
  if (known && same && known.reason === news.reason && !renew) return conditions
  const time = rfc3339(now)
  return [
    ...withoutCondition(conditions, news.type),
    {
      type: news.type,
      status: news.status,
      lastUpdateTime: time,
      lastTransitionTime: (same ? known?.lastTransitionTime : undefined) ?? time,
      reason: news.reason,
      message: news.message,
    },
  ]
}

/** Pausing stops the clock of the deadline; resuming starts it anew. */
export function pausedCondition({ spec, status }: Deployment, conditions: Conditions, now: number): Conditions {
  if (progressDeadline({ spec }) === undefined) return conditions
  const progressing = conditionOf(status.conditions, 'Progressing')
  // What went wrong stays visible.
  if (progressing?.reason === 'ProgressDeadlineExceeded') return conditions
  const paused = progressing?.reason === 'DeploymentPaused'
  if (spec.paused && !paused)
    return withCondition(
      conditions,
      { type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' },
      now,
    )
  if (!spec.paused && paused)
    return withCondition(
      conditions,
      { type: 'Progressing', status: 'Unknown', reason: 'DeploymentResumed', message: 'Deployment is resumed' },
      now,
    )
  return conditions
}

/** All pods are of the newest template, available, and as many as wanted. */
export function isComplete({ spec, metadata }: Deployment, status: DeploymentStatus): boolean {
  const wanted = spec.replicas ?? 1
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  )
}

/** Something moved in the right direction since the status was last written. */
export function hasProgressed(old: DeploymentStatus, status: DeploymentStatus): boolean {
  const outdated = (one: DeploymentStatus) => (one.replicas ?? 0) - (one.updatedReplicas ?? 0)
  return (
    (status.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) ||
    outdated(status) < outdated(old) ||
    (status.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  )
}

/**
 * Ms until the rollout is late: 0 or less if it is; undefined if it has no deadline, is done, or is known to be late
 * (`late` tells the last two apart).
 */
export function untilDeadline(
  { spec }: Pick<Deployment, 'spec'>,
  conditions: Conditions,
  now: number,
): number | undefined {
  const deadline = progressDeadline({ spec })
  const progressing = conditionOf(conditions, 'Progressing')
  if (deadline === undefined || !progressing || spec.paused) return undefined
  if (progressing.reason === 'NewReplicaSetAvailable' || progressing.reason === 'ProgressDeadlineExceeded')
    return undefined
  const from = progressing.lastUpdateTime ?? progressing.lastTransitionTime
  return from ? Date.parse(from) + deadline - now : undefined
}
