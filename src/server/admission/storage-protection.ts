import { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1/index.js'
import { VolumeAttributesClass } from '../../api/storage/v1/index.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Kind } from '../../schema/index.js'
import { type AdmissionPlugin, admission, isOf } from './admission.js'

const finalizers: readonly (readonly [Kind<ApiObject>, string])[] = [
  [PersistentVolume as unknown as Kind<ApiObject>, 'kubernetes.io/pv-protection'],
  [PersistentVolumeClaim as unknown as Kind<ApiObject>, 'kubernetes.io/pvc-protection'],
  [VolumeAttributesClass as unknown as Kind<ApiObject>, 'kubernetes.io/vac-protection'],
]

/**
 * StorageObjectInUseProtection: what holds data stays while it is in use; a controller lets go of it.
 * https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
 */
export const storageObjectInUseProtection: AdmissionPlugin = admission({
  name: 'StorageObjectInUseProtection',
  match: { resources: finalizers.map(([kind]) => kind), operations: ['CREATE'] },
  mutate({ resource, object: { metadata } }) {
    for (const [kind, finalizer] of finalizers)
      if (isOf(resource, kind) && !metadata.finalizers?.includes(finalizer))
        metadata.finalizers = [...(metadata.finalizers ?? []), finalizer]
  },
})
