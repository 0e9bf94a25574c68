import { FieldSelectorRequirement, LabelSelectorRequirement, ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  list,
  type MessageSchema,
  map,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const fieldSelectorAttributes = {
  rawSelector: optional(1, string),
  requirements: optional(2, list(FieldSelectorRequirement)),
}
export interface FieldSelectorAttributes extends FieldsType<typeof fieldSelectorAttributes> {}
export const FieldSelectorAttributes: MessageSchema<FieldSelectorAttributes> = message(
  'FieldSelectorAttributes',
  fieldSelectorAttributes,
)

const labelSelectorAttributes = {
  rawSelector: optional(1, string),
  requirements: optional(2, list(LabelSelectorRequirement)),
}
export interface LabelSelectorAttributes extends FieldsType<typeof labelSelectorAttributes> {}
export const LabelSelectorAttributes: MessageSchema<LabelSelectorAttributes> = message(
  'LabelSelectorAttributes',
  labelSelectorAttributes,
)

const nonResourceAttributes = {
  path: optional(1, string),
  verb: optional(2, string),
}
export interface NonResourceAttributes extends FieldsType<typeof nonResourceAttributes> {}
export const NonResourceAttributes: MessageSchema<NonResourceAttributes> = message(
  'NonResourceAttributes',
  nonResourceAttributes,
)

const resourceAttributes = {
  namespace: optional(1, string),
  verb: optional(2, string),
  group: optional(3, string),
  version: optional(4, string),
  resource: optional(5, string),
  subresource: optional(6, string),
  name: optional(7, string),
  fieldSelector: pointer(8, FieldSelectorAttributes),
  labelSelector: pointer(9, LabelSelectorAttributes),
}
export interface ResourceAttributes extends FieldsType<typeof resourceAttributes> {}
export const ResourceAttributes: MessageSchema<ResourceAttributes> = message('ResourceAttributes', resourceAttributes)

const subjectAccessReviewSpec = {
  resourceAttributes: pointer(1, ResourceAttributes),
  nonResourceAttributes: pointer(2, NonResourceAttributes),
  user: optional(3, string),
  groups: optional(4, list(string)),
  extra: optional(5, map(list(string, { type: 'none', wrapped: true }))),
  uid: optional(6, string),
}
export interface SubjectAccessReviewSpec extends FieldsType<typeof subjectAccessReviewSpec> {}
export const SubjectAccessReviewSpec: MessageSchema<SubjectAccessReviewSpec> = message(
  'SubjectAccessReviewSpec',
  subjectAccessReviewSpec,
)

const subjectAccessReviewStatus = {
  allowed: required(1, boolean),
  denied: optional(4, boolean),
  reason: optional(2, string),
  evaluationError: optional(3, string),
}
export interface SubjectAccessReviewStatus extends FieldsType<typeof subjectAccessReviewStatus> {}
export const SubjectAccessReviewStatus: MessageSchema<SubjectAccessReviewStatus> = message(
  'SubjectAccessReviewStatus',
  subjectAccessReviewStatus,
)

const subjectAccessReview = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, SubjectAccessReviewSpec),
  status: embedded(3, SubjectAccessReviewStatus),
}
export interface SubjectAccessReview extends TypeMeta, FieldsType<typeof subjectAccessReview> {}
export interface SubjectAccessReviewInit extends TypeMeta, FieldsInit<typeof subjectAccessReview> {}
/** Asks whether somebody may do something. */
export const SubjectAccessReview: Kind<SubjectAccessReview, SubjectAccessReviewInit> = kind(
  'SubjectAccessReview',
  { plural: 'subjectaccessreviews', namespaced: false },
  subjectAccessReview,
)

const localSubjectAccessReview = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, SubjectAccessReviewSpec),
  status: embedded(3, SubjectAccessReviewStatus),
}
export interface LocalSubjectAccessReview extends TypeMeta, FieldsType<typeof localSubjectAccessReview> {}
export interface LocalSubjectAccessReviewInit extends TypeMeta, FieldsInit<typeof localSubjectAccessReview> {}
/** Asks whether somebody may do something within one namespace. */
export const LocalSubjectAccessReview: Kind<LocalSubjectAccessReview, LocalSubjectAccessReviewInit> = kind(
  'LocalSubjectAccessReview',
  { plural: 'localsubjectaccessreviews', namespaced: true },
  localSubjectAccessReview,
)

const selfSubjectAccessReviewSpec = {
  resourceAttributes: pointer(1, ResourceAttributes),
  nonResourceAttributes: pointer(2, NonResourceAttributes),
}
export interface SelfSubjectAccessReviewSpec extends FieldsType<typeof selfSubjectAccessReviewSpec> {}
export const SelfSubjectAccessReviewSpec: MessageSchema<SelfSubjectAccessReviewSpec> = message(
  'SelfSubjectAccessReviewSpec',
  selfSubjectAccessReviewSpec,
)

const selfSubjectAccessReview = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, SelfSubjectAccessReviewSpec),
  status: embedded(3, SubjectAccessReviewStatus),
}
export interface SelfSubjectAccessReview extends TypeMeta, FieldsType<typeof selfSubjectAccessReview> {}
export interface SelfSubjectAccessReviewInit extends TypeMeta, FieldsInit<typeof selfSubjectAccessReview> {}
/** Asks whether the caller may do something. */
export const SelfSubjectAccessReview: Kind<SelfSubjectAccessReview, SelfSubjectAccessReviewInit> = kind(
  'SelfSubjectAccessReview',
  { plural: 'selfsubjectaccessreviews', namespaced: false },
  selfSubjectAccessReview,
)
