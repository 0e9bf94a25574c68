import type { Node, PersistentVolumeClaim } from '../../api/core/v1/index.js'
import type { CSIStorageCapacity, StorageClass } from '../../api/storage/v1/index.js'
import { selectorFromObject } from '../../machinery/labels.js'
import { compareQuantities } from '../../machinery/quantity.js'
import type { VolumeState } from './volume-state.js'

/**
 * Whether there is room for a claim's volume where a node reaches it, as far as the driver tells.
 * https://kubernetes.io/docs/concepts/storage/storage-capacity/
 */
export function enoughCapacity(
  { spec }: PersistentVolumeClaim,
  { metadata, provisioner }: StorageClass,
  node: Node,
  { csiDriver, capacitiesOf }: Pick<VolumeState, 'csiDriver' | 'capacitiesOf'>,
): boolean {
  const size = spec.resources.requests?.['storage']
  if (size === undefined || !csiDriver(provisioner)?.spec.storageCapacity) return true
  return capacitiesOf(metadata.name ?? '').some(each => holds(each, size) && reaches(each, node))
}

/** Whether a volume of a size can be made. */
export function holds({ capacity, maximumVolumeSize }: CSIStorageCapacity, size: string): boolean {
  const limit = maximumVolumeSize ?? capacity
  return limit !== undefined && compareQuantities(limit, size) >= 0
}

const reaches = ({ nodeTopology }: CSIStorageCapacity, { metadata }: Node): boolean =>
  nodeTopology !== undefined && selectorFromObject(nodeTopology).matches(metadata.labels ?? {})
