import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int64,
  type Kind,
  keyed,
  list,
  type MessageSchema,
  map,
  nullable,
  optional,
  pointer,
  quantity,
  required,
  set,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { ContainerStatus } from './container-status.js'
import { kind, message } from './declare.js'
import { PodSpec } from './pod-spec.js'
import { ResourceRequirements } from './resource-requirements.js'

const podIP = { ip: required(1, string) }
export interface PodIP extends FieldsType<typeof podIP> {}
export const PodIP: MessageSchema<PodIP> = message('PodIP', podIP)

const hostIP = { ip: required(1, string) }
export interface HostIP extends FieldsType<typeof hostIP> {}
export const HostIP: MessageSchema<HostIP> = message('HostIP', hostIP)

const podCondition = {
  type: required(1, string),
  observedGeneration: optional(7, int64),
  status: required(2, string),
  lastProbeTime: nullable(3, time),
  lastTransitionTime: nullable(4, time),
  reason: optional(5, string),
  message: optional(6, string),
}
export interface PodCondition extends FieldsType<typeof podCondition> {}
export const PodCondition: MessageSchema<PodCondition> = message('PodCondition', podCondition)

const podResourceClaimStatus = {
  name: required(1, string),
  resourceClaimName: pointer(2, string),
}
export interface PodResourceClaimStatus extends FieldsType<typeof podResourceClaimStatus> {}
export const PodResourceClaimStatus: MessageSchema<PodResourceClaimStatus> = message(
  'PodResourceClaimStatus',
  podResourceClaimStatus,
)

const containerExtendedResourceRequest = {
  containerName: required(1, string),
  resourceName: required(2, string),
  requestName: required(3, string),
}
export interface ContainerExtendedResourceRequest extends FieldsType<typeof containerExtendedResourceRequest> {}
export const ContainerExtendedResourceRequest: MessageSchema<ContainerExtendedResourceRequest> = message(
  'ContainerExtendedResourceRequest',
  containerExtendedResourceRequest,
)

const podExtendedResourceClaimStatus = {
  requestMappings: required(1, list(ContainerExtendedResourceRequest)),
  resourceClaimName: required(2, string),
}
export interface PodExtendedResourceClaimStatus extends FieldsType<typeof podExtendedResourceClaimStatus> {}
export const PodExtendedResourceClaimStatus: MessageSchema<PodExtendedResourceClaimStatus> = message(
  'PodExtendedResourceClaimStatus',
  podExtendedResourceClaimStatus,
)

const nodeAllocatableResourceClaimStatus = {
  resourceClaimName: required(1, string),
  containers: optional(2, set(string)),
  resources: optional(3, map(quantity), { required: true }),
}
export interface NodeAllocatableResourceClaimStatus extends FieldsType<typeof nodeAllocatableResourceClaimStatus> {}
export const NodeAllocatableResourceClaimStatus: MessageSchema<NodeAllocatableResourceClaimStatus> = message(
  'NodeAllocatableResourceClaimStatus',
  nodeAllocatableResourceClaimStatus,
)

const podStatus = {
  observedGeneration: optional(17, int64),
  phase: optional(1, string, { enum: ['Failed', 'Pending', 'Running', 'Succeeded', 'Unknown'] }),
  conditions: optional(2, keyed(PodCondition, ['type'], 'type')),
  message: optional(3, string),
  reason: optional(4, string),
  nominatedNodeName: optional(11, string),
  hostIP: optional(5, string),
  hostIPs: optional(16, list(HostIP, { patch: 'merge', patchKey: 'ip' })),
  podIP: optional(6, string),
  podIPs: optional(12, keyed(PodIP, ['ip'], 'ip')),
  startTime: pointer(7, time),
  initContainerStatuses: optional(10, list(ContainerStatus)),
  containerStatuses: optional(8, list(ContainerStatus)),
  qosClass: optional(9, string, { enum: ['BestEffort', 'Burstable', 'Guaranteed'] }),
  ephemeralContainerStatuses: optional(13, list(ContainerStatus)),
  resize: optional(14, string),
  resourceClaimStatuses: optional(15, keyed(PodResourceClaimStatus, ['name'], 'name', 'merge,retainKeys')),
  extendedResourceClaimStatus: pointer(18, PodExtendedResourceClaimStatus),
  allocatedResources: optional(19, map(quantity)),
  resources: pointer(20, ResourceRequirements),
  nodeAllocatableResourceClaimStatuses: optional(21, list(NodeAllocatableResourceClaimStatus)),
}
export interface PodStatus extends FieldsType<typeof podStatus> {}
export interface PodStatusInit extends FieldsInit<typeof podStatus> {}
export const PodStatus: MessageSchema<PodStatus, PodStatusInit> = message('PodStatus', podStatus)

const pod = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, PodSpec),
  status: embedded(3, PodStatus),
}
export interface Pod extends TypeMeta, FieldsType<typeof pod> {}
export interface PodInit extends TypeMeta, FieldsInit<typeof pod> {}
/** Containers that run together on one node. */
export const Pod: Kind<Pod, PodInit> = kind('Pod', { plural: 'pods', namespaced: true }, pod)
