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
import { UserInfo } from './user-info.js'

const tokenReviewSpec = {
  token: optional(1, string, { required: true }),
  audiences: optional(2, list(string)),
}
export interface TokenReviewSpec extends FieldsType<typeof tokenReviewSpec> {}
export const TokenReviewSpec: MessageSchema<TokenReviewSpec> = message('TokenReviewSpec', tokenReviewSpec)

const tokenReviewStatus = {
  authenticated: optional(1, boolean),
  user: embedded(2, UserInfo),
  audiences: optional(4, list(string)),
  error: optional(3, string),
}
export interface TokenReviewStatus extends FieldsType<typeof tokenReviewStatus> {}
export interface TokenReviewStatusInit extends FieldsInit<typeof tokenReviewStatus> {}
export const TokenReviewStatus: MessageSchema<TokenReviewStatus, TokenReviewStatusInit> = message(
  'TokenReviewStatus',
  tokenReviewStatus,
)

const tokenReview = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, TokenReviewSpec),
  status: embedded(3, TokenReviewStatus),
}
export interface TokenReview extends TypeMeta, FieldsType<typeof tokenReview> {}
export interface TokenReviewInit extends TypeMeta, FieldsInit<typeof tokenReview> {}
/** Asks whether a token is good and whose it is. */
export const TokenReview: Kind<TokenReview, TokenReviewInit> = kind(
  'TokenReview',
  { plural: 'tokenreviews', namespaced: false },
  tokenReview,
)
