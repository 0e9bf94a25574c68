import type { Deployment, ReplicaSet } from '../../api/apps/v1/index.js'
import { isRollingUpdate, maxReplicas, rolloutLimits, wantedReplicas } from './limits.js'
import { desiredReplicasAnnotation, maxReplicasAnnotation } from './revision.js'

/** A deployment's replica sets: the one with its present template, if there is one, and the others, oldest first. */
export interface Revisions {
  readonly newest: ReplicaSet | undefined
  readonly old: readonly ReplicaSet[]
}

/** A number of replicas for a replica set; it may be the one it has. */
export interface Scale {
  readonly set: ReplicaSet
  readonly replicas: number
}

export const specReplicas = ({ spec }: ReplicaSet): number => spec.replicas ?? 1
export const availableReplicas = ({ status }: ReplicaSet): number => status.availableReplicas ?? 0
export const total = (sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number): number =>
  sets.reduce((sum, set) => sum + count(set), 0)
export const isActive = (set: ReplicaSet): boolean => specReplicas(set) > 0
export const allOf = ({ newest, old }: Revisions): readonly ReplicaSet[] => (newest ? [...old, newest] : old)

/** The deployment's size was changed since its active replica sets were last scaled. */
export function isScaling(deployment: Deployment, revisions: Revisions): boolean {
  return allOf(revisions).some(set => {
    const desired = desiredOf(set)
    return isActive(set) && desired !== undefined && desired !== wantedReplicas(deployment)
  })
}

/**
 * Brings all replica sets to a new size at once: one that is alone gets it all, several in the midst of a rollout share
 * it in proportion to what they have:
 * https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#proportional-scaling
 */
export function scaleAll(deployment: Deployment, revisions: Revisions): readonly Scale[] {
  const { newest, old } = revisions
  const wanted = wantedReplicas(deployment)
  const active = allOf(revisions).filter(isActive)
  const only = active.length === 0 ? (newest ?? old.at(-1)) : active.length === 1 ? active[0] : undefined
  if (only) return [{ set: only, replicas: wanted }]
  if (newest && isSaturated(deployment, newest)) return old.filter(isActive).map(set => ({ set, replicas: 0 }))
  return isRollingUpdate(deployment) ? inProportion(deployment, active) : []
}

function isSaturated(deployment: Deployment, set: ReplicaSet): boolean {
  const wanted = wantedReplicas(deployment)
  return specReplicas(set) === wanted && desiredOf(set) === wanted && availableReplicas(set) === wanted
}

function inProportion(deployment: Deployment, active: readonly ReplicaSet[]): readonly Scale[] {
  const wanted = wantedReplicas(deployment)
  const missing = (wanted > 0 ? maxReplicas(deployment) : 0) - total(active, specReplicas)
  // The largest take what does not divide; among equals the newest when growing, the oldest when shrinking.
  const sets = active.toSorted(
    (a, b) => specReplicas(b) - specReplicas(a) || (missing > 0 ? byCreation(b, a) : byCreation(a, b)),
  )
  let given = 0
  const scales = sets.map(set => {
    const share = shareOf(set, deployment, missing, given)
    given += share
    return { set, replicas: specReplicas(set) + share }
  })
  return scales.map(({ set, replicas }, i) => ({
    set,
    replicas: Math.max(0, i === 0 ? replicas + missing - given : replicas),
  }))
}

/** How many replicas a set gets, or loses, of those that are missing, or too many. */
function shareOf(set: ReplicaSet, deployment: Deployment, missing: number, given: number): number {
  const has = specReplicas(set)
  const left = missing - given
  if (has === 0 || left === 0) return 0
  if (wantedReplicas(deployment) === 0) return Math.max(-has, left)
  const before = Number(set.metadata.annotations?.[maxReplicasAnnotation]) || (deployment.status.replicas ?? 0)
  if (before === 0) return 0
  const share = Math.round((has * maxReplicas(deployment)) / before) - has
  return missing > 0 ? Math.min(share, left) : Math.max(share, left)
}

/** How far a rolling update can go now: up with the newest first, then down with the old ones. */
export function rollingUpdate(deployment: Deployment, revisions: Revisions): readonly Scale[] {
  const { newest } = revisions
  if (newest && specReplicas(newest) !== wantedReplicas(deployment)) {
    const replicas = newestReplicas(deployment, revisions)
    if (replicas !== specReplicas(newest)) return [{ set: newest, replicas }]
  }
  return scaleDownOld(deployment, revisions)
}

/** Replicas the newest set may have: as many as are wanted, as far as the surge allows beside the old ones. */
export function newestReplicas(deployment: Deployment, revisions: Revisions): number {
  const wanted = wantedReplicas(deployment)
  const has = revisions.newest ? specReplicas(revisions.newest) : 0
  if (!isRollingUpdate(deployment) || has > wanted) return wanted
  const room = maxReplicas(deployment) - total(allOf(revisions), specReplicas)
  return room <= 0 ? has : has + Math.min(room, wanted - has)
}

/** Takes from the old sets what the deployment can do without: first what is not available anyway. */
function scaleDownOld(deployment: Deployment, { newest, old }: Revisions): readonly Scale[] {
  const olds = old.filter(isActive)
  if (olds.length === 0) return []
  const all = newest ? [...olds, newest] : olds
  const minimum = wantedReplicas(deployment) - rolloutLimits(deployment).maxUnavailable
  const newestUnavailable = newest ? specReplicas(newest) - availableReplicas(newest) : 0
  const spare = total(all, specReplicas) - minimum - newestUnavailable
  if (spare <= 0) return []
  const sizes = new Map(olds.map(set => [set, specReplicas(set)]))
  const take = (limit: number, takable: (set: ReplicaSet, size: number) => number): void => {
    let left = limit
    for (const [set, size] of sizes) {
      const taken = Math.max(0, Math.min(left, takable(set, size)))
      sizes.set(set, size - taken)
      left -= taken
    }
  }
  take(spare, (set, size) => size - availableReplicas(set))
  take(total(all, availableReplicas) - minimum, (_set, size) => size)
  return olds.flatMap(set => {
    const replicas = sizes.get(set) ?? 0
    return replicas === specReplicas(set) ? [] : [{ set, replicas }]
  })
}

/** Old before new; by name what was created in one second. */
export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  const [left, right] = [a, b].map(({ metadata }) => `${metadata.creationTimestamp ?? ''} ${metadata.name ?? ''}`)
  return (left ?? '') < (right ?? '') ? -1 : 1
}

function desiredOf({ metadata }: ReplicaSet): number | undefined {
  const text = metadata.annotations?.[desiredReplicasAnnotation]
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined
}
