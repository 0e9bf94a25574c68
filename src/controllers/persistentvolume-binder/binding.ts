import type { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1/index.js'
import { annotated, annotationOf, bindCompleted, boundByController } from '../../api/core/v1/volume-annotations.js'
import { jsonEqual } from '../../machinery/json-equal.js'

/** The volume after its claim bound another one: free, unless somebody reserved it. */
export function volumeUnbound(volume: PersistentVolume): PersistentVolume {
  const { claimRef, ...spec } = volume.spec
  if (!claimRef) return volume
  if (annotationOf(volume, boundByController) === undefined) {
    const { uid: _, ...reserved } = claimRef
    return { ...volume, spec: { ...spec, claimRef: reserved } }
  }
  const { annotations: { [boundByController]: _, ...annotations } = {}, ...metadata } = volume.metadata
  return {
    ...volume,
    metadata: { ...metadata, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec,
  }
}

/** The claim as it is once the volume is its own; the same object if it is already. */
export function claimBoundTo(claim: PersistentVolumeClaim, volume: PersistentVolume): PersistentVolumeClaim {
  const { name = '' } = volume.metadata
  const chosen =
    claim.spec.volumeName === name
      ? claim
      : annotated({ ...claim, spec: { ...claim.spec, volumeName: name } }, { [boundByController]: 'yes' })
  return annotationOf(claim, bindCompleted) === undefined ? annotated(chosen, { [bindCompleted]: 'yes' }) : chosen
}

/** The claim with the status it is to have; the same object if it has it already. */
export function claimInPhase(
  claim: PersistentVolumeClaim,
  phase: 'Pending' | 'Bound' | 'Lost',
  volume?: PersistentVolume,
): PersistentVolumeClaim {
  const { accessModes: _, capacity, currentVolumeAttributesClassName: attributes, ...rest } = claim.status
  // A claim that is bound may be being resized, which is not said here.
  const kept = claim.status.phase === phase
  const size = kept ? capacity : volume?.spec.capacity
  const className = kept ? attributes : volume?.spec.volumeAttributesClassName
  const status = {
    ...rest,
    phase,
    ...(volume?.spec.accessModes ? { accessModes: volume.spec.accessModes } : {}),
    ...(volume && size ? { capacity: size } : {}),
    ...(volume && className !== undefined ? { currentVolumeAttributesClassName: className } : {}),
  }
  return jsonEqual(status, claim.status) ? claim : { ...claim, status }
}
