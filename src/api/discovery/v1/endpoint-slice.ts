import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  type Kind,
  list,
  type MessageSchema,
  map,
  optional,
  pointer,
  required,
  set,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { ObjectReference } from '../../core/v1/index.js'
import { kind, message } from './declare.js'

const endpointConditions = {
  ready: pointer(1, boolean),
  serving: pointer(2, boolean),
  terminating: pointer(3, boolean),
}
export interface EndpointConditions extends FieldsType<typeof endpointConditions> {}
export const EndpointConditions: MessageSchema<EndpointConditions> = message('EndpointConditions', endpointConditions)

const forNode = { name: required(1, string) }
export interface ForNode extends FieldsType<typeof forNode> {}
export const ForNode: MessageSchema<ForNode> = message('ForNode', forNode)

const forZone = { name: required(1, string) }
export interface ForZone extends FieldsType<typeof forZone> {}
export const ForZone: MessageSchema<ForZone> = message('ForZone', forZone)

const endpointHints = {
  forZones: optional(1, list(ForZone)),
  forNodes: optional(2, list(ForNode)),
}
export interface EndpointHints extends FieldsType<typeof endpointHints> {}
export const EndpointHints: MessageSchema<EndpointHints> = message('EndpointHints', endpointHints)

const endpoint = {
  addresses: required(1, set(string)),
  conditions: embedded(2, EndpointConditions),
  hostname: pointer(3, string),
  targetRef: pointer(4, ObjectReference),
  deprecatedTopology: optional(5, map(string)),
  nodeName: pointer(6, string),
  zone: pointer(7, string),
  hints: pointer(8, EndpointHints),
}
export interface Endpoint extends FieldsType<typeof endpoint> {}
export interface EndpointInit extends FieldsInit<typeof endpoint> {}
export const Endpoint: MessageSchema<Endpoint, EndpointInit> = message('Endpoint', endpoint)

const endpointPort = {
  name: pointer(1, string),
  protocol: pointer(2, string, { enum: ['SCTP', 'TCP', 'UDP'] }),
  port: pointer(3, int32),
  appProtocol: pointer(4, string),
}
export interface EndpointPort extends FieldsType<typeof endpointPort> {}
export const EndpointPort: MessageSchema<EndpointPort> = message('EndpointPort', endpointPort, { atomic: true })

const endpointSlice = {
  metadata: embedded(1, ObjectMeta),
  addressType: required(4, string, { enum: ['FQDN', 'IPv4', 'IPv6'] }),
  endpoints: embedded(2, list(Endpoint)),
  ports: embedded(3, list(EndpointPort)),
}
export interface EndpointSlice extends TypeMeta, FieldsType<typeof endpointSlice> {}
export interface EndpointSliceInit extends TypeMeta, FieldsInit<typeof endpointSlice> {}
/** Part of the addresses that implement a service. */
export const EndpointSlice: Kind<EndpointSlice, EndpointSliceInit> = kind(
  'EndpointSlice',
  { plural: 'endpointslices', namespaced: true },
  endpointSlice,
)
