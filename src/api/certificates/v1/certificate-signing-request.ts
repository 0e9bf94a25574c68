import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  bytes,
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  type Kind,
  keyed,
  list,
  type MessageSchema,
  map,
  nullable,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const certificateSigningRequestSpec = {
  request: required(1, bytes),
  signerName: required(7, string),
  expirationSeconds: pointer(8, int32),
  usages: optional(5, list(string)),
  username: optional(2, string),
  uid: optional(3, string),
  groups: optional(4, list(string)),
  extra: optional(6, map(list(string, { type: 'none', wrapped: true }))),
}
export interface CertificateSigningRequestSpec extends FieldsType<typeof certificateSigningRequestSpec> {}
export const CertificateSigningRequestSpec: MessageSchema<CertificateSigningRequestSpec> = message(
  'CertificateSigningRequestSpec',
  certificateSigningRequestSpec,
)

const certificateSigningRequestCondition = {
  type: required(1, string),
  status: required(6, string),
  reason: optional(2, string),
  message: optional(3, string),
  lastUpdateTime: nullable(4, time),
  lastTransitionTime: nullable(5, time),
}
export interface CertificateSigningRequestCondition extends FieldsType<typeof certificateSigningRequestCondition> {}
export const CertificateSigningRequestCondition: MessageSchema<CertificateSigningRequestCondition> = message(
  'CertificateSigningRequestCondition',
  certificateSigningRequestCondition,
)

const certificateSigningRequestStatus = {
  conditions: optional(1, keyed(CertificateSigningRequestCondition, ['type'])),
  certificate: optional(2, bytes),
}
export interface CertificateSigningRequestStatus extends FieldsType<typeof certificateSigningRequestStatus> {}
export const CertificateSigningRequestStatus: MessageSchema<CertificateSigningRequestStatus> = message(
  'CertificateSigningRequestStatus',
  certificateSigningRequestStatus,
)

const certificateSigningRequest = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, CertificateSigningRequestSpec),
  status: embedded(3, CertificateSigningRequestStatus),
}
export interface CertificateSigningRequest extends TypeMeta, FieldsType<typeof certificateSigningRequest> {}
export interface CertificateSigningRequestInit extends TypeMeta, FieldsInit<typeof certificateSigningRequest> {}
/** Asks a signer for an X.509 certificate. */
export const CertificateSigningRequest: Kind<CertificateSigningRequest, CertificateSigningRequestInit> = kind(
  'CertificateSigningRequest',
  { plural: 'certificatesigningrequests', namespaced: false },
  certificateSigningRequest,
)
