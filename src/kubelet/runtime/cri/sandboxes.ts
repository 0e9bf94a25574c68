import type { Infer } from '../../../schema/index.js'
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

export const DNSConfig = message('runtime.v1.DNSConfig', {
  servers: optional(1, list(string)),
  searches: optional(2, list(string)),
  options: optional(3, list(string)),
})
export interface DNSConfig extends Infer<typeof DNSConfig> {}

/** A host port that CNI's portmap plugin shall lead into the pod; `hostPort` 0 asks for none. */
export const PortMapping = message('runtime.v1.PortMapping', {
  protocol: optional(1, int32),
  containerPort: optional(2, int32),
  hostPort: optional(3, int32),
  hostIp: optional(4, string),
})
export interface PortMapping extends Infer<typeof PortMapping> {}

export const LinuxPodSandboxConfig = message('runtime.v1.LinuxPodSandboxConfig', {
  /** In cgroupfs syntax: a path below every hierarchy's root. */
  cgroupParent: optional(1, string),
  securityContext: optional(2, LinuxSandboxSecurityContext),
  sysctls: optional(3, map(string)),
  overhead: optional(4, LinuxContainerResources),
  resources: optional(5, LinuxContainerResources),
})
export interface LinuxPodSandboxConfig extends Infer<typeof LinuxPodSandboxConfig> {}

/** Identifies a sandbox: the runtime refuses a second one with the same four values. */
export const PodSandboxMetadata = message('runtime.v1.PodSandboxMetadata', {
  name: required(1, string),
  uid: required(2, string),
  namespace: required(3, string),
  attempt: required(4, uint32),
})
export interface PodSandboxMetadata extends Infer<typeof PodSandboxMetadata> {}

export const PodSandboxConfig = message('runtime.v1.PodSandboxConfig', {
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
})
export interface PodSandboxConfig extends Infer<typeof PodSandboxConfig> {}

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

export const PodIP = message('runtime.v1.PodIP', { ip: required(1, string) })
export interface PodIP extends Infer<typeof PodIP> {}

/** Empty for pods on the node's network. */
export const PodSandboxNetworkStatus = message('runtime.v1.PodSandboxNetworkStatus', {
  ip: required(1, string),
  additionalIps: embedded(2, list(PodIP)),
})
export interface PodSandboxNetworkStatus extends Infer<typeof PodSandboxNetworkStatus> {}

export const Namespace = message('runtime.v1.Namespace', { options: optional(2, NamespaceOption) })
export interface Namespace extends Infer<typeof Namespace> {}
export const LinuxPodSandboxStatus = message('runtime.v1.LinuxPodSandboxStatus', {
  namespaces: optional(1, Namespace),
})
export interface LinuxPodSandboxStatus extends Infer<typeof LinuxPodSandboxStatus> {}

export const PodSandboxStatus = message('runtime.v1.PodSandboxStatus', {
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
})
export interface PodSandboxStatus extends Infer<typeof PodSandboxStatus> {}

export const PodSandboxStatusRequest = message('runtime.v1.PodSandboxStatusRequest', {
  podSandboxId: required(1, string),
  verbose: optional(2, boolean),
})
export const PodSandboxStatusResponse = message('runtime.v1.PodSandboxStatusResponse', {
  status: optional(1, PodSandboxStatus),
  /** With `verbose`: JSON texts by topic. */
  info: embedded(2, map(string)),
  containersStatuses: embedded(3, list(ContainerStatus)),
  timestamp: embedded(4, int64),
})
export interface PodSandboxStatusResponse extends Infer<typeof PodSandboxStatusResponse> {}

export const PodSandboxStateValue = message('runtime.v1.PodSandboxStateValue', { state: optional(1, int32) })
export const PodSandboxFilter = message('runtime.v1.PodSandboxFilter', {
  id: optional(1, string),
  state: optional(2, PodSandboxStateValue),
  labelSelector: optional(3, map(string)),
})
export interface PodSandboxFilter extends Infer<typeof PodSandboxFilter> {}
export const ListPodSandboxRequest = message('runtime.v1.ListPodSandboxRequest', {
  filter: optional(1, PodSandboxFilter),
})

export const PodSandbox = message('runtime.v1.PodSandbox', {
  id: required(1, string),
  metadata: optional(2, PodSandboxMetadata),
  /** A `PodSandboxState`. */
  state: required(3, int32),
  /** Nanoseconds since the epoch. */
  createdAt: required(4, int64),
  labels: embedded(5, map(string)),
  annotations: embedded(6, map(string)),
  runtimeHandler: embedded(7, string),
})
export interface PodSandbox extends Infer<typeof PodSandbox> {}
export const ListPodSandboxResponse = message('runtime.v1.ListPodSandboxResponse', {
  items: embedded(1, list(PodSandbox)),
})

/** `port` is empty: containerd takes the port from the stream. */
export const PortForwardRequest = message('runtime.v1.PortForwardRequest', {
  podSandboxId: required(1, string),
  port: optional(2, list(int32)),
})
export const PortForwardResponse = message('runtime.v1.PortForwardResponse', { url: required(1, string) })
