import { PersistentVolumeClaim } from '../../api/core/v1/index.js'
import { StorageClass } from '../../api/storage/v1/index.js'
import { compareQuantities } from '../../machinery/quantity.js'
import type { Registries } from '../registry/registries.js'
import { type AdmissionPlugin, admission, refusal } from './admission.js'

/**
 * PersistentVolumeClaimResize: a bound claim grows only where its class says that it can.
 * https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims
 */
export const persistentVolumeClaimResize = (registries: Registries): AdmissionPlugin =>
  admission({
    name: 'PersistentVolumeClaimResize',
    match: { resources: [PersistentVolumeClaim], operations: ['UPDATE'] },
    validate(request) {
      const { object: claim, old } = request
      const size = claim.spec.resources.requests?.storage ?? '0'
      const oldSize = old.spec.resources.requests?.storage ?? '0'
      if (compareQuantities(size, oldSize) <= 0) return
      if (old.status.phase !== 'Bound') throw refusal(request, 'Only bound persistent volume claims can be expanded')
      const name = claim.spec.storageClassName
      const storageClass = name ? registries.of(StorageClass).cache.get(name)?.object : undefined
      if (!storageClass?.allowVolumeExpansion)
        throw refusal(
          request,
          'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
        )
    },
  })
