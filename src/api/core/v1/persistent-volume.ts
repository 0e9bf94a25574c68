import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  inline,
  type Kind,
  list,
  type MessageSchema,
  map,
  optional,
  pointer,
  quantity,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'
import { NodeSelector } from './node-selector.js'
import { PersistentVolumeSource } from './persistent-volume-source.js'
import { ObjectReference } from './reference.js'

const volumeNodeAffinity = { required: pointer(1, NodeSelector) }
export interface VolumeNodeAffinity extends FieldsType<typeof volumeNodeAffinity> {}
export const VolumeNodeAffinity: MessageSchema<VolumeNodeAffinity> = message('VolumeNodeAffinity', volumeNodeAffinity)

const persistentVolumeSpec = {
  capacity: optional(1, map(quantity)),
  persistentVolumeSource: inline(2, PersistentVolumeSource),
  accessModes: optional(3, list(string)),
  claimRef: pointer(4, ObjectReference, { granular: true }),
  persistentVolumeReclaimPolicy: optional(5, string, { enum: ['Delete', 'Recycle', 'Retain'] }),
  storageClassName: optional(6, string),
  mountOptions: optional(7, list(string)),
  volumeMode: pointer(8, string, { enum: ['Block', 'Filesystem'] }),
  nodeAffinity: pointer(9, VolumeNodeAffinity),
  volumeAttributesClassName: pointer(10, string),
}
export interface PersistentVolumeSpec extends FieldsType<typeof persistentVolumeSpec> {}
export const PersistentVolumeSpec: MessageSchema<PersistentVolumeSpec> = message(
  'PersistentVolumeSpec',
  persistentVolumeSpec,
)

const persistentVolumeStatus = {
  phase: optional(1, string, { enum: ['Available', 'Bound', 'Failed', 'Pending', 'Released'] }),
  message: optional(2, string),
  reason: optional(3, string),
  lastPhaseTransitionTime: pointer(4, time),
}
export interface PersistentVolumeStatus extends FieldsType<typeof persistentVolumeStatus> {}
export const PersistentVolumeStatus: MessageSchema<PersistentVolumeStatus> = message(
  'PersistentVolumeStatus',
  persistentVolumeStatus,
)

const persistentVolume = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, PersistentVolumeSpec),
  status: embedded(3, PersistentVolumeStatus),
}
export interface PersistentVolume extends TypeMeta, FieldsType<typeof persistentVolume> {}
export interface PersistentVolumeInit extends TypeMeta, FieldsInit<typeof persistentVolume> {}
/** A piece of storage of the cluster, whoever provisioned it. */
export const PersistentVolume: Kind<PersistentVolume, PersistentVolumeInit> = kind(
  'PersistentVolume',
  { plural: 'persistentvolumes', namespaced: false },
  persistentVolume,
)
