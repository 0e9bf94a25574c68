import { GroupVersionKind, GroupVersionResource, Status } from '../../../machinery/meta/index.js'
import {
  boolean,
  bytes,
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  list,
  type MessageSchema,
  map,
  nullable,
  optional,
  pointer,
  rawExtension,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { UserInfo } from '../../authentication/v1/index.js'
import { kind, message } from './declare.js'

const admissionRequest = {
  uid: required(1, string),
  kind: embedded(2, GroupVersionKind),
  resource: embedded(3, GroupVersionResource),
  subResource: optional(4, string),
  requestKind: pointer(13, GroupVersionKind),
  requestResource: pointer(14, GroupVersionResource),
  requestSubResource: optional(15, string),
  name: optional(5, string),
  namespace: optional(6, string),
  operation: required(7, string),
  userInfo: embedded(8, UserInfo),
  object: nullable(9, rawExtension),
  oldObject: nullable(10, rawExtension),
  dryRun: pointer(11, boolean),
  options: nullable(12, rawExtension),
}
export interface AdmissionRequest extends FieldsType<typeof admissionRequest> {}
export interface AdmissionRequestInit extends FieldsInit<typeof admissionRequest> {}
export const AdmissionRequest: MessageSchema<AdmissionRequest, AdmissionRequestInit> = message(
  'AdmissionRequest',
  admissionRequest,
)

const admissionResponse = {
  uid: required(1, string),
  allowed: required(2, boolean),
  status: pointer(3, Status),
  patch: optional(4, bytes),
  patchType: pointer(5, string),
  auditAnnotations: optional(6, map(string)),
  warnings: optional(7, list(string, { type: 'none' })),
}
export interface AdmissionResponse extends FieldsType<typeof admissionResponse> {}
export interface AdmissionResponseInit extends FieldsInit<typeof admissionResponse> {}
export const AdmissionResponse: MessageSchema<AdmissionResponse, AdmissionResponseInit> = message(
  'AdmissionResponse',
  admissionResponse,
)

const admissionReview = {
  request: pointer(1, AdmissionRequest),
  response: pointer(2, AdmissionResponse),
}
export interface AdmissionReview extends TypeMeta, FieldsType<typeof admissionReview> {}
export interface AdmissionReviewInit extends TypeMeta, FieldsInit<typeof admissionReview> {}
/** Body of the call to an admission webhook and of its answer. */
export const AdmissionReview: Kind<AdmissionReview, AdmissionReviewInit> = kind(
  'AdmissionReview',
  { plural: '', namespaced: false },
  admissionReview,
)
