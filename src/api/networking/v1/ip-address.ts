import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  type MessageSchema,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const parentReference = {
  group: optional(1, string),
  resource: optional(2, string, { required: true }),
  namespace: optional(3, string),
  name: optional(4, string, { required: true }),
}
export interface ParentReference extends FieldsType<typeof parentReference> {}
export const ParentReference: MessageSchema<ParentReference> = message('ParentReference', parentReference)

const ipAddressSpec = { parentRef: pointer(1, ParentReference, { required: true }) }
export interface IPAddressSpec extends FieldsType<typeof ipAddressSpec> {}
export const IPAddressSpec: MessageSchema<IPAddressSpec> = message('IPAddressSpec', ipAddressSpec)

const ipAddress = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, IPAddressSpec),
}
export interface IPAddress extends TypeMeta, FieldsType<typeof ipAddress> {}
export interface IPAddressInit extends TypeMeta, FieldsInit<typeof ipAddress> {}
/** An address of a ServiceCIDR that is in use. */
export const IPAddress: Kind<IPAddress, IPAddressInit> = kind(
  'IPAddress',
  { plural: 'ipaddresses', namespaced: false },
  ipAddress,
)
