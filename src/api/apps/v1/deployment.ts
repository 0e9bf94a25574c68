import { LabelSelector, ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
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

const rollingUpdateDeployment = {
  maxUnavailable: pointer(1, intOrString),
  maxSurge: pointer(2, intOrString),
}
export interface RollingUpdateDeployment extends FieldsType<typeof rollingUpdateDeployment> {}
export const RollingUpdateDeployment: MessageSchema<RollingUpdateDeployment> = message(
  'RollingUpdateDeployment',
  rollingUpdateDeployment,
)

const deploymentStrategy = {
  type: optional(1, string, { enum: ['Recreate', 'RollingUpdate'] }),
  rollingUpdate: pointer(2, RollingUpdateDeployment),
}
export interface DeploymentStrategy extends FieldsType<typeof deploymentStrategy> {}
export const DeploymentStrategy: MessageSchema<DeploymentStrategy> = message('DeploymentStrategy', deploymentStrategy)

const deploymentSpec = {
  replicas: pointer(1, int32),
  selector: required(2, LabelSelector, { nullable: true }),
  template: required(3, PodTemplateSpec),
  strategy: embedded(4, DeploymentStrategy, { patch: 'retainKeys' }),
  minReadySeconds: optional(5, int32),
  revisionHistoryLimit: pointer(6, int32),
  paused: optional(7, boolean),
  progressDeadlineSeconds: pointer(9, int32),
}
export interface DeploymentSpec extends FieldsType<typeof deploymentSpec> {}
export interface DeploymentSpecInit extends FieldsInit<typeof deploymentSpec> {}
export const DeploymentSpec: MessageSchema<DeploymentSpec, DeploymentSpecInit> = message(
  'DeploymentSpec',
  deploymentSpec,
)

const deploymentCondition = {
  type: required(1, string),
  status: required(2, string),
  lastUpdateTime: nullable(6, time),
  lastTransitionTime: nullable(7, time),
  reason: optional(4, string),
  message: optional(5, string),
}
export interface DeploymentCondition extends FieldsType<typeof deploymentCondition> {}
export const DeploymentCondition: MessageSchema<DeploymentCondition> = message(
  'DeploymentCondition',
  deploymentCondition,
)

const deploymentStatus = {
  observedGeneration: optional(1, int64),
  replicas: optional(2, int32),
  updatedReplicas: optional(3, int32),
  readyReplicas: optional(7, int32),
  availableReplicas: optional(4, int32),
  unavailableReplicas: optional(5, int32),
  terminatingReplicas: pointer(9, int32),
  conditions: optional(6, keyed(DeploymentCondition, ['type'], 'type')),
  collisionCount: pointer(8, int32),
}
export interface DeploymentStatus extends FieldsType<typeof deploymentStatus> {}
export const DeploymentStatus: MessageSchema<DeploymentStatus> = message('DeploymentStatus', deploymentStatus)

const deployment = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, DeploymentSpec),
  status: embedded(3, DeploymentStatus),
}
export interface Deployment extends TypeMeta, FieldsType<typeof deployment> {}
export interface DeploymentInit extends TypeMeta, FieldsInit<typeof deployment> {}
/** Declarative updates for ReplicaSets and their pods. */
export const Deployment: Kind<Deployment, DeploymentInit> = kind(
  'Deployment',
  { plural: 'deployments', namespaced: true },
  deployment,
)
