import { ObjectMeta } from '../../../machinery/meta/index.js'
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
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'
import { ObjectReference } from './reference.js'

const endpointAddress = {
  ip: required(1, string),
  hostname: optional(3, string),
  nodeName: pointer(4, string),
  targetRef: pointer(2, ObjectReference),
}
export interface EndpointAddress extends FieldsType<typeof endpointAddress> {}
export const EndpointAddress: MessageSchema<EndpointAddress> = message('EndpointAddress', endpointAddress, {
  atomic: true,
})

const endpointPort = {
  name: optional(1, string),
  port: required(2, int32),
  protocol: optional(3, string, { enum: ['SCTP', 'TCP', 'UDP'] }),
  appProtocol: pointer(4, string),
}
export interface EndpointPort extends FieldsType<typeof endpointPort> {}
export const EndpointPort: MessageSchema<EndpointPort> = message('EndpointPort', endpointPort, { atomic: true })

const endpointSubset = {
  addresses: optional(1, list(EndpointAddress)),
  notReadyAddresses: optional(2, list(EndpointAddress)),
  ports: optional(3, list(EndpointPort)),
}
export interface EndpointSubset extends FieldsType<typeof endpointSubset> {}
export const EndpointSubset: MessageSchema<EndpointSubset> = message('EndpointSubset', endpointSubset)

const endpoints = {
  metadata: embedded(1, ObjectMeta),
  subsets: optional(2, list(EndpointSubset)),
}
export interface Endpoints extends TypeMeta, FieldsType<typeof endpoints> {}
export interface EndpointsInit extends TypeMeta, FieldsInit<typeof endpoints> {}
/** Addresses that implement a service (superseded by EndpointSlice). */
export const Endpoints: Kind<Endpoints, EndpointsInit> = kind(
  'Endpoints',
  { plural: 'endpoints', namespaced: true },
  endpoints,
)
