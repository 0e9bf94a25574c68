import type { Deployment, DeploymentStatus, ReplicaSet } from '../../api/apps/v1/index.js'
import {
  type Conditions,
  conditionOf,
  hasProgressed,
  isComplete,
  progressDeadline,
  untilDeadline,
  withCondition,
  withoutCondition,
} from './conditions.js'
import { rolloutLimits, wantedReplicas } from './limits.js'
import { allOf, availableReplicas, type Revisions, specReplicas, total } from './scaling.js'

/** The counts of a deployment, and whether it is available; other conditions are as given. */
export function countedStatus(
  deployment: Deployment,
  revisions: Revisions,
  conditions: Conditions,
  now: number,
): DeploymentStatus {
  const { newest } = revisions
  const sets = allOf(revisions)
  const replicas = total(sets, ({ status }) => status.replicas)
  const updated = newest?.status.replicas ?? 0
  const ready = total(sets, ({ status }) => status.readyReplicas ?? 0)
  const available = total(sets, availableReplicas)
  const unavailable = Math.max(0, total(sets, specReplicas) - available)
  const terminating = terminatingReplicas(sets)
  const enough = available >= wantedReplicas(deployment) - rolloutLimits(deployment).maxUnavailable
  const { collisionCount } = deployment.status
  const { generation } = deployment.metadata
  return {
    ...(generation ? { observedGeneration: generation } : {}),
    ...(replicas ? { replicas } : {}),
    ...(updated ? { updatedReplicas: updated } : {}),
    ...(ready ? { readyReplicas: ready } : {}),
    ...(available ? { availableReplicas: available } : {}),
    ...(unavailable ? { unavailableReplicas: unavailable } : {}),
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions: withCondition(
      conditions,
      enough
        ? {
            type: 'Available',
            status: 'True',
            reason: 'MinimumReplicasAvailable',
            message: 'Deployment has minimum availability.',
          }
        : {
            type: 'Available',
            status: 'False',
            reason: 'MinimumReplicasUnavailable',
            message: 'Deployment does not have minimum availability.',
          },
      now,
    ),
  }
}

/** Unknown while a set that has been looked at does not say. */
function terminatingReplicas(sets: readonly ReplicaSet[]): number | undefined {
  let count = 0
  for (const { status } of sets) {
    if (status.terminatingReplicas !== undefined) count += status.terminatingReplicas
    else if (status.observedGeneration) return undefined
  }
  return count
}

/** The status of a rollout: its counts, and how it is getting on. */
export function rolloutStatus(
  deployment: Deployment,
  revisions: Revisions,
  conditions: Conditions,
  now: number,
): DeploymentStatus {
  const status = countedStatus(deployment, revisions, conditions, now)
  return {
    ...status,
    conditions: withReplicaFailure(progressOf(deployment, revisions, status, now), revisions, now),
  }
}

function progressOf(deployment: Deployment, { newest }: Revisions, status: DeploymentStatus, now: number): Conditions {
  const { conditions = [] } = status
  if (progressDeadline(deployment) === undefined) return withoutCondition(conditions, 'Progressing')
  // A rollout that is done stays done: pods that fail or are scaled later are no part of it.
  const done =
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) &&
    conditionOf(conditions, 'Progressing')?.reason === 'NewReplicaSetAvailable'
  if (done) return conditions
  const subject = newest ? `ReplicaSet "${newest.metadata.name}"` : `Deployment "${deployment.metadata.name}"`
  if (isComplete(deployment, status))
    return withCondition(
      conditions,
      {
        type: 'Progressing',
        status: 'True',
        reason: 'NewReplicaSetAvailable',
        message: `${subject} has successfully progressed.`,
      },
      now,
    )
  if (hasProgressed(deployment.status, status))
    return withCondition(
      conditions,
      { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message: `${subject} is progressing.` },
      now,
      // Every step forward starts the deadline anew.
      true,
    )
  const left = untilDeadline(deployment, conditions, now)
  if (left !== undefined && left <= 0)
    return withCondition(
      conditions,
      {
        type: 'Progressing',
        status: 'False',
        reason: 'ProgressDeadlineExceeded',
        message: `${subject} has timed out progressing.`,
      },
      now,
    )
  return conditions
}

/** What keeps a replica set from having its pods is the deployment's failure, too; the newest set's first. */
function withReplicaFailure(conditions: Conditions, { newest, old }: Revisions, now: number): Conditions {
  for (const set of newest ? [newest, ...old] : old) {
    const failure = set.status.conditions?.find(({ type }) => type === 'ReplicaFailure')
    if (!failure) continue
    return withCondition(
      conditions,
      {
        type: 'ReplicaFailure',
        status: failure.status === 'True' ? 'True' : failure.status === 'False' ? 'False' : 'Unknown',
        reason: failure.reason ?? '',
        message: failure.message ?? '',
      },
      now,
    )
  }
  return withoutCondition(conditions, 'ReplicaFailure')
}
