import { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/core/v1/index.js'
import { claimNamesOf } from '../../api/core/v1/pod-volume-claims.js'
import { annotationOf, bindCompleted } from '../../api/core/v1/volume-annotations.js'
import { classOf } from '../../api/core/v1/volume-match.js'
import { index } from '../../client/controller.js'

/** A claim's key in the indexes. */
export const claimKey = ({
  namespace = '',
  name = '',
}: {
  readonly namespace?: string
  readonly name?: string
}): string => `${namespace}/${name}`

/** Volumes that belong to a claim or are reserved for it. */
export const volumesOfClaim = index(PersistentVolume, ({ spec: { claimRef } }) =>
  claimRef ? [claimKey(claimRef)] : [],
)

/** Volumes that any claim of a class may have. */
export const freeVolumesOfClass = index(PersistentVolume, volume => (volume.spec.claimRef ? [] : [classOf(volume)]))

/** Claims that name a volume. */
export const claimsOfVolume = index(PersistentVolumeClaim, ({ spec }) => (spec.volumeName ? [spec.volumeName] : []))

/** Claims without a volume, under one key. */
export const unboundClaims = index(PersistentVolumeClaim, claim =>
  annotationOf(claim, bindCompleted) === undefined ? ['unbound'] : [],
)

/** Pods that use a claim. */
export const podsOfClaim = index(Pod, pod =>
  claimNamesOf(pod).map(name => claimKey({ namespace: pod.metadata.namespace ?? '', name })),
)
