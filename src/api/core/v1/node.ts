import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
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
import { kind, message } from './declare.js'

const taint = {
  key: required(1, string),
  value: optional(2, string),
  effect: required(3, string, { enum: ['NoExecute', 'NoSchedule', 'PreferNoSchedule'] }),
  timeAdded: pointer(4, time),
}
export interface Taint extends FieldsType<typeof taint> {}
export const Taint: MessageSchema<Taint> = message('Taint', taint)

const configMapNodeConfigSource = {
  namespace: required(1, string),
  name: required(2, string),
  uid: optional(3, string),
  resourceVersion: optional(4, string),
  kubeletConfigKey: required(5, string),
}
export interface ConfigMapNodeConfigSource extends FieldsType<typeof configMapNodeConfigSource> {}
export const ConfigMapNodeConfigSource: MessageSchema<ConfigMapNodeConfigSource> = message(
  'ConfigMapNodeConfigSource',
  configMapNodeConfigSource,
)

const nodeConfigSource = { configMap: pointer(2, ConfigMapNodeConfigSource) }
export interface NodeConfigSource extends FieldsType<typeof nodeConfigSource> {}
export const NodeConfigSource: MessageSchema<NodeConfigSource> = message('NodeConfigSource', nodeConfigSource)

const nodeSpec = {
  podCIDR: optional(1, string),
  podCIDRs: optional(7, set(string, 'merge')),
  providerID: optional(3, string),
  unschedulable: optional(4, boolean),
  taints: optional(5, list(Taint)),
  configSource: pointer(6, NodeConfigSource),
  externalID: optional(2, string),
}
export interface NodeSpec extends FieldsType<typeof nodeSpec> {}
export const NodeSpec: MessageSchema<NodeSpec> = message('NodeSpec', nodeSpec)

const nodeCondition = {
  type: required(1, string),
  status: required(2, string),
  lastHeartbeatTime: nullable(3, time),
  lastTransitionTime: nullable(4, time),
  reason: optional(5, string),
  message: optional(6, string),
}
export interface NodeCondition extends FieldsType<typeof nodeCondition> {}
export const NodeCondition: MessageSchema<NodeCondition> = message('NodeCondition', nodeCondition)

const nodeAddress = {
  type: required(1, string),
  address: required(2, string),
}
export interface NodeAddress extends FieldsType<typeof nodeAddress> {}
export const NodeAddress: MessageSchema<NodeAddress> = message('NodeAddress', nodeAddress)

const daemonEndpoint = { Port: required(1, int32) }
export interface DaemonEndpoint extends FieldsType<typeof daemonEndpoint> {}
export const DaemonEndpoint: MessageSchema<DaemonEndpoint> = message('DaemonEndpoint', daemonEndpoint)

const nodeDaemonEndpoints = { kubeletEndpoint: embedded(1, DaemonEndpoint) }
export interface NodeDaemonEndpoints extends FieldsType<typeof nodeDaemonEndpoints> {}
export interface NodeDaemonEndpointsInit extends FieldsInit<typeof nodeDaemonEndpoints> {}
export const NodeDaemonEndpoints: MessageSchema<NodeDaemonEndpoints, NodeDaemonEndpointsInit> = message(
  'NodeDaemonEndpoints',
  nodeDaemonEndpoints,
)

const nodeSwapStatus = { capacity: pointer(1, int64) }
export interface NodeSwapStatus extends FieldsType<typeof nodeSwapStatus> {}
export const NodeSwapStatus: MessageSchema<NodeSwapStatus> = message('NodeSwapStatus', nodeSwapStatus)

const nodeSystemInfo = {
  machineID: required(1, string),
  systemUUID: required(2, string),
  bootID: required(3, string),
  kernelVersion: required(4, string),
  osImage: required(5, string),
  containerRuntimeVersion: required(6, string),
  kubeletVersion: required(7, string),
  kubeProxyVersion: required(8, string),
  operatingSystem: required(9, string),
  architecture: required(10, string),
  swap: pointer(11, NodeSwapStatus),
}
export interface NodeSystemInfo extends FieldsType<typeof nodeSystemInfo> {}
export const NodeSystemInfo: MessageSchema<NodeSystemInfo> = message('NodeSystemInfo', nodeSystemInfo)

