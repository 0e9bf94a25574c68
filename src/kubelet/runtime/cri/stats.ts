import type { Infer } from '../../../schema/index.js'
import { embedded, list, map, message, optional, required, string } from '../../../schema/index.js'
import { ContainerMetadata } from './container-status.js'
import { FilesystemUsage } from './images.js'
import { PodSandboxMetadata } from './sandboxes.js'
import { CpuUsage, IoUsage, MemoryUsage, NetworkUsage, ProcessUsage, SwapUsage } from './stats-values.js'

export const ContainerAttributes = message('runtime.v1.ContainerAttributes', {
  id: required(1, string),
  metadata: optional(2, ContainerMetadata),
  labels: embedded(3, map(string)),
  annotations: embedded(4, map(string)),
})
export interface ContainerAttributes extends Infer<typeof ContainerAttributes> {}

export const ContainerStats = message('runtime.v1.ContainerStats', {
  attributes: optional(1, ContainerAttributes),
  cpu: optional(2, CpuUsage),
  memory: optional(3, MemoryUsage),
  writableLayer: optional(4, FilesystemUsage),
  swap: optional(5, SwapUsage),
  io: optional(6, IoUsage),
})
export interface ContainerStats extends Infer<typeof ContainerStats> {}

export const ContainerStatsRequest = message('runtime.v1.ContainerStatsRequest', { containerId: required(1, string) })
export const ContainerStatsResponse = message('runtime.v1.ContainerStatsResponse', {
  stats: optional(1, ContainerStats),
})
export const ContainerStatsFilter = message('runtime.v1.ContainerStatsFilter', {
  id: optional(1, string),
  podSandboxId: optional(2, string),
  labelSelector: optional(3, map(string)),
})
export const ListContainerStatsRequest = message('runtime.v1.ListContainerStatsRequest', {
  filter: optional(1, ContainerStatsFilter),
})
export const ListContainerStatsResponse = message('runtime.v1.ListContainerStatsResponse', {
  stats: embedded(1, list(ContainerStats)),
})

export const PodSandboxAttributes = message('runtime.v1.PodSandboxAttributes', {
  id: required(1, string),
  metadata: optional(2, PodSandboxMetadata),
  labels: embedded(3, map(string)),
  annotations: embedded(4, map(string)),
})
export interface PodSandboxAttributes extends Infer<typeof PodSandboxAttributes> {}

export const LinuxPodSandboxStats = message('runtime.v1.LinuxPodSandboxStats', {
  cpu: optional(1, CpuUsage),
  memory: optional(2, MemoryUsage),
  network: optional(3, NetworkUsage),
  process: optional(4, ProcessUsage),
  containers: embedded(5, list(ContainerStats)),
  io: optional(6, IoUsage),
})
export interface LinuxPodSandboxStats extends Infer<typeof LinuxPodSandboxStats> {}

export const PodSandboxStats = message('runtime.v1.PodSandboxStats', {
  attributes: optional(1, PodSandboxAttributes),
  linux: optional(2, LinuxPodSandboxStats),
})
export interface PodSandboxStats extends Infer<typeof PodSandboxStats> {}

export const PodSandboxStatsRequest = message('runtime.v1.PodSandboxStatsRequest', {
  podSandboxId: required(1, string),
})
export const PodSandboxStatsResponse = message('runtime.v1.PodSandboxStatsResponse', {
  stats: optional(1, PodSandboxStats),
})
export const PodSandboxStatsFilter = message('runtime.v1.PodSandboxStatsFilter', {
  id: optional(1, string),
  labelSelector: optional(2, map(string)),
})
export const ListPodSandboxStatsRequest = message('runtime.v1.ListPodSandboxStatsRequest', {
  filter: optional(1, PodSandboxStatsFilter),
})
export const ListPodSandboxStatsResponse = message('runtime.v1.ListPodSandboxStatsResponse', {
  stats: embedded(1, list(PodSandboxStats)),
})
