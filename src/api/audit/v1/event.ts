import { Status } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  list,
  type MessageSchema,
  map,
  microTime,
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

const authenticationMetadata = { impersonationConstraint: optional(1, string) }
export interface AuthenticationMetadata extends FieldsType<typeof authenticationMetadata> {}
export const AuthenticationMetadata: MessageSchema<AuthenticationMetadata> = message(
  'AuthenticationMetadata',
  authenticationMetadata,
)

const objectReference = {
  resource: optional(1, string),
  namespace: optional(2, string),
  name: optional(3, string),
  uid: optional(4, string),
  apiGroup: optional(5, string),
  apiVersion: optional(6, string),
  resourceVersion: optional(7, string),
  subresource: optional(8, string),
}
export interface ObjectReference extends FieldsType<typeof objectReference> {}
export const ObjectReference: MessageSchema<ObjectReference> = message('ObjectReference', objectReference)

const event = {
  level: required(1, string),
  auditID: required(2, string),
  stage: required(3, string),
  requestURI: required(4, string),
  verb: required(5, string),
  user: embedded(6, UserInfo),
  impersonatedUser: pointer(7, UserInfo),
  authenticationMetadata: pointer(17, AuthenticationMetadata),
  sourceIPs: optional(8, list(string, { type: 'none' })),
  userAgent: optional(16, string),
  objectRef: pointer(9, ObjectReference),
  responseStatus: pointer(10, Status),
  requestObject: pointer(11, rawExtension),
  responseObject: pointer(12, rawExtension),
  requestReceivedTimestamp: nullable(13, microTime),
  stageTimestamp: nullable(14, microTime),
  annotations: optional(15, map(string)),
}
export interface Event extends TypeMeta, FieldsType<typeof event> {}
export interface EventInit extends TypeMeta, FieldsInit<typeof event> {}
/** One line of the audit log. */
export const Event: Kind<Event, EventInit> = kind('Event', { plural: '', namespaced: false }, event)
