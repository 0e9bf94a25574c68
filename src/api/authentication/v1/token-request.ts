import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int64,
  type Kind,
  list,
  type MessageSchema,
  nullable,
  optional,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const boundObjectReference = {
  kind: optional(1, string),
  apiVersion: optional(2, string),
  name: optional(3, string),
  uid: optional(4, string),
}
export interface BoundObjectReference extends FieldsType<typeof boundObjectReference> {}
export const BoundObjectReference: MessageSchema<BoundObjectReference> = message(
  'BoundObjectReference',
  boundObjectReference,
)

const tokenRequestSpec = {
  audiences: embedded(1, list(string)),
  expirationSeconds: nullable(4, int64),
  boundObjectRef: nullable(3, BoundObjectReference),
}
export interface TokenRequestSpec extends FieldsType<typeof tokenRequestSpec> {}
export interface TokenRequestSpecInit extends FieldsInit<typeof tokenRequestSpec> {}
export const TokenRequestSpec: MessageSchema<TokenRequestSpec, TokenRequestSpecInit> = message(
  'TokenRequestSpec',
  tokenRequestSpec,
)

const tokenRequestStatus = {
  token: embedded(1, string),
  expirationTimestamp: nullable(2, time),
}
export interface TokenRequestStatus extends FieldsType<typeof tokenRequestStatus> {}
export interface TokenRequestStatusInit extends FieldsInit<typeof tokenRequestStatus> {}
export const TokenRequestStatus: MessageSchema<TokenRequestStatus, TokenRequestStatusInit> = message(
  'TokenRequestStatus',
  tokenRequestStatus,
)

const tokenRequest = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, TokenRequestSpec),
  status: embedded(3, TokenRequestStatus),
}
export interface TokenRequest extends TypeMeta, FieldsType<typeof tokenRequest> {}
export interface TokenRequestInit extends TypeMeta, FieldsInit<typeof tokenRequest> {}
/** Asks for a token of a service account. */
export const TokenRequest: Kind<TokenRequest, TokenRequestInit> = kind(
  'TokenRequest',
  { plural: '', namespaced: true },
  tokenRequest,
)
