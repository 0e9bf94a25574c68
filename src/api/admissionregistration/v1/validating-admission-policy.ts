import { Condition, ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int64,
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

const auditAnnotation = {
  key: required(1, string),
  valueExpression: required(2, string),
}
export interface AuditAnnotation extends FieldsType<typeof auditAnnotation> {}
export const AuditAnnotation: MessageSchema<AuditAnnotation> = message('AuditAnnotation', auditAnnotation)

const expressionWarning = {
  fieldRef: required(2, string),
  warning: required(3, string),
}
export interface ExpressionWarning extends FieldsType<typeof expressionWarning> {}
export const ExpressionWarning: MessageSchema<ExpressionWarning> = message('ExpressionWarning', expressionWarning)

const typeChecking = { expressionWarnings: optional(1, list(ExpressionWarning)) }
export interface TypeChecking extends FieldsType<typeof typeChecking> {}
export const TypeChecking: MessageSchema<TypeChecking> = message('TypeChecking', typeChecking)

const validation = {
  expression: required(1, string),
  message: optional(2, string),
  reason: pointer(3, string),
  messageExpression: optional(4, string),
}
export interface Validation extends FieldsType<typeof validation> {}
export const Validation: MessageSchema<Validation> = message('Validation', validation)

const validatingAdmissionPolicySpec = {
  paramKind: pointer(1, ParamKind),
  matchConstraints: pointer(2, MatchResources),
  validations: optional(3, list(Validation)),
  failurePolicy: pointer(4, string, { enum: ['Fail', 'Ignore'] }),
  auditAnnotations: optional(5, list(AuditAnnotation)),
  matchConditions: optional(6, keyed(MatchCondition, ['name'], 'name')),
  variables: optional(7, keyed(Variable, ['name'], 'name')),
}
export interface ValidatingAdmissionPolicySpec extends FieldsType<typeof validatingAdmissionPolicySpec> {}
export const ValidatingAdmissionPolicySpec: MessageSchema<ValidatingAdmissionPolicySpec> = message(
  'ValidatingAdmissionPolicySpec',
  validatingAdmissionPolicySpec,
)

const validatingAdmissionPolicyStatus = {
  observedGeneration: optional(1, int64),
  typeChecking: pointer(2, TypeChecking),
  conditions: optional(3, keyed(Condition, ['type'])),
}
export interface ValidatingAdmissionPolicyStatus extends FieldsType<typeof validatingAdmissionPolicyStatus> {}
export const ValidatingAdmissionPolicyStatus: MessageSchema<ValidatingAdmissionPolicyStatus> = message(
  'ValidatingAdmissionPolicyStatus',
  validatingAdmissionPolicyStatus,
)

const validatingAdmissionPolicy = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, ValidatingAdmissionPolicySpec),
  status: embedded(3, ValidatingAdmissionPolicyStatus),
}
export interface ValidatingAdmissionPolicy extends TypeMeta, FieldsType<typeof validatingAdmissionPolicy> {}
export interface ValidatingAdmissionPolicyInit extends TypeMeta, FieldsInit<typeof validatingAdmissionPolicy> {}
/** CEL expressions that accept or refuse requests. */
export const ValidatingAdmissionPolicy: Kind<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyInit> = kind(
  'ValidatingAdmissionPolicy',
  { plural: 'validatingadmissionpolicies', namespaced: false },
  validatingAdmissionPolicy,
)
