import { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1/index.js'
import { VolumeAttributesClass } from '../../api/storage/v1/index.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Kind } from '../../schema/index.js'
import { type AdmissionPlugin, draftOf } from './admission.js'

const finalizers: readonly (readonly [Kind<ApiObject>, string])[] = [
  [PersistentVolume as unknown as Kind<ApiObject>, 'kubernetes.io/pv-protection'],
  [PersistentVolumeClaim as unknown as Kind<ApiObject>, 'kubernetes.io/pvc-protection'],
  [VolumeAttributesClass as unknown as Kind<ApiObject>, 'kubernetes.io/vac-protection'],
]

/**
 * StorageObjectInUseProtection: what holds data stays while it is in use; a controller lets go of it.
 * https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
 */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  mutate(request) {
    if (request.operation !== 'CREATE') return
    for (const [kind, finalizer] of finalizers) {
      const metadata = draftOf(request, kind)?.metadata
      if (metadata && !metadata.finalizers?.includes(finalizer))
        metadata.finalizers = [...(metadata.finalizers ?? []), finalizer]
    }
  },
}
