import { LabelSelector, ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  keyed,
  list,
  type MessageSchema,
  map,
  nullable,
  optional,
  pointer,
  quantity,
  required,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'
import { TypedLocalObjectReference, TypedObjectReference } from './reference.js'
import { VolumeResourceRequirements } from './resource-requirements.js'

const persistentVolumeClaimSpec = {
  accessModes: optional(1, list(string)),
  selector: pointer(4, LabelSelector),
  resources: embedded(2, VolumeResourceRequirements),
  volumeName: optional(3, string),
  storageClassName: pointer(5, string),
  volumeMode: pointer(6, string, { enum: ['Block', 'Filesystem'] }),
  dataSource: pointer(7, TypedLocalObjectReference),
  dataSourceRef: pointer(8, TypedObjectReference),
  volumeAttributesClassName: pointer(9, string),
}
export interface PersistentVolumeClaimSpec extends FieldsType<typeof persistentVolumeClaimSpec> {}
export interface PersistentVolumeClaimSpecInit extends FieldsInit<typeof persistentVolumeClaimSpec> {}
export const PersistentVolumeClaimSpec: MessageSchema<PersistentVolumeClaimSpec, PersistentVolumeClaimSpecInit> =
  message('PersistentVolumeClaimSpec', persistentVolumeClaimSpec)

const modifyVolumeStatus = {
  targetVolumeAttributesClassName: optional(1, string),
  status: required(2, string, { enum: ['InProgress', 'Infeasible', 'Pending'] }),
}
export interface ModifyVolumeStatus extends FieldsType<typeof modifyVolumeStatus> {}
export const ModifyVolumeStatus: MessageSchema<ModifyVolumeStatus> = message('ModifyVolumeStatus', modifyVolumeStatus)

const persistentVolumeClaimCondition = {
  type: required(1, string),
  status: required(2, string),
  lastProbeTime: nullable(3, time),
  lastTransitionTime: nullable(4, time),
  reason: optional(5, string),
  message: optional(6, string),
}
export interface PersistentVolumeClaimCondition extends FieldsType<typeof persistentVolumeClaimCondition> {}
export const PersistentVolumeClaimCondition: MessageSchema<PersistentVolumeClaimCondition> = message(
  'PersistentVolumeClaimCondition',
  persistentVolumeClaimCondition,
)

const persistentVolumeClaimStatus = {
  phase: optional(1, string, { enum: ['Bound', 'Lost', 'Pending'] }),
  accessModes: optional(2, list(string)),
  capacity: optional(3, map(quantity)),
  conditions: optional(4, keyed(PersistentVolumeClaimCondition, ['type'], 'type')),
  allocatedResources: optional(5, map(quantity)),
  allocatedResourceStatuses: optional(7, map(string), { granular: true }),
  currentVolumeAttributesClassName: pointer(8, string),
  modifyVolumeStatus: pointer(9, ModifyVolumeStatus),
}
export interface PersistentVolumeClaimStatus extends FieldsType<typeof persistentVolumeClaimStatus> {}
export const PersistentVolumeClaimStatus: MessageSchema<PersistentVolumeClaimStatus> = message(
  'PersistentVolumeClaimStatus',
  persistentVolumeClaimStatus,
)

const persistentVolumeClaim = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, PersistentVolumeClaimSpec),
  status: embedded(3, PersistentVolumeClaimStatus),
}
export interface PersistentVolumeClaim extends TypeMeta, FieldsType<typeof persistentVolumeClaim> {}
export interface PersistentVolumeClaimInit extends TypeMeta, FieldsInit<typeof persistentVolumeClaim> {}
/** A request for storage by a user. */
export const PersistentVolumeClaim: Kind<PersistentVolumeClaim, PersistentVolumeClaimInit> = kind(
  'PersistentVolumeClaim',
  { plural: 'persistentvolumeclaims', namespaced: true },
  persistentVolumeClaim,
)

const persistentVolumeClaimTemplate = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, PersistentVolumeClaimSpec),
}
export interface PersistentVolumeClaimTemplate extends FieldsType<typeof persistentVolumeClaimTemplate> {}
export interface PersistentVolumeClaimTemplateInit extends FieldsInit<typeof persistentVolumeClaimTemplate> {}
export const PersistentVolumeClaimTemplate: MessageSchema<
  PersistentVolumeClaimTemplate,
  PersistentVolumeClaimTemplateInit
> = message('PersistentVolumeClaimTemplate', persistentVolumeClaimTemplate)
