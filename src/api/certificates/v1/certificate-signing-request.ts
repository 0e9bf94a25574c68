import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  bytes,
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  type Kind,
  keyed,
  kind,
  list,
  type MessageSchema,
  map,
  message,
  nullable,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'

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
  'k8s.io.api.certificates.v1.CertificateSigningRequestSpec',
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
  'k8s.io.api.certificates.v1.CertificateSigningRequestCondition',
  certificateSigningRequestCondition,
)

const certificateSigningRequestStatus = {
  conditions: optional(1, keyed(CertificateSigningRequestCondition, ['type'])),
  certificate: optional(2, bytes),
}
export interface CertificateSigningRequestStatus extends FieldsType<typeof certificateSigningRequestStatus> {}
export const CertificateSigningRequestStatus: MessageSchema<CertificateSigningRequestStatus> = message(
  'k8s.io.api.certificates.v1.CertificateSigningRequestStatus',
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
  'k8s.io.api.certificates.v1.CertificateSigningRequest',
  { group: 'certificates.k8s.io', version: 'v1', plural: 'certificatesigningrequests', namespaced: false },
  certificateSigningRequest,
)
