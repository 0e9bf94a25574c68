import type { FieldsInit, FieldsType, MessageSchema } from '../../../schema/index.js'
import { embedded, list, map, message, optional, required, string } from '../../../schema/index.js'
import { ContainerMetadata } from './container-status.js'
import { FilesystemUsage } from './images.js'
import { PodSandboxMetadata } from './sandboxes.js'
import { CpuUsage, IoUsage, MemoryUsage, NetworkUsage, ProcessUsage, SwapUsage } from './stats-values.js'

const containerAttributes = {
  id: required(1, string),
  metadata: optional(2, ContainerMetadata),
  labels: embedded(3, map(string)),
  annotations: embedded(4, map(string)),
}
export interface ContainerAttributes extends FieldsType<typeof containerAttributes> {}
export interface ContainerAttributesInit extends FieldsInit<typeof containerAttributes> {}
export const ContainerAttributes: MessageSchema<ContainerAttributes, ContainerAttributesInit> = message(
  'runtime.v1.ContainerAttributes',
  containerAttributes,
)

const containerStats = {
  attributes: optional(1, ContainerAttributes),
  cpu: optional(2, CpuUsage),
  memory: optional(3, MemoryUsage),
  writableLayer: optional(4, FilesystemUsage),
  swap: optional(5, SwapUsage),
  io: optional(6, IoUsage),
}
export interface ContainerStats extends FieldsType<typeof containerStats> {}
export interface ContainerStatsInit extends FieldsInit<typeof containerStats> {}
export const ContainerStats: MessageSchema<ContainerStats, ContainerStatsInit> = message(
  'runtime.v1.ContainerStats',
  containerStats,
)

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

const podSandboxAttributes = {
  id: required(1, string),
  metadata: optional(2, PodSandboxMetadata),
  labels: embedded(3, map(string)),
  annotations: embedded(4, map(string)),
}
export interface PodSandboxAttributes extends FieldsType<typeof podSandboxAttributes> {}
export interface PodSandboxAttributesInit extends FieldsInit<typeof podSandboxAttributes> {}
export const PodSandboxAttributes: MessageSchema<PodSandboxAttributes, PodSandboxAttributesInit> = message(
  'runtime.v1.PodSandboxAttributes',
  podSandboxAttributes,
)

const linuxPodSandboxStats = {
  cpu: optional(1, CpuUsage),
  memory: optional(2, MemoryUsage),
  network: optional(3, NetworkUsage),
  process: optional(4, ProcessUsage),
  containers: embedded(5, list(ContainerStats)),
  io: optional(6, IoUsage),
}
export interface LinuxPodSandboxStats extends FieldsType<typeof linuxPodSandboxStats> {}
export interface LinuxPodSandboxStatsInit extends FieldsInit<typeof linuxPodSandboxStats> {}
export const LinuxPodSandboxStats: MessageSchema<LinuxPodSandboxStats, LinuxPodSandboxStatsInit> = message(
  'runtime.v1.LinuxPodSandboxStats',
  linuxPodSandboxStats,
)

const podSandboxStats = {
  attributes: optional(1, PodSandboxAttributes),
  linux: optional(2, LinuxPodSandboxStats),
}
export interface PodSandboxStats extends FieldsType<typeof podSandboxStats> {}
export interface PodSandboxStatsInit extends FieldsInit<typeof podSandboxStats> {}
export const PodSandboxStats: MessageSchema<PodSandboxStats, PodSandboxStatsInit> = message(
  'runtime.v1.PodSandboxStats',
  podSandboxStats,
)

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
