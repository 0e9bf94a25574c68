import type { FieldsInit, FieldsType, MessageSchema } from '../../../schema/index.js'
import { int64, list, map, message, optional, string, uint64 } from '../../../schema/index.js'

/** `pageSize` is `2MB` or `1GB`; `limit` is in bytes. */
const hugepageLimit = {
  pageSize: optional(1, string),
  limit: optional(2, uint64),
}
export interface HugepageLimit extends FieldsType<typeof hugepageLimit> {}
export interface HugepageLimitInit extends FieldsInit<typeof hugepageLimit> {}
export const HugepageLimit: MessageSchema<HugepageLimit, HugepageLimitInit> = message(
  'runtime.v1.HugepageLimit',
  hugepageLimit,
)

/** What a container may use. Zero means unspecified; memory is in bytes, CPU period and quota in microseconds. */
const linuxContainerResources = {
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
}
export interface LinuxContainerResources extends FieldsType<typeof linuxContainerResources> {}
export interface LinuxContainerResourcesInit extends FieldsInit<typeof linuxContainerResources> {}
export const LinuxContainerResources: MessageSchema<LinuxContainerResources, LinuxContainerResourcesInit> = message(
  'runtime.v1.LinuxContainerResources',
  linuxContainerResources,
)

const containerResources = {
  linux: optional(1, LinuxContainerResources),
}
export interface ContainerResources extends FieldsType<typeof containerResources> {}
export interface ContainerResourcesInit extends FieldsInit<typeof containerResources> {}
export const ContainerResources: MessageSchema<ContainerResources, ContainerResourcesInit> = message(
  'runtime.v1.ContainerResources',
  containerResources,
)

const updateContainerResourcesRequest = {
  containerId: optional(1, string),
  linux: optional(2, LinuxContainerResources),
  annotations: optional(4, map(string)),
}
export interface UpdateContainerResourcesRequest extends FieldsType<typeof updateContainerResourcesRequest> {}
export interface UpdateContainerResourcesRequestInit extends FieldsInit<typeof updateContainerResourcesRequest> {}
export const UpdateContainerResourcesRequest: MessageSchema<
  UpdateContainerResourcesRequest,
  UpdateContainerResourcesRequestInit
> = message('runtime.v1.UpdateContainerResourcesRequest', updateContainerResourcesRequest)

export const UpdateContainerResourcesResponse = message('runtime.v1.UpdateContainerResourcesResponse', {})

const updatePodSandboxResourcesRequest = {
  podSandboxId: optional(1, string),
  overhead: optional(2, LinuxContainerResources),
  resources: optional(3, LinuxContainerResources),
}
export interface UpdatePodSandboxResourcesRequest extends FieldsType<typeof updatePodSandboxResourcesRequest> {}
export interface UpdatePodSandboxResourcesRequestInit extends FieldsInit<typeof updatePodSandboxResourcesRequest> {}
export const UpdatePodSandboxResourcesRequest: MessageSchema<
  UpdatePodSandboxResourcesRequest,
  UpdatePodSandboxResourcesRequestInit
> = message('runtime.v1.UpdatePodSandboxResourcesRequest', updatePodSandboxResourcesRequest)

export const UpdatePodSandboxResourcesResponse = message('runtime.v1.UpdatePodSandboxResourcesResponse', {})
