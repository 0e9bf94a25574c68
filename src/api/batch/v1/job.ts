import { LabelSelector, ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  int64,
  type Kind,
  list,
  type MessageSchema,
  nullable,
  optional,
  pointer,
  required,
  set,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { PodTemplateSpec } from '../../core/v1/index.js'
import { kind, message } from './declare.js'

const podFailurePolicyOnExitCodesRequirement = {
  containerName: pointer(1, string),
  operator: required(2, string, { enum: ['In', 'NotIn'] }),
  values: required(3, set(int32)),
}
export interface PodFailurePolicyOnExitCodesRequirement
  extends FieldsType<typeof podFailurePolicyOnExitCodesRequirement> {}
export const PodFailurePolicyOnExitCodesRequirement: MessageSchema<PodFailurePolicyOnExitCodesRequirement> = message(
  'PodFailurePolicyOnExitCodesRequirement',
  podFailurePolicyOnExitCodesRequirement,
)

const podFailurePolicyOnPodConditionsPattern = {
  type: required(1, string),
  status: embedded(2, string),
}
export interface PodFailurePolicyOnPodConditionsPattern
  extends FieldsType<typeof podFailurePolicyOnPodConditionsPattern> {}
export interface PodFailurePolicyOnPodConditionsPatternInit
  extends FieldsInit<typeof podFailurePolicyOnPodConditionsPattern> {}
export const PodFailurePolicyOnPodConditionsPattern: MessageSchema<
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyOnPodConditionsPatternInit
> = message('PodFailurePolicyOnPodConditionsPattern', podFailurePolicyOnPodConditionsPattern)

const podFailurePolicyRule = {
  action: required(1, string, { enum: ['Count', 'FailIndex', 'FailJob', 'Ignore'] }),
  onExitCodes: pointer(2, PodFailurePolicyOnExitCodesRequirement),
  onPodConditions: optional(3, list(PodFailurePolicyOnPodConditionsPattern)),
}
export interface PodFailurePolicyRule extends FieldsType<typeof podFailurePolicyRule> {}
export interface PodFailurePolicyRuleInit extends FieldsInit<typeof podFailurePolicyRule> {}
export const PodFailurePolicyRule: MessageSchema<PodFailurePolicyRule, PodFailurePolicyRuleInit> = message(
  'PodFailurePolicyRule',
  podFailurePolicyRule,
)

const podFailurePolicy = { rules: required(1, list(PodFailurePolicyRule)) }
export interface PodFailurePolicy extends FieldsType<typeof podFailurePolicy> {}
export interface PodFailurePolicyInit extends FieldsInit<typeof podFailurePolicy> {}
export const PodFailurePolicy: MessageSchema<PodFailurePolicy, PodFailurePolicyInit> = message(
  'PodFailurePolicy',
  podFailurePolicy,
)

const successPolicyRule = {
  succeededIndexes: pointer(1, string),
  succeededCount: pointer(2, int32),
}
export interface SuccessPolicyRule extends FieldsType<typeof successPolicyRule> {}
export const SuccessPolicyRule: MessageSchema<SuccessPolicyRule> = message('SuccessPolicyRule', successPolicyRule)

const successPolicy = { rules: required(1, list(SuccessPolicyRule)) }
export interface SuccessPolicy extends FieldsType<typeof successPolicy> {}
export const SuccessPolicy: MessageSchema<SuccessPolicy> = message('SuccessPolicy', successPolicy)

const jobSpec = {
  parallelism: pointer(1, int32),
  completions: pointer(2, int32),
  activeDeadlineSeconds: pointer(3, int64),
  podFailurePolicy: pointer(11, PodFailurePolicy),
  successPolicy: pointer(16, SuccessPolicy),
  backoffLimit: pointer(7, int32),
  backoffLimitPerIndex: pointer(12, int32),
  maxFailedIndexes: pointer(13, int32),
  selector: pointer(4, LabelSelector),
  manualSelector: pointer(5, boolean),
  template: required(6, PodTemplateSpec),
  ttlSecondsAfterFinished: pointer(8, int32),
  completionMode: pointer(9, string, { enum: ['Indexed', 'NonIndexed'] }),
  suspend: pointer(10, boolean),
  podReplacementPolicy: pointer(14, string, { enum: ['Failed', 'TerminatingOrFailed'] }),
  managedBy: pointer(15, string),
}
export interface JobSpec extends FieldsType<typeof jobSpec> {}
export interface JobSpecInit extends FieldsInit<typeof jobSpec> {}
export const JobSpec: MessageSchema<JobSpec, JobSpecInit> = message('JobSpec', jobSpec)

const jobTemplateSpec = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, JobSpec),
}
export interface JobTemplateSpec extends FieldsType<typeof jobTemplateSpec> {}
export interface JobTemplateSpecInit extends FieldsInit<typeof jobTemplateSpec> {}
export const JobTemplateSpec: MessageSchema<JobTemplateSpec, JobTemplateSpecInit> = message(
  'JobTemplateSpec',
  jobTemplateSpec,
)

const jobCondition = {
  type: required(1, string),
  status: required(2, string),
  lastProbeTime: nullable(3, time),
  lastTransitionTime: nullable(4, time),
  reason: optional(5, string),
  message: optional(6, string),
}
export interface JobCondition extends FieldsType<typeof jobCondition> {}
export const JobCondition: MessageSchema<JobCondition> = message('JobCondition', jobCondition)

const uncountedTerminatedPods = {
  succeeded: optional(1, set(string)),
  failed: optional(2, set(string)),
}
export interface UncountedTerminatedPods extends FieldsType<typeof uncountedTerminatedPods> {}
export const UncountedTerminatedPods: MessageSchema<UncountedTerminatedPods> = message(
  'UncountedTerminatedPods',
  uncountedTerminatedPods,
)

const jobStatus = {
  conditions: optional(1, list(JobCondition, { patch: 'merge', patchKey: 'type' })),
  startTime: pointer(2, time),
  completionTime: pointer(3, time),
  active: optional(4, int32),
  succeeded: optional(5, int32),
  failed: optional(6, int32),
  terminating: pointer(11, int32),
  completedIndexes: optional(7, string),
  failedIndexes: pointer(10, string),
  uncountedTerminatedPods: pointer(8, UncountedTerminatedPods),
  ready: pointer(9, int32),
}
export interface JobStatus extends FieldsType<typeof jobStatus> {}
export const JobStatus: MessageSchema<JobStatus> = message('JobStatus', jobStatus)

const job = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, JobSpec),
  status: embedded(3, JobStatus),
}
export interface Job extends TypeMeta, FieldsType<typeof job> {}
export interface JobInit extends TypeMeta, FieldsInit<typeof job> {}
/** Runs pods to completion. */
export const Job: Kind<Job, JobInit> = kind('Job', { plural: 'jobs', namespaced: true }, job)
