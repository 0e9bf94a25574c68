import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  type Kind,
  keyed,
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
import { kind, message } from './declare.js'

const flowDistinguisherMethod = { type: required(1, string) }
export interface FlowDistinguisherMethod extends FieldsType<typeof flowDistinguisherMethod> {}
export const FlowDistinguisherMethod: MessageSchema<FlowDistinguisherMethod> = message(
  'FlowDistinguisherMethod',
  flowDistinguisherMethod,
)

const nonResourcePolicyRule = {
  verbs: required(1, set(string)),
  nonResourceURLs: required(6, set(string)),
}
export interface NonResourcePolicyRule extends FieldsType<typeof nonResourcePolicyRule> {}
export const NonResourcePolicyRule: MessageSchema<NonResourcePolicyRule> = message(
  'NonResourcePolicyRule',
  nonResourcePolicyRule,
)

const resourcePolicyRule = {
  verbs: required(1, set(string)),
  apiGroups: required(2, set(string)),
  resources: required(3, set(string)),
  clusterScope: optional(4, boolean),
  namespaces: embedded(5, set(string)),
}
export interface ResourcePolicyRule extends FieldsType<typeof resourcePolicyRule> {}
export interface ResourcePolicyRuleInit extends FieldsInit<typeof resourcePolicyRule> {}
export const ResourcePolicyRule: MessageSchema<ResourcePolicyRule, ResourcePolicyRuleInit> = message(
  'ResourcePolicyRule',
  resourcePolicyRule,
)

const groupSubject = { name: required(1, string) }
export interface GroupSubject extends FieldsType<typeof groupSubject> {}
export const GroupSubject: MessageSchema<GroupSubject> = message('GroupSubject', groupSubject)

const serviceAccountSubject = {
  namespace: required(1, string),
  name: required(2, string),
}
export interface ServiceAccountSubject extends FieldsType<typeof serviceAccountSubject> {}
export const ServiceAccountSubject: MessageSchema<ServiceAccountSubject> = message(
  'ServiceAccountSubject',
  serviceAccountSubject,
)

const userSubject = { name: required(1, string) }
export interface UserSubject extends FieldsType<typeof userSubject> {}
export const UserSubject: MessageSchema<UserSubject> = message('UserSubject', userSubject)

const subject = {
  kind: required(1, string),
  user: pointer(2, UserSubject),
  group: pointer(3, GroupSubject),
  serviceAccount: pointer(4, ServiceAccountSubject),
}
export interface Subject extends FieldsType<typeof subject> {}
export const Subject: MessageSchema<Subject> = message('Subject', subject, {
  unions: [{ discriminator: 'kind', fields: { group: 'Group', serviceAccount: 'ServiceAccount', user: 'User' } }],
})

const policyRulesWithSubjects = {
  subjects: required(1, list(Subject)),
  resourceRules: optional(2, list(ResourcePolicyRule)),
  nonResourceRules: optional(3, list(NonResourcePolicyRule)),
}
export interface PolicyRulesWithSubjects extends FieldsType<typeof policyRulesWithSubjects> {}
export interface PolicyRulesWithSubjectsInit extends FieldsInit<typeof policyRulesWithSubjects> {}
export const PolicyRulesWithSubjects: MessageSchema<PolicyRulesWithSubjects, PolicyRulesWithSubjectsInit> = message(
  'PolicyRulesWithSubjects',
  policyRulesWithSubjects,
)

const priorityLevelConfigurationReference = { name: required(1, string) }
export interface PriorityLevelConfigurationReference extends FieldsType<typeof priorityLevelConfigurationReference> {}
export const PriorityLevelConfigurationReference: MessageSchema<PriorityLevelConfigurationReference> = message(
  'PriorityLevelConfigurationReference',
  priorityLevelConfigurationReference,
)

const flowSchemaSpec = {
  priorityLevelConfiguration: required(1, PriorityLevelConfigurationReference),
  matchingPrecedence: embedded(2, int32),
  distinguisherMethod: pointer(3, FlowDistinguisherMethod),
  rules: optional(4, list(PolicyRulesWithSubjects)),
}
export interface FlowSchemaSpec extends FieldsType<typeof flowSchemaSpec> {}
export interface FlowSchemaSpecInit extends FieldsInit<typeof flowSchemaSpec> {}
export const FlowSchemaSpec: MessageSchema<FlowSchemaSpec, FlowSchemaSpecInit> = message(
  'FlowSchemaSpec',
  flowSchemaSpec,
)

const flowSchemaCondition = {
  type: optional(1, string),
  status: optional(2, string),
  lastTransitionTime: nullable(3, time),
  reason: optional(4, string),
  message: optional(5, string),
}
export interface FlowSchemaCondition extends FieldsType<typeof flowSchemaCondition> {}
export const FlowSchemaCondition: MessageSchema<FlowSchemaCondition> = message(
  'FlowSchemaCondition',
  flowSchemaCondition,
)

const flowSchemaStatus = { conditions: optional(1, keyed(FlowSchemaCondition, ['type'], 'type')) }
export interface FlowSchemaStatus extends FieldsType<typeof flowSchemaStatus> {}
export const FlowSchemaStatus: MessageSchema<FlowSchemaStatus> = message('FlowSchemaStatus', flowSchemaStatus)

const flowSchema = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, FlowSchemaSpec),
  status: embedded(3, FlowSchemaStatus),
}
export interface FlowSchema extends TypeMeta, FieldsType<typeof flowSchema> {}
export interface FlowSchemaInit extends TypeMeta, FieldsInit<typeof flowSchema> {}
/** Sorts requests into flows and assigns them a priority level. */
export const FlowSchema: Kind<FlowSchema, FlowSchemaInit> = kind(
  'FlowSchema',
  { plural: 'flowschemas', namespaced: false },
  flowSchema,
)
