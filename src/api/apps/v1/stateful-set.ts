import { LabelSelector, ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  int64,
  intOrString,
  type Kind,
  keyed,
  list,
  type MessageSchema,
  nullable,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { PersistentVolumeClaim, PodTemplateSpec } from '../../core/v1/index.js'
import { kind, message } from './declare.js'

const rollingUpdateStatefulSetStrategy = {
  partition: pointer(1, int32),
  maxUnavailable: pointer(2, intOrString),
}
export interface RollingUpdateStatefulSetStrategy extends FieldsType<typeof rollingUpdateStatefulSetStrategy> {}
export const RollingUpdateStatefulSetStrategy: MessageSchema<RollingUpdateStatefulSetStrategy> = message(
  'RollingUpdateStatefulSetStrategy',
  rollingUpdateStatefulSetStrategy,
)

const statefulSetOrdinals = { start: embedded(1, int32) }
export interface StatefulSetOrdinals extends FieldsType<typeof statefulSetOrdinals> {}
export interface StatefulSetOrdinalsInit extends FieldsInit<typeof statefulSetOrdinals> {}
export const StatefulSetOrdinals: MessageSchema<StatefulSetOrdinals, StatefulSetOrdinalsInit> = message(
  'StatefulSetOrdinals',
  statefulSetOrdinals,
)

const statefulSetPersistentVolumeClaimRetentionPolicy = {
  whenDeleted: optional(1, string),
  whenScaled: optional(2, string),
}
export interface StatefulSetPersistentVolumeClaimRetentionPolicy
  extends FieldsType<typeof statefulSetPersistentVolumeClaimRetentionPolicy> {}
export const StatefulSetPersistentVolumeClaimRetentionPolicy: MessageSchema<StatefulSetPersistentVolumeClaimRetentionPolicy> =
  message('StatefulSetPersistentVolumeClaimRetentionPolicy', statefulSetPersistentVolumeClaimRetentionPolicy)

const statefulSetUpdateStrategy = {
  type: optional(1, string, { enum: ['OnDelete', 'RollingUpdate'] }),
  rollingUpdate: pointer(2, RollingUpdateStatefulSetStrategy),
}
export interface StatefulSetUpdateStrategy extends FieldsType<typeof statefulSetUpdateStrategy> {}
export const StatefulSetUpdateStrategy: MessageSchema<StatefulSetUpdateStrategy> = message(
  'StatefulSetUpdateStrategy',
  statefulSetUpdateStrategy,
)

const statefulSetSpec = {
  replicas: pointer(1, int32),
  selector: required(2, LabelSelector, { nullable: true }),
  template: required(3, PodTemplateSpec),
  volumeClaimTemplates: optional(4, list(PersistentVolumeClaim)),
  serviceName: embedded(5, string),
  podManagementPolicy: optional(6, string, { enum: ['OrderedReady', 'Parallel'] }),
  updateStrategy: embedded(7, StatefulSetUpdateStrategy),
  revisionHistoryLimit: pointer(8, int32),
  minReadySeconds: optional(9, int32),
  persistentVolumeClaimRetentionPolicy: pointer(10, StatefulSetPersistentVolumeClaimRetentionPolicy),
  ordinals: pointer(11, StatefulSetOrdinals),
}
export interface StatefulSetSpec extends FieldsType<typeof statefulSetSpec> {}
export interface StatefulSetSpecInit extends FieldsInit<typeof statefulSetSpec> {}
export const StatefulSetSpec: MessageSchema<StatefulSetSpec, StatefulSetSpecInit> = message(
  'StatefulSetSpec',
  statefulSetSpec,
)

const statefulSetCondition = {
  type: required(1, string),
  status: required(2, string),
  lastTransitionTime: nullable(3, time),
  reason: optional(4, string),
  message: optional(5, string),
}
export interface StatefulSetCondition extends FieldsType<typeof statefulSetCondition> {}
export const StatefulSetCondition: MessageSchema<StatefulSetCondition> = message(
  'StatefulSetCondition',
  statefulSetCondition,
)

const statefulSetStatus = {
  observedGeneration: optional(1, int64),
  replicas: required(2, int32),
  readyReplicas: optional(3, int32),
  currentReplicas: optional(4, int32),
  updatedReplicas: optional(5, int32),
  currentRevision: optional(6, string),
  updateRevision: optional(7, string),
  collisionCount: pointer(9, int32),
  conditions: optional(10, keyed(StatefulSetCondition, ['type'], 'type')),
  availableReplicas: embedded(11, int32),
}
export interface StatefulSetStatus extends FieldsType<typeof statefulSetStatus> {}
export interface StatefulSetStatusInit extends FieldsInit<typeof statefulSetStatus> {}
export const StatefulSetStatus: MessageSchema<StatefulSetStatus, StatefulSetStatusInit> = message(
  'StatefulSetStatus',
  statefulSetStatus,
)

const statefulSet = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, StatefulSetSpec),
  status: embedded(3, StatefulSetStatus),
}
export interface StatefulSet extends TypeMeta, FieldsType<typeof statefulSet> {}
export interface StatefulSetInit extends TypeMeta, FieldsInit<typeof statefulSet> {}
/** Pods with stable identities: name, order, storage. */
export const StatefulSet: Kind<StatefulSet, StatefulSetInit> = kind(
  'StatefulSet',
  { plural: 'statefulsets', namespaced: true },
  statefulSet,
)
