import { StatefulSet } from '../../api/apps/v1/index.js'
import { type PersistentVolumeClaim, Pod } from '../../api/core/v1/index.js'
import { controllerReference, refersToKind } from '../../client/owners.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import type { OwnerReference } from '../../machinery/meta/index.js'
import { inRange } from './identity.js'

/** The owners a claim is to have instead of those it has. */
export interface ClaimOwners {
  readonly owners: readonly OwnerReference[]
  /** Something else controls the claim: the set leaves it alone. */
  readonly foreign: boolean
}

/** Owners of a claim that is made for a pod that is wanted. */
export const ownersOfNewClaim = (set: StatefulSet): readonly OwnerReference[] =>
  set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete' ? [controllerReference(StatefulSet, set)] : []

/**
 * Who must own a claim so that it goes with the set or with the pod, as
 * https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention says.
 */
export function claimOwners(
  set: StatefulSet,
  ordinal: number,
  pod: Pod,
  { metadata: { ownerReferences = [] } }: PersistentVolumeClaim,
): ClaimOwners {
  const isOwn = ({ uid }: OwnerReference) => uid === set.metadata.uid || uid === pod.metadata.uid
  const others = ownerReferences.filter(reference => !isOwn(reference))
  if (others.some(({ controller }) => controller)) return { owners: others, foreign: true }
  const scaledDown = set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled === 'Delete' && !inRange(set, ordinal)
  const own = scaledDown ? [controllerReference(Pod, pod)] : ownersOfNewClaim(set)
  // What is right already stays as it is, in its order.
  const kept = ownerReferences.filter(reference => !isOwn(reference) || own.some(one => jsonEqual(one, reference)))
  const missing = own.filter(one => !ownerReferences.some(reference => jsonEqual(one, reference)))
  return { owners: [...kept, ...missing], foreign: false }
}

/** Whether a claim belongs to an earlier pod of this name, with which it is about to go. */
export const isStaleClaim = (
  { metadata: { ownerReferences = [] } }: PersistentVolumeClaim,
  podName: string,
  podUid: string | undefined,
): boolean =>
  ownerReferences.some(
    reference => refersToKind(reference, Pod) && reference.name === podName && reference.uid !== podUid,
  )
