import type { PersistentVolume } from '../../api/core/v1/index.js'
import { annotationOf, migratedTo, provisionedBy } from '../../api/core/v1/volume-annotations.js'
import { compareQuantities, quantityToNumber } from '../../machinery/quantity.js'
import { successorOf } from './provisioning.js'

/** What to do about a volume whose claim has gone, or why nothing can be done. */
export type Reclaim =
  | { readonly act: 'nothing' }
  /** `hostPath`: a directory to delete first. */
  | { readonly act: 'delete'; readonly hostPath?: string }
  | { readonly act: 'recycle' }
  | { readonly act: 'fail'; readonly reason: string; readonly message: string }

const failed = (reason: string, message: string): Reclaim => ({ act: 'fail', reason, message })

/** https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming */
export function reclaimOf(volume: PersistentVolume): Reclaim {
  // CSI drivers delete their volumes themselves.
  if (annotationOf(volume, migratedTo) !== undefined) return { act: 'nothing' }
  const { persistentVolumeReclaimPolicy: policy } = volume.spec
  if (policy === 'Delete') return deletionOf(volume)
  if (policy === 'Recycle')
    return volume.spec.nfs || volume.spec.hostPath
      ? { act: 'recycle' }
      : failed('VolumeFailedRecycle', 'No recycler plugin found for the volume!')
  if (policy === undefined || policy === 'Retain') return { act: 'nothing' }
  return failed('VolumeUnknownReclaimPolicy', 'Volume has an unrecognized reclaim policy')
}

function deletionOf(volume: PersistentVolume): Reclaim {
  const { hostPath, nfs } = volume.spec
  const by = annotationOf(volume, provisionedBy)
  if (by !== undefined && (!by.startsWith('kubernetes.io/') || successorOf(by))) return { act: 'nothing' }
  if (by !== undefined && by !== 'kubernetes.io/host-path' && by !== 'kubernetes.io/nfs')
    return failed('VolumeFailedDelete', `no volume plugin matched name: ${by}`)
  if (hostPath) {
    const { path } = hostPath
    return /^\/tmp\/.+/.test(path)
      ? { act: 'delete', hostPath: path }
      : failed('VolumeFailedDelete', `host_path deleter only supports /tmp/.+ but received provided ${path}`)
  }
  const name = JSON.stringify(volume.metadata.name)
  const why = nfs ? 'no deletable volume plugin matched' : 'no volume plugin matched'
  return failed('VolumeFailedDelete', `error getting deleter volume plugin for volume ${name}: ${why}`)
}

const gi = 1024 ** 3

/** Seconds that emptying a volume may take, by its size. */
export function recycleSeconds({ spec }: PersistentVolume): number {
  const size = spec.capacity?.['storage'] ?? '0'
  const least = spec.nfs ? 300 : 60
  if (compareQuantities(size, '0') <= 0) return least
  return Math.max(least, Math.floor(quantityToNumber(size) / gi) * 30)
}
