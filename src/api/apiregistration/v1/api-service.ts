import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  bytes,
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  type Kind,
  keyed,
  type MessageSchema,
  nullable,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const serviceReference = {
  namespace: optional(1, string),
  name: optional(2, string),
  port: pointer(3, int32),
}
export interface ServiceReference extends FieldsType<typeof serviceReference> {}
export const ServiceReference: MessageSchema<ServiceReference> = message('ServiceReference', serviceReference)

const apiServiceSpec = {
  service: pointer(1, ServiceReference),
  group: optional(2, string),
  version: optional(3, string),
  insecureSkipTLSVerify: optional(4, boolean),
  caBundle: optional(5, bytes, { listType: 'atomic' }),
  groupPriorityMinimum: required(7, int32),
  versionPriority: required(8, int32),
}
export interface APIServiceSpec extends FieldsType<typeof apiServiceSpec> {}
export const APIServiceSpec: MessageSchema<APIServiceSpec> = message('APIServiceSpec', apiServiceSpec)

const apiServiceCondition = {
  type: required(1, string),
  status: required(2, string),
  lastTransitionTime: nullable(3, time),
  reason: optional(4, string),
  message: optional(5, string),
}
export interface APIServiceCondition extends FieldsType<typeof apiServiceCondition> {}
export const APIServiceCondition: MessageSchema<APIServiceCondition> = message(
  'APIServiceCondition',
  apiServiceCondition,
)

const apiServiceStatus = { conditions: optional(1, keyed(APIServiceCondition, ['type'], 'type')) }
export interface APIServiceStatus extends FieldsType<typeof apiServiceStatus> {}
export const APIServiceStatus: MessageSchema<APIServiceStatus> = message('APIServiceStatus', apiServiceStatus)

const apiService = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, APIServiceSpec),
  status: embedded(3, APIServiceStatus),
}
export interface APIService extends TypeMeta, FieldsType<typeof apiService> {}
export interface APIServiceInit extends TypeMeta, FieldsInit<typeof apiService> {}
/** A group and version served by an extension server. */
export const APIService: Kind<APIService, APIServiceInit> = kind(
  'APIService',
  { plural: 'apiservices', namespaced: false },
  apiService,
)
