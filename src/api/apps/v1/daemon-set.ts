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

const rollingUpdateDaemonSet = {
  maxUnavailable: pointer(1, intOrString),
  maxSurge: pointer(2, intOrString),
}
export interface RollingUpdateDaemonSet extends FieldsType<typeof rollingUpdateDaemonSet> {}
export const RollingUpdateDaemonSet: MessageSchema<RollingUpdateDaemonSet> = message(
  'RollingUpdateDaemonSet',
  rollingUpdateDaemonSet,
)

const daemonSetUpdateStrategy = {
  type: optional(1, string, { enum: ['OnDelete', 'RollingUpdate'] }),
  rollingUpdate: pointer(2, RollingUpdateDaemonSet),
}
export interface DaemonSetUpdateStrategy extends FieldsType<typeof daemonSetUpdateStrategy> {}
export const DaemonSetUpdateStrategy: MessageSchema<DaemonSetUpdateStrategy> = message(
  'DaemonSetUpdateStrategy',
  daemonSetUpdateStrategy,
)

const daemonSetSpec = {
  selector: required(1, LabelSelector, { nullable: true }),
  template: required(2, PodTemplateSpec),
  updateStrategy: embedded(3, DaemonSetUpdateStrategy),
  minReadySeconds: optional(4, int32),
  revisionHistoryLimit: pointer(6, int32),
}
export interface DaemonSetSpec extends FieldsType<typeof daemonSetSpec> {}
export interface DaemonSetSpecInit extends FieldsInit<typeof daemonSetSpec> {}
export const DaemonSetSpec: MessageSchema<DaemonSetSpec, DaemonSetSpecInit> = message('DaemonSetSpec', daemonSetSpec)

const daemonSetCondition = {
  type: required(1, string),
  status: required(2, string),
  lastTransitionTime: nullable(3, time),
  reason: optional(4, string),
  message: optional(5, string),
}
export interface DaemonSetCondition extends FieldsType<typeof daemonSetCondition> {}
export const DaemonSetCondition: MessageSchema<DaemonSetCondition> = message('DaemonSetCondition', daemonSetCondition)

const daemonSetStatus = {
  currentNumberScheduled: required(1, int32),
  numberMisscheduled: required(2, int32),
  desiredNumberScheduled: required(3, int32),
  numberReady: required(4, int32),
  observedGeneration: optional(5, int64),
  updatedNumberScheduled: optional(6, int32),
  numberAvailable: optional(7, int32),
  numberUnavailable: optional(8, int32),
  collisionCount: pointer(9, int32),
  conditions: optional(10, keyed(DaemonSetCondition, ['type'], 'type')),
}
export interface DaemonSetStatus extends FieldsType<typeof daemonSetStatus> {}
export const DaemonSetStatus: MessageSchema<DaemonSetStatus> = message('DaemonSetStatus', daemonSetStatus)

const daemonSet = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, DaemonSetSpec),
  status: embedded(3, DaemonSetStatus),
}
export interface DaemonSet extends TypeMeta, FieldsType<typeof daemonSet> {}
export interface DaemonSetInit extends TypeMeta, FieldsInit<typeof daemonSet> {}
/** Runs one pod on every node that it selects. */
export const DaemonSet: Kind<DaemonSet, DaemonSetInit> = kind(
  'DaemonSet',
  { plural: 'daemonsets', namespaced: true },
  daemonSet,
)
