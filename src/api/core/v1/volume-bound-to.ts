import type { PersistentVolume, PersistentVolumeClaim } from './index.js'
import { annotated, boundByController } from './volume-annotations.js'
import { isReservedFor } from './volume-match.js'

/** The volume as it is once it belongs to the claim; the same object if it does already. */
export function volumeBoundTo(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const { namespace = '', name = '', uid = '', resourceVersion = '' } = claim.metadata
  if (isReservedFor(volume, claim) && volume.spec.claimRef?.uid) return volume
  const claimRef = { kind: 'PersistentVolumeClaim', namespace, name, uid, apiVersion: 'v1', resourceVersion }
  const bound = { ...volume, spec: { ...volume.spec, claimRef } }
  // Whoever reserved it keeps it reserved when the claim goes.
  return isReservedFor(volume, claim) ? bound : annotated(bound, { [boundByController]: 'yes' })
}
