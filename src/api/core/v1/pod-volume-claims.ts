import type { PersistentVolumeClaim, Pod, Volume } from './index.js'

/** https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#persistentvolumeclaim-naming */
export const ephemeralClaimName = (pod: Pod, volume: Volume): string => `${pod.metadata.name}-${volume.name}`

/** Whether a claim was made for this pod, and not one that happens to have its name. */
export const claimIsFor = (pod: Pod, claim: PersistentVolumeClaim): boolean =>
  claim.metadata.ownerReferences?.some(({ controller, uid }) => controller && uid === pod.metadata.uid) ?? false

/** The claims that a pod uses: those it names, and those made for it. */
export const claimNamesOf = (pod: Pod): string[] =>
  (pod.spec.volumes ?? []).flatMap(
    volume => volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral ? ephemeralClaimName(pod, volume) : []),
  )
