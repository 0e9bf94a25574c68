import type { PersistentVolume } from '../../../api/core/v1/index.js'

interface Place {
  readonly namespace: string
  readonly name: string
}

/** The claim that a volume is for, if there is one. */
export function claimOf({ spec }: PersistentVolume): Place | undefined {
  const { namespace, name } = spec.claimRef ?? {}
  return namespace && name ? { namespace, name } : undefined
}

/** The secrets that a node needs to use a volume; those that name no namespace are in the claim's. */
export function volumeSecrets({ spec }: PersistentVolume, claimNamespace: string): readonly Place[] {
  const found: Place[] = []
  const add = (reference: { readonly name?: string; readonly namespace?: string } | null | undefined): void => {
    if (reference?.name) found.push({ namespace: reference.namespace || claimNamespace, name: reference.name })
  }
  for (const source of [spec.cephfs, spec.cinder, spec.flexVolume, spec.iscsi, spec.rbd, spec.scaleIO])
    add(source?.secretRef)
  if (spec.azureFile)
    add({ name: spec.azureFile.secretName, namespace: spec.azureFile.secretNamespace ?? claimNamespace })
  add(spec.storageos?.secretRef)
  add(spec.csi?.nodePublishSecretRef)
  add(spec.csi?.nodeStageSecretRef)
  add(spec.csi?.nodeExpandSecretRef)
  return found
}
