import { LabelSelector, ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  int64,
  type Kind,
  keyed,
  type MessageSchema,
  nullable,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { PodTemplateSpec } from '../../core/v1/index.js'
import { kind, message } from './declare.js'

const replicaSetSpec = {
  replicas: pointer(1, int32),
  minReadySeconds: optional(4, int32),
  selector: required(2, LabelSelector, { nullable: true }),
  template: embedded(3, PodTemplateSpec),
}
export interface ReplicaSetSpec extends FieldsType<typeof replicaSetSpec> {}
export interface ReplicaSetSpecInit extends FieldsInit<typeof replicaSetSpec> {}
export const ReplicaSetSpec: MessageSchema<ReplicaSetSpec, ReplicaSetSpecInit> = message(
  'ReplicaSetSpec',
  replicaSetSpec,
)

const replicaSetCondition = {
  type: required(1, string),
  status: required(2, string),
  lastTransitionTime: nullable(3, time),
  reason: optional(4, string),
  message: optional(5, string),
}
export interface ReplicaSetCondition extends FieldsType<typeof replicaSetCondition> {}
export const ReplicaSetCondition: MessageSchema<ReplicaSetCondition> = message(
  'ReplicaSetCondition',
  replicaSetCondition,
)

const replicaSetStatus = {
  replicas: required(1, int32),
  fullyLabeledReplicas: optional(2, int32),
  readyReplicas: optional(4, int32),
  availableReplicas: optional(5, int32),
  terminatingReplicas: pointer(7, int32),
  observedGeneration: optional(3, int64),
  conditions: optional(6, keyed(ReplicaSetCondition, ['type'], 'type')),
}
export interface ReplicaSetStatus extends FieldsType<typeof replicaSetStatus> {}
export const ReplicaSetStatus: MessageSchema<ReplicaSetStatus> = message('ReplicaSetStatus', replicaSetStatus)

const replicaSet = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, ReplicaSetSpec),
  status: embedded(3, ReplicaSetStatus),
}
export interface ReplicaSet extends TypeMeta, FieldsType<typeof replicaSet> {}
export interface ReplicaSetInit extends TypeMeta, FieldsInit<typeof replicaSet> {}
/** Keeps a number of equal pods running. */
export const ReplicaSet: Kind<ReplicaSet, ReplicaSetInit> = kind(
  'ReplicaSet',
  { plural: 'replicasets', namespaced: true },
  replicaSet,
)
