import type { PersistentVolumeClaim, Pod } from '../../api/core/v1/index.js'
import { claimIsFor, ephemeralClaimName } from '../../api/core/v1/pod-volume-claims.js'
import { annotationOf, bindCompleted } from '../../api/core/v1/volume-annotations.js'
import { classOf } from '../../api/core/v1/volume-match.js'
import { Unschedulable } from '../framework.js'
import type { VolumeState } from './volume-state.js'

/** The claims of a pod's volumes that can be used as they are, and those to be bound when it has a node. */
export interface PodClaims {
  readonly bound: readonly PersistentVolumeClaim[]
  readonly delayed: readonly PersistentVolumeClaim[]
}

/** A claim and its volume have been bound to each other. */
export const isBound = (claim: PersistentVolumeClaim): boolean =>
  Boolean(claim.spec.volumeName) && annotationOf(claim, bindCompleted) !== undefined

/** Undefined for a pod without claims. Throws `Unschedulable` if one is not there, or is not to be waited for. */
export function podClaims(pod: Pod, state: Pick<VolumeState, 'claims' | 'storageClass'>): PodClaims | undefined {
  const claims = claimsOf(pod, state)
  if (claims.length === 0) return undefined
  const delayed = claims.filter(claim => !isBound(claim))
  if (delayed.some(claim => claim.spec.volumeName || !waitsForConsumer(claim, state)))
    throw new Unschedulable('pod has unbound immediate PersistentVolumeClaims')
  return { bound: claims.filter(isBound), delayed }
}

/** Whether claims of the class are to be bound only once their pod has a node. */
const waitsForConsumer = (claim: PersistentVolumeClaim, state: Pick<VolumeState, 'storageClass'>): boolean =>
  state.storageClass(classOf(claim))?.volumeBindingMode === 'WaitForFirstConsumer'

function claimsOf(pod: Pod, { claims }: Pick<VolumeState, 'claims'>): PersistentVolumeClaim[] {
  const { namespace = '' } = pod.metadata
  const seen = new Set<string>()
  return (pod.spec.volumes ?? []).flatMap(volume => {
    const { persistentVolumeClaim, ephemeral } = volume
    if (!persistentVolumeClaim && !ephemeral) return []
    const name = persistentVolumeClaim?.claimName ?? ephemeralClaimName(pod, volume)
    // A pod may have the same claim as several volumes.
    if (seen.has(name)) return []
    seen.add(name)
    const claim = claims.get({ namespace, name })
    if (!claim && ephemeral)
      throw new Unschedulable(`waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`)
    if (!claim) throw new Unschedulable(`persistentvolumeclaim "${name}" not found`)
    if (claim.status.phase === 'Lost')
      throw new Unschedulable(
        `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName ?? ''}"`,
      )
    if (claim.metadata.deletionTimestamp) throw new Unschedulable(`persistentvolumeclaim "${name}" is being deleted`)
    if (ephemeral && !claimIsFor(pod, claim))
      throw new Unschedulable(
        `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`,
      )
    return [claim]
  })
}
