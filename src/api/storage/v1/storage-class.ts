import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  list,
  map,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { TopologySelectorTerm } from '../../core/v1/index.js'
import { kind } from './declare.js'

const storageClass = {
  metadata: embedded(1, ObjectMeta),
  provisioner: required(2, string),
  parameters: optional(3, map(string)),
  reclaimPolicy: pointer(4, string, { enum: ['Delete', 'Recycle', 'Retain'] }),
  mountOptions: optional(5, list(string)),
  allowVolumeExpansion: pointer(6, boolean),
  volumeBindingMode: pointer(7, string, { enum: ['Immediate', 'WaitForFirstConsumer'] }),
  allowedTopologies: optional(8, list(TopologySelectorTerm)),
}
export interface StorageClass extends TypeMeta, FieldsType<typeof storageClass> {}
export interface StorageClassInit extends TypeMeta, FieldsInit<typeof storageClass> {}
/** A way to provision volumes. */
export const StorageClass: Kind<StorageClass, StorageClassInit> = kind(
  'StorageClass',
  { plural: 'storageclasses', namespaced: false },
  storageClass,
)
