import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  list,
  type MessageSchema,
  optional,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const nonResourceRule = {
  verbs: required(1, list(string)),
  nonResourceURLs: optional(2, list(string)),
}
export interface NonResourceRule extends FieldsType<typeof nonResourceRule> {}
export const NonResourceRule: MessageSchema<NonResourceRule> = message('NonResourceRule', nonResourceRule)

const resourceRule = {
  verbs: required(1, list(string)),
  apiGroups: optional(2, list(string)),
  resources: optional(3, list(string)),
  resourceNames: optional(4, list(string)),
}
export interface ResourceRule extends FieldsType<typeof resourceRule> {}
export const ResourceRule: MessageSchema<ResourceRule> = message('ResourceRule', resourceRule)

const subjectRulesReviewStatus = {
  resourceRules: required(1, list(ResourceRule)),
  nonResourceRules: required(2, list(NonResourceRule)),
  incomplete: required(3, boolean),
  evaluationError: optional(4, string),
}
export interface SubjectRulesReviewStatus extends FieldsType<typeof subjectRulesReviewStatus> {}
export const SubjectRulesReviewStatus: MessageSchema<SubjectRulesReviewStatus> = message(
  'SubjectRulesReviewStatus',
  subjectRulesReviewStatus,
)

const selfSubjectRulesReviewSpec = { namespace: optional(1, string) }
export interface SelfSubjectRulesReviewSpec extends FieldsType<typeof selfSubjectRulesReviewSpec> {}
export const SelfSubjectRulesReviewSpec: MessageSchema<SelfSubjectRulesReviewSpec> = message(
  'SelfSubjectRulesReviewSpec',
  selfSubjectRulesReviewSpec,
)

const selfSubjectRulesReview = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, SelfSubjectRulesReviewSpec),
  status: embedded(3, SubjectRulesReviewStatus),
}
export interface SelfSubjectRulesReview extends TypeMeta, FieldsType<typeof selfSubjectRulesReview> {}
export interface SelfSubjectRulesReviewInit extends TypeMeta, FieldsInit<typeof selfSubjectRulesReview> {}
/** Asks for everything the caller may do in a namespace. */
export const SelfSubjectRulesReview: Kind<SelfSubjectRulesReview, SelfSubjectRulesReviewInit> = kind(
  'SelfSubjectRulesReview',
  { plural: 'selfsubjectrulesreviews', namespaced: false },
  selfSubjectRulesReview,
)
