import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  keyed,
  list,
  type MessageSchema,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'
import { MatchCondition, MatchResources } from './match.js'
import { ParamKind, Variable } from './policy.js'

const applyConfiguration = { expression: optional(1, string) }
export interface ApplyConfiguration extends FieldsType<typeof applyConfiguration> {}
export const ApplyConfiguration: MessageSchema<ApplyConfiguration> = message('ApplyConfiguration', applyConfiguration)

const jsonPatch = { expression: optional(1, string) }
export interface JSONPatch extends FieldsType<typeof jsonPatch> {}
export const JSONPatch: MessageSchema<JSONPatch> = message('JSONPatch', jsonPatch)

const mutation = {
  patchType: required(2, string, { enum: ['ApplyConfiguration', 'JSONPatch'] }),
  applyConfiguration: pointer(3, ApplyConfiguration),
  jsonPatch: pointer(4, JSONPatch),
}
export interface Mutation extends FieldsType<typeof mutation> {}
export const Mutation: MessageSchema<Mutation> = message('Mutation', mutation)

const mutatingAdmissionPolicySpec = {
  paramKind: pointer(1, ParamKind),
  matchConstraints: pointer(2, MatchResources),
  variables: optional(3, list(Variable)),
  mutations: optional(4, list(Mutation)),
  failurePolicy: pointer(5, string, { enum: ['Fail', 'Ignore'] }),
  matchConditions: optional(6, keyed(MatchCondition, ['name'], 'name')),
  reinvocationPolicy: optional(7, string, { enum: ['IfNeeded', 'Never'] }),
}
export interface MutatingAdmissionPolicySpec extends FieldsType<typeof mutatingAdmissionPolicySpec> {}
export const MutatingAdmissionPolicySpec: MessageSchema<MutatingAdmissionPolicySpec> = message(
  'MutatingAdmissionPolicySpec',
  mutatingAdmissionPolicySpec,
)

const mutatingAdmissionPolicy = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, MutatingAdmissionPolicySpec),
}
export interface MutatingAdmissionPolicy extends TypeMeta, FieldsType<typeof mutatingAdmissionPolicy> {}
export interface MutatingAdmissionPolicyInit extends TypeMeta, FieldsInit<typeof mutatingAdmissionPolicy> {}
/** CEL expressions that change requests on their way in. */
export const MutatingAdmissionPolicy: Kind<MutatingAdmissionPolicy, MutatingAdmissionPolicyInit> = kind(
  'MutatingAdmissionPolicy',
  { plural: 'mutatingadmissionpolicies', namespaced: false },
  mutatingAdmissionPolicy,
)
