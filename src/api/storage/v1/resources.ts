import type { Resource } from '../../../machinery/resource.js'
import { csiDrivers } from './csi-drivers.js'
import { csiNodes } from './csi-nodes.js'
import { csiStorageCapacities } from './csi-storage-capacities.js'
import { storageClasses } from './storage-classes.js'
import { volumeAttachments } from './volume-attachments.js'
import { volumeAttributesClasses } from './volume-attributes-classes.js'

/** The resources of storage.k8s.io/v1. */
export const storageResources: readonly Resource[] = [
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  storageClasses,
  volumeAttachments,
  volumeAttributesClasses,
] as unknown as readonly Resource[]