const containerImage = {
  names: embedded(1, list(string)),
  sizeBytes: optional(2, int64),
}
export interface ContainerImage extends FieldsType<typeof containerImage> {}
export interface ContainerImageInit extends FieldsInit<typeof containerImage> {}
export const ContainerImage: MessageSchema<ContainerImage, ContainerImageInit> = message(
  'ContainerImage',
  containerImage,
)

const attachedVolume = {
  name: required(1, string),
  devicePath: required(2, string),
}
export interface AttachedVolume extends FieldsType<typeof attachedVolume> {}
export const AttachedVolume: MessageSchema<AttachedVolume> = message('AttachedVolume', attachedVolume)

const nodeConfigStatus = {
  assigned: pointer(1, NodeConfigSource),
  active: pointer(2, NodeConfigSource),
  lastKnownGood: pointer(3, NodeConfigSource),
  error: optional(4, string),
}
export interface NodeConfigStatus extends FieldsType<typeof nodeConfigStatus> {}
export const NodeConfigStatus: MessageSchema<NodeConfigStatus> = message('NodeConfigStatus', nodeConfigStatus)

const nodeRuntimeHandlerFeatures = {
  recursiveReadOnlyMounts: pointer(1, boolean),
  userNamespaces: pointer(2, boolean),
}
export interface NodeRuntimeHandlerFeatures extends FieldsType<typeof nodeRuntimeHandlerFeatures> {}
export const NodeRuntimeHandlerFeatures: MessageSchema<NodeRuntimeHandlerFeatures> = message(
  'NodeRuntimeHandlerFeatures',
  nodeRuntimeHandlerFeatures,
)

const nodeRuntimeHandler = {
  name: embedded(1, string),
  features: pointer(2, NodeRuntimeHandlerFeatures),
}
export interface NodeRuntimeHandler extends FieldsType<typeof nodeRuntimeHandler> {}
export interface NodeRuntimeHandlerInit extends FieldsInit<typeof nodeRuntimeHandler> {}
export const NodeRuntimeHandler: MessageSchema<NodeRuntimeHandler, NodeRuntimeHandlerInit> = message(
  'NodeRuntimeHandler',
  nodeRuntimeHandler,
)

const nodeFeatures = { supplementalGroupsPolicy: pointer(1, boolean) }
export interface NodeFeatures extends FieldsType<typeof nodeFeatures> {}
export const NodeFeatures: MessageSchema<NodeFeatures> = message('NodeFeatures', nodeFeatures)

const nodeStatus = {
  capacity: optional(1, map(quantity)),
  allocatable: optional(2, map(quantity)),
  phase: optional(3, string, { enum: ['Pending', 'Running', 'Terminated'] }),
  conditions: optional(4, keyed(NodeCondition, ['type'], 'type')),
  addresses: optional(5, keyed(NodeAddress, ['type'], 'type')),
  daemonEndpoints: embedded(6, NodeDaemonEndpoints),
  nodeInfo: embedded(7, NodeSystemInfo),
  images: optional(8, list(ContainerImage)),
  volumesInUse: optional(9, list(string)),
  volumesAttached: optional(10, list(AttachedVolume)),
  config: pointer(11, NodeConfigStatus),
  runtimeHandlers: optional(12, list(NodeRuntimeHandler)),
  features: pointer(13, NodeFeatures),
  declaredFeatures: optional(14, list(string)),
}
export interface NodeStatus extends FieldsType<typeof nodeStatus> {}
export interface NodeStatusInit extends FieldsInit<typeof nodeStatus> {}
export const NodeStatus: MessageSchema<NodeStatus, NodeStatusInit> = message('NodeStatus', nodeStatus)

const node = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, NodeSpec),
  status: embedded(3, NodeStatus),
}
export interface Node extends TypeMeta, FieldsType<typeof node> {}
export interface NodeInit extends TypeMeta, FieldsInit<typeof node> {}
/** A worker machine of the cluster. */
export const Node: Kind<Node, NodeInit> = kind('Node', { plural: 'nodes', namespaced: false }, node)
