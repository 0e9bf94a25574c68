import type { FieldsInit, FieldsType, MessageSchema } from '../../../schema/index.js'
import {
  boolean,
  embedded,
  int32,
  int64,
  list,
  map,
  message,
  optional,
  required,
  string,
  uint32,
} from '../../../schema/index.js'
import { ContainerStatus } from './container-status.js'
import { LinuxContainerResources } from './resources.js'
import { LinuxSandboxSecurityContext, NamespaceOption } from './security.js'

export const PodSandboxState = { ready: 0, notReady: 1 } as const
export const Protocol = { tcp: 0, udp: 1, sctp: 2 } as const

const dnsConfig = {
  servers: optional(1, list(string)),
  searches: optional(2, list(string)),
  options: optional(3, list(string)),
}
export interface DNSConfig extends FieldsType<typeof dnsConfig> {}
export interface DNSConfigInit extends FieldsInit<typeof dnsConfig> {}
export const DNSConfig: MessageSchema<DNSConfig, DNSConfigInit> = message('runtime.v1.DNSConfig', dnsConfig)

/** A host port that CNI's portmap plugin shall lead into the pod; `hostPort` 0 asks for none. */
const portMapping = {
  protocol: optional(1, int32),
  containerPort: optional(2, int32),
  hostPort: optional(3, int32),
  hostIp: optional(4, string),
}
export interface PortMapping extends FieldsType<typeof portMapping> {}
export interface PortMappingInit extends FieldsInit<typeof portMapping> {}
export const PortMapping: MessageSchema<PortMapping, PortMappingInit> = message('runtime.v1.PortMapping', portMapping)

const linuxPodSandboxConfig = {
  /** In cgroupfs syntax: a path below every hierarchy's root. */
  cgroupParent: optional(1, string),
  securityContext: optional(2, LinuxSandboxSecurityContext),
  sysctls: optional(3, map(string)),
  overhead: optional(4, LinuxContainerResources),
  resources: optional(5, LinuxContainerResources),
}
export interface LinuxPodSandboxConfig extends FieldsType<typeof linuxPodSandboxConfig> {}
export interface LinuxPodSandboxConfigInit extends FieldsInit<typeof linuxPodSandboxConfig> {}
export const LinuxPodSandboxConfig: MessageSchema<LinuxPodSandboxConfig, LinuxPodSandboxConfigInit> = message(
  'runtime.v1.LinuxPodSandboxConfig',
  linuxPodSandboxConfig,
)

/** Identifies a sandbox: the runtime refuses a second one with the same four values. */
const podSandboxMetadata = {
  name: required(1, string),
  uid: required(2, string),
  namespace: required(3, string),
  attempt: required(4, uint32),
}
export interface PodSandboxMetadata extends FieldsType<typeof podSandboxMetadata> {}
export interface PodSandboxMetadataInit extends FieldsInit<typeof podSandboxMetadata> {}
export const PodSandboxMetadata: MessageSchema<PodSandboxMetadata, PodSandboxMetadataInit> = message(
  'runtime.v1.PodSandboxMetadata',
  podSandboxMetadata,
)

const podSandboxConfig = {
  metadata: optional(1, PodSandboxMetadata),
  /** May be empty only when the pod uses the node's network. */
  hostname: optional(2, string),
  /** Folder on the host below which containers' `logPath` lie. */
  logDirectory: optional(3, string),
  dnsConfig: optional(4, DNSConfig),
  portMappings: optional(5, list(PortMapping)),
  labels: optional(6, map(string)),
  annotations: optional(7, map(string)),
  linux: optional(8, LinuxPodSandboxConfig),
}
export interface PodSandboxConfig extends FieldsType<typeof podSandboxConfig> {}
export interface PodSandboxConfigInit extends FieldsInit<typeof podSandboxConfig> {}
export const PodSandboxConfig: MessageSchema<PodSandboxConfig, PodSandboxConfigInit> = message(
  'runtime.v1.PodSandboxConfig',
  podSandboxConfig,
)

export const RunPodSandboxRequest = message('runtime.v1.RunPodSandboxRequest', {
  config: optional(1, PodSandboxConfig),
  /** Name of a RuntimeClass's handler; empty for the default. */
  runtimeHandler: optional(2, string),
})
export const RunPodSandboxResponse = message('runtime.v1.RunPodSandboxResponse', {
  podSandboxId: required(1, string),
})

export const StopPodSandboxRequest = message('runtime.v1.StopPodSandboxRequest', { podSandboxId: required(1, string) })
export const StopPodSandboxResponse = message('runtime.v1.StopPodSandboxResponse', {})
export const RemovePodSandboxRequest = message('runtime.v1.RemovePodSandboxRequest', {
  podSandboxId: required(1, string),
})
export const RemovePodSandboxResponse = message('runtime.v1.RemovePodSandboxResponse', {})

const podIP = { ip: required(1, string) }
export interface PodIP extends FieldsType<typeof podIP> {}
export interface PodIPInit extends FieldsInit<typeof podIP> {}
export const PodIP: MessageSchema<PodIP, PodIPInit> = message('runtime.v1.PodIP', podIP)

