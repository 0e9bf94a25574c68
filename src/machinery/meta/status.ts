import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  type Kind,
  list,
  type MessageSchema,
  optional,
  pointer,
  string,
  type TypeMeta,
} from '../../schema/index.js'
import { coreKind, message } from './declare.js'
import { ListMeta } from './list-meta.js'

const statusCause = {
  reason: optional(1, string),
  message: optional(2, string),
  field: optional(3, string),
}
export interface StatusCause extends FieldsType<typeof statusCause> {}
export const StatusCause: MessageSchema<StatusCause> = message('StatusCause', statusCause)

const statusDetails = {
  name: optional(1, string),
  group: optional(2, string),
  kind: optional(3, string),
  uid: optional(6, string),
  causes: optional(4, list(StatusCause)),
  retryAfterSeconds: optional(5, int32),
}
export interface StatusDetails extends FieldsType<typeof statusDetails> {}
export const StatusDetails: MessageSchema<StatusDetails> = message('StatusDetails', statusDetails)

const status = {
  metadata: embedded(1, ListMeta),
  status: optional(2, string),
  message: optional(3, string),
  reason: optional(4, string),
  details: pointer(5, StatusDetails),
  code: optional(6, int32),
}
export interface Status extends TypeMeta, FieldsType<typeof status> {}
export interface StatusInit extends TypeMeta, FieldsInit<typeof status> {}
/** The outcome of a call that answers with no object; every error has this form. */
export const Status: Kind<Status, StatusInit> = coreKind('Status', { plural: '', namespaced: false }, status)
