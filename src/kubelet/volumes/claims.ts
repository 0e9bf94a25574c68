import { PersistentVolume, PersistentVolumeClaim, type Pod, type Volume } from '../../api/core/v1/index.js'
import type { Client } from '../../client/client.js'
import { isNotFound } from '../../machinery/status-error.js'
import { VolumeError } from './volume-error.js'

/** The name of the claim behind a volume: its own, or the one made for this pod alone. */
export const claimName = (pod: Pod, volume: Volume): string | undefined =>
  volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : undefined)

/** The volume a claim of the pod is bound to. Throws `VolumeError` while it is not. */
export async function claimedVolume(client: Client, pod: Pod, volume: Volume): Promise<PersistentVolume> {
  const { namespace = '' } = pod.metadata
  const name = claimName(pod, volume) ?? ''
  const claim = await client.get(PersistentVolumeClaim, { namespace, name }).catch(error => {
    if (isNotFound(error)) throw new VolumeError(`persistentvolumeclaim "${name}" not found`)
    throw error
  })
  if (claim.metadata.deletionTimestamp) throw new VolumeError('PVC is being deleted')
  if (volume.ephemeral && !claim.metadata.ownerReferences?.some(({ uid }) => uid === pod.metadata.uid))
    throw new VolumeError(`PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name}`)
  if (claim.status.phase !== 'Bound' || !claim.spec.volumeName)
    throw new VolumeError(`PVC is not bound: ${namespace}/${name}`)
  const bound = await client.get(PersistentVolume, { name: claim.spec.volumeName })
  if (bound.spec.claimRef?.uid !== claim.metadata.uid)
    throw new VolumeError(`PVC ${namespace}/${name} and volume ${bound.metadata.name} are not bound to each other`)
  return bound
}
