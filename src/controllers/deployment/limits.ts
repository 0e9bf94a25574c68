import type { Deployment } from '../../api/apps/v1/index.js'
import { type IntOrString, scaledValue } from '../../machinery/int-or-string.js'

/** Pods beyond, and below, the wanted number that a rollout may have. */
export interface RolloutLimits {
  readonly maxSurge: number
  readonly maxUnavailable: number
}

export const wantedReplicas = ({ spec }: Deployment): number => spec.replicas ?? 1

export const isRollingUpdate = ({ spec }: Deployment): boolean => spec.strategy?.type !== 'Recreate'

/** Surge is rounded up, unavailability down; if both come to 0, one pod may be unavailable, or nothing could move. */
export function rolloutLimits(deployment: Deployment): RolloutLimits {
  const replicas = wantedReplicas(deployment)
  if (!isRollingUpdate(deployment) || replicas === 0) return { maxSurge: 0, maxUnavailable: 0 }
  const { maxSurge, maxUnavailable } = deployment.spec.strategy?.rollingUpdate ?? {}
  const surge = count(maxSurge ?? '25%', replicas, true)
  const unavailable = count(maxUnavailable ?? '25%', replicas, false)
  return {
    maxSurge: surge,
    maxUnavailable: Math.min(replicas, surge === 0 && unavailable === 0 ? 1 : unavailable),
  }
}

function count(value: IntOrString, replicas: number, roundUp: boolean): number {
  return Math.max(0, scaledValue(value, replicas, roundUp))
}

/** Pods there may be at most at a time. */
export function maxReplicas(deployment: Deployment): number {
  return wantedReplicas(deployment) + rolloutLimits(deployment).maxSurge
}
