import { LabelSelector, ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  pointer,
  quantity,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind } from './declare.js'

const csiStorageCapacity = {
  metadata: embedded(1, ObjectMeta),
  nodeTopology: pointer(2, LabelSelector),
  storageClassName: required(3, string),
  capacity: pointer(4, quantity),
  maximumVolumeSize: pointer(5, quantity),
}
export interface CSIStorageCapacity extends TypeMeta, FieldsType<typeof csiStorageCapacity> {}
export interface CSIStorageCapacityInit extends TypeMeta, FieldsInit<typeof csiStorageCapacity> {}
/** Free space of a storage class in a part of the cluster. */
export const CSIStorageCapacity: Kind<CSIStorageCapacity, CSIStorageCapacityInit> = kind(
  'CSIStorageCapacity',
  { plural: 'csistoragecapacities', namespaced: true },
  csiStorageCapacity,
)