/** Empty for pods on the node's network. */
const podSandboxNetworkStatus = {
  ip: required(1, string),
  additionalIps: embedded(2, list(PodIP)),
}
export interface PodSandboxNetworkStatus extends FieldsType<typeof podSandboxNetworkStatus> {}
export interface PodSandboxNetworkStatusInit extends FieldsInit<typeof podSandboxNetworkStatus> {}
export const PodSandboxNetworkStatus: MessageSchema<PodSandboxNetworkStatus, PodSandboxNetworkStatusInit> = message(
  'runtime.v1.PodSandboxNetworkStatus',
  podSandboxNetworkStatus,
)

const namespace = { options: optional(2, NamespaceOption) }
export interface Namespace extends FieldsType<typeof namespace> {}
export interface NamespaceInit extends FieldsInit<typeof namespace> {}
export const Namespace: MessageSchema<Namespace, NamespaceInit> = message('runtime.v1.Namespace', namespace)

const linuxPodSandboxStatus = {
  namespaces: optional(1, Namespace),
}
export interface LinuxPodSandboxStatus extends FieldsType<typeof linuxPodSandboxStatus> {}
export interface LinuxPodSandboxStatusInit extends FieldsInit<typeof linuxPodSandboxStatus> {}
export const LinuxPodSandboxStatus: MessageSchema<LinuxPodSandboxStatus, LinuxPodSandboxStatusInit> = message(
  'runtime.v1.LinuxPodSandboxStatus',
  linuxPodSandboxStatus,
)

const podSandboxStatus = {
  id: required(1, string),
  metadata: optional(2, PodSandboxMetadata),
  /** A `PodSandboxState`. */
  state: required(3, int32),
  /** Nanoseconds since the epoch. */
  createdAt: required(4, int64),
  network: optional(5, PodSandboxNetworkStatus),
  linux: optional(6, LinuxPodSandboxStatus),
  labels: embedded(7, map(string)),
  annotations: embedded(8, map(string)),
  runtimeHandler: embedded(9, string),
}
export interface PodSandboxStatus extends FieldsType<typeof podSandboxStatus> {}
export interface PodSandboxStatusInit extends FieldsInit<typeof podSandboxStatus> {}
export const PodSandboxStatus: MessageSchema<PodSandboxStatus, PodSandboxStatusInit> = message(
  'runtime.v1.PodSandboxStatus',
  podSandboxStatus,
)

export const PodSandboxStatusRequest = message('runtime.v1.PodSandboxStatusRequest', {
  podSandboxId: required(1, string),
  verbose: optional(2, boolean),
})
const podSandboxStatusResponse = {
  status: optional(1, PodSandboxStatus),
  /** With `verbose`: JSON texts by topic. */
  info: embedded(2, map(string)),
  containersStatuses: embedded(3, list(ContainerStatus)),
  timestamp: embedded(4, int64),
}
export interface PodSandboxStatusResponse extends FieldsType<typeof podSandboxStatusResponse> {}
export interface PodSandboxStatusResponseInit extends FieldsInit<typeof podSandboxStatusResponse> {}
export const PodSandboxStatusResponse: MessageSchema<PodSandboxStatusResponse, PodSandboxStatusResponseInit> = message(
  'runtime.v1.PodSandboxStatusResponse',
  podSandboxStatusResponse,
)

export const PodSandboxStateValue = message('runtime.v1.PodSandboxStateValue', { state: optional(1, int32) })
const podSandboxFilter = {
  id: optional(1, string),
  state: optional(2, PodSandboxStateValue),
  labelSelector: optional(3, map(string)),
}
export interface PodSandboxFilter extends FieldsType<typeof podSandboxFilter> {}
export interface PodSandboxFilterInit extends FieldsInit<typeof podSandboxFilter> {}
export const PodSandboxFilter: MessageSchema<PodSandboxFilter, PodSandboxFilterInit> = message(
  'runtime.v1.PodSandboxFilter',
  podSandboxFilter,
)

export const ListPodSandboxRequest = message('runtime.v1.ListPodSandboxRequest', {
  filter: optional(1, PodSandboxFilter),
})

const podSandbox = {
  id: required(1, string),
  metadata: optional(2, PodSandboxMetadata),
  /** A `PodSandboxState`. */
  state: required(3, int32),
  /** Nanoseconds since the epoch. */
  createdAt: required(4, int64),
  labels: embedded(5, map(string)),
  annotations: embedded(6, map(string)),
  runtimeHandler: embedded(7, string),
}
export interface PodSandbox extends FieldsType<typeof podSandbox> {}
export interface PodSandboxInit extends FieldsInit<typeof podSandbox> {}
export const PodSandbox: MessageSchema<PodSandbox, PodSandboxInit> = message('runtime.v1.PodSandbox', podSandbox)

export const ListPodSandboxResponse = message('runtime.v1.ListPodSandboxResponse', {
  items: embedded(1, list(PodSandbox)),
})

/** `port` is empty: containerd takes the port from the stream. */
export const PortForwardRequest = message('runtime.v1.PortForwardRequest', {
  podSandboxId: required(1, string),
  port: optional(2, list(int32)),
})
export const PortForwardResponse = message('runtime.v1.PortForwardResponse', { url: required(1, string) })
