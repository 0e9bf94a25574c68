import type { Infer } from '../../../schema/index.js'
import { int64, list, map, message, optional, string, uint64 } from '../../../schema/index.js'

/** `pageSize` is `2MB` or `1GB`; `limit` is in bytes. */
export const HugepageLimit = message('runtime.v1.HugepageLimit', {
  pageSize: optional(1, string),
  limit: optional(2, uint64),
})
export interface HugepageLimit extends Infer<typeof HugepageLimit> {}

/** What a container may use. Zero means unspecified; memory is in bytes, CPU period and quota in microseconds. */
export const LinuxContainerResources = message('runtime.v1.LinuxContainerResources', {
  cpuPeriod: optional(1, int64),
  cpuQuota: optional(2, int64),
  cpuShares: optional(3, int64),
  memoryLimitInBytes: optional(4, int64),
  oomScoreAdj: optional(5, int64),
  cpusetCpus: optional(6, string),
  cpusetMems: optional(7, string),
  hugepageLimits: optional(8, list(HugepageLimit)),
  /** cgroup v2 files by name, e.g. `memory.high`. */
  unified: optional(9, map(string)),
  memorySwapLimitInBytes: optional(10, int64),
})
export interface LinuxContainerResources extends Infer<typeof LinuxContainerResources> {}

export const ContainerResources = message('runtime.v1.ContainerResources', {
  linux: optional(1, LinuxContainerResources),
})
export interface ContainerResources extends Infer<typeof ContainerResources> {}

export const UpdateContainerResourcesRequest = message('runtime.v1.UpdateContainerResourcesRequest', {
  containerId: optional(1, string),
  linux: optional(2, LinuxContainerResources),
  annotations: optional(4, map(string)),
})
export interface UpdateContainerResourcesRequest extends Infer<typeof UpdateContainerResourcesRequest> {}
export const UpdateContainerResourcesResponse = message('runtime.v1.UpdateContainerResourcesResponse', {})

export const UpdatePodSandboxResourcesRequest = message('runtime.v1.UpdatePodSandboxResourcesRequest', {
  podSandboxId: optional(1, string),
  overhead: optional(2, LinuxContainerResources),
  resources: optional(3, LinuxContainerResources),
})
export interface UpdatePodSandboxResourcesRequest extends Infer<typeof UpdatePodSandboxResourcesRequest> {}
export const UpdatePodSandboxResourcesResponse = message('runtime.v1.UpdatePodSandboxResourcesResponse', {})
