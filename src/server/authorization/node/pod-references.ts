import type { Container, Pod, Volume } from '../../../api/core/v1/index.js'

/** Kinds of objects that a node may read because a pod of its uses them. */
export type ReferencedKind = 'Secret' | 'ConfigMap' | 'PersistentVolumeClaim' | 'ServiceAccount' | 'ResourceClaim'

/** `Kind/name`, in the namespace of the pod. */
export type Reference = `${ReferencedKind}/${string}`

const mirrorAnnotation = 'kubernetes.io/config.mirror'

/** Everything in its namespace that a pod uses. A mirror pod only shows what runs anyway: it opens nothing. */
export function podReferences({ metadata, spec, status }: Pod): ReadonlySet<Reference> {
  const found = new Set<Reference>()
  if (metadata.annotations?.[mirrorAnnotation] !== undefined) return found
  const add = (kind: ReferencedKind, name: string | null | undefined): void => {
    if (name) found.add(`${kind}/${name}`)
  }
  add('ServiceAccount', spec.serviceAccountName)
  for (const { name } of spec.imagePullSecrets ?? []) add('Secret', name)
  for (const list of [spec.initContainers, spec.containers, spec.ephemeralContainers])
    for (const container of list ?? []) containerReferences(container as Container, add)
  for (const volume of spec.volumes ?? []) {
    volumeReferences(volume, add)
    if (volume.ephemeral) add('PersistentVolumeClaim', `${metadata.name}-${volume.name}`)
  }
  for (const { resourceClaimName } of spec.resourceClaims ?? []) add('ResourceClaim', resourceClaimName)
  for (const { resourceClaimName } of status?.resourceClaimStatuses ?? []) add('ResourceClaim', resourceClaimName)
  add('ResourceClaim', status?.extendedResourceClaimStatus?.resourceClaimName)
  return found
}

type Add = (kind: ReferencedKind, name: string | null | undefined) => void

function containerReferences({ env, envFrom }: Container, add: Add): void {
  for (const { configMapRef, secretRef } of envFrom ?? []) {
    add('ConfigMap', configMapRef?.name)
    add('Secret', secretRef?.name)
  }
  for (const { valueFrom } of env ?? []) {
    add('ConfigMap', valueFrom?.configMapKeyRef?.name)
    add('Secret', valueFrom?.secretKeyRef?.name)
  }
}

function volumeReferences(volume: Volume, add: Add): void {
  add('Secret', volume.secret?.secretName)
  add('ConfigMap', volume.configMap?.name)
  add('PersistentVolumeClaim', volume.persistentVolumeClaim?.claimName)
  for (const { secret, configMap } of volume.projected?.sources ?? []) {
    add('Secret', secret?.name)
    add('ConfigMap', configMap?.name)
  }
  add('Secret', volume.azureFile?.secretName)
  add('Secret', volume.csi?.nodePublishSecretRef?.name)
  for (const source of [
    volume.cephfs,
    volume.cinder,
    volume.flexVolume,
    volume.iscsi,
    volume.rbd,
    volume.scaleIO,
    volume.storageos,
  ])
    add('Secret', source?.secretRef?.name)
}
