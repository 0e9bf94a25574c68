import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  type MessageSchema,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'
import { UserInfo } from './user-info.js'

const selfSubjectReviewStatus = { userInfo: embedded(1, UserInfo) }
export interface SelfSubjectReviewStatus extends FieldsType<typeof selfSubjectReviewStatus> {}
export interface SelfSubjectReviewStatusInit extends FieldsInit<typeof selfSubjectReviewStatus> {}
export const SelfSubjectReviewStatus: MessageSchema<SelfSubjectReviewStatus, SelfSubjectReviewStatusInit> = message(
  'SelfSubjectReviewStatus',
  selfSubjectReviewStatus,
)

const selfSubjectReview = {
  metadata: embedded(1, ObjectMeta),
  status: embedded(2, SelfSubjectReviewStatus),
}
export interface SelfSubjectReview extends TypeMeta, FieldsType<typeof selfSubjectReview> {}
export interface SelfSubjectReviewInit extends TypeMeta, FieldsInit<typeof selfSubjectReview> {}
/** Who the server thinks its caller is. */
export const SelfSubjectReview: Kind<SelfSubjectReview, SelfSubjectReviewInit> = kind(
  'SelfSubjectReview',
  { plural: 'selfsubjectreviews', namespaced: false },
  selfSubjectReview,
)
