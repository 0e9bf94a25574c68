import type { StatefulSet } from '../../api/apps/v1/index.js'
import { PersistentVolumeClaim, type Pod } from '../../api/core/v1/index.js'
import type { ReconcileContext } from '../../client/controller.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { messageOf } from '../../machinery/message-of.js'
import { isAlreadyExists } from '../../machinery/status-error.js'
import { claimOwners, isStaleClaim, ownersOfNewClaim } from './claim-owners.js'
import { claimsFor, ordinalOf, podName } from './identity.js'

/** Has the claims of a set's pods owned as its retention policy says. */
export async function settleClaimOwners(
  set: StatefulSet,
  pods: readonly Pod[],
  context: ReconcileContext,
): Promise<void> {
  if (!set.spec.volumeClaimTemplates?.length) return
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod)
    if (ordinal === undefined) continue
    for (const { claim } of claimsFor(set, ordinal)) {
      const found = context.get(PersistentVolumeClaim, claim.metadata ?? {})
      if (!found || found.metadata.deletionTimestamp) continue
      const { owners, foreign } = claimOwners(set, ordinal, pod, found)
      if (foreign && retains(set))
        context.events.record(
          set,
          'Warning',
          'ConflictingController',
          `PersistentVolumeClaim ${found.metadata.name} has a conflicting OwnerReference that acts as a managing controller, the retention policy is ignored for this claim`,
        )
      if (jsonEqual(owners, found.metadata.ownerReferences ?? [])) continue
      const metadata = { ...found.metadata, ownerReferences: owners }
      await context.client.update(PersistentVolumeClaim, { ...found, metadata })
    }
  }
}

/** Whether the set's policy is more than to leave claims alone. */
const retains = ({ spec: { persistentVolumeClaimRetentionPolicy: policy } }: StatefulSet): boolean =>
  policy?.whenDeleted === 'Delete' || policy?.whenScaled === 'Delete'

/** Whether a claim for this ordinal is yet to go with the pod that had it before: a new pod waits for that. */
export const waitsForClaims = (set: StatefulSet, ordinal: number, context: ReconcileContext): boolean =>
  claimsFor(set, ordinal).some(({ claim }) => {
    const found = context.get(PersistentVolumeClaim, claim.metadata ?? {})
    return found !== undefined && isStaleClaim(found, podName(set, ordinal), undefined)
  })

/** Whether a claim of this ordinal is on its way out. */
export const claimsGo = (set: StatefulSet, ordinal: number, context: ReconcileContext): boolean =>
  claimsFor(set, ordinal).some(
    ({ claim }) => context.get(PersistentVolumeClaim, claim.metadata ?? {})?.metadata.deletionTimestamp !== undefined,
  )

/** Makes the claims of a pod that are not there. Throws if one is on its way out. */
export async function createClaims(set: StatefulSet, ordinal: number, context: ReconcileContext): Promise<void> {
  const { client, events } = context
  const ownerReferences = ownersOfNewClaim(set)
  for (const { claim } of claimsFor(set, ordinal)) {
    const found = context.get(PersistentVolumeClaim, claim.metadata ?? {})
    if (found?.metadata.deletionTimestamp) throw new Error(`pvc ${found.metadata.name} is being deleted`)
    if (found) continue
    const what = `Claim ${claim.metadata?.name} Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name}`
    try {
      const metadata = { ...claim.metadata, ...(ownerReferences.length > 0 ? { ownerReferences } : {}) }
      await client.create(PersistentVolumeClaim, { ...claim, metadata })
      events.record(set, 'Normal', 'SuccessfulCreate', `create ${what} success`)
    } catch (error) {
      if (isAlreadyExists(error)) continue
      const message = messageOf(error)
      events.record(set, 'Warning', 'FailedCreate', `create ${what} failed error: ${message}`)
      throw error
    }
  }
}
