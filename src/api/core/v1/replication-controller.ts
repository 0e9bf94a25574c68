import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  int64,
  type Kind,
  keyed,
  type MessageSchema,
  map,
  nullable,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'
import { PodTemplateSpec } from './pod-template.js'

const replicationControllerSpec = {
  replicas: pointer(1, int32, { default: 1 }),
  minReadySeconds: optional(4, int32, { default: 0 }),
  selector: optional(2, map(string, { atomic: true })),
  template: pointer(3, PodTemplateSpec),
}
export interface ReplicationControllerSpec extends FieldsType<typeof replicationControllerSpec> {}
export interface ReplicationControllerSpecInit extends FieldsInit<typeof replicationControllerSpec> {}
export const ReplicationControllerSpec: MessageSchema<ReplicationControllerSpec, ReplicationControllerSpecInit> =
  message('ReplicationControllerSpec', replicationControllerSpec)

const replicationControllerCondition = {
  type: required(1, string),
  status: required(2, string),
  lastTransitionTime: nullable(3, time),
  reason: optional(4, string),
  message: optional(5, string),
}
export interface ReplicationControllerCondition extends FieldsType<typeof replicationControllerCondition> {}
export const ReplicationControllerCondition: MessageSchema<ReplicationControllerCondition> = message(
  'ReplicationControllerCondition',
  replicationControllerCondition,
)

const replicationControllerStatus = {
  replicas: required(1, int32),
  fullyLabeledReplicas: optional(2, int32),
  readyReplicas: optional(4, int32),
  availableReplicas: optional(5, int32),
  observedGeneration: optional(3, int64),
  conditions: optional(6, keyed(ReplicationControllerCondition, ['type'], 'type')),
}
export interface ReplicationControllerStatus extends FieldsType<typeof replicationControllerStatus> {}
export const ReplicationControllerStatus: MessageSchema<ReplicationControllerStatus> = message(
  'ReplicationControllerStatus',
  replicationControllerStatus,
)

const replicationController = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, ReplicationControllerSpec),
  status: embedded(3, ReplicationControllerStatus),
}
export interface ReplicationController extends TypeMeta, FieldsType<typeof replicationController> {}
export interface ReplicationControllerInit extends TypeMeta, FieldsInit<typeof replicationController> {}
/** Keeps a number of equal pods running (the predecessor of ReplicaSet). */
export const ReplicationController: Kind<ReplicationController, ReplicationControllerInit> = kind(
  'ReplicationController',
  { plural: 'replicationcontrollers', namespaced: true },
  replicationController,
)
