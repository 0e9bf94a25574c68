import type { FieldsInit, FieldsType, MessageSchema } from '../../../schema/index.js'
import { double, embedded, int64, list, message, optional, required, string, uint64 } from '../../../schema/index.js'

/** A measure that may be missing, which is not the same as zero. */
const uInt64Value = { value: required(1, uint64) }
export interface UInt64Value extends FieldsType<typeof uInt64Value> {}
export interface UInt64ValueInit extends FieldsInit<typeof uInt64Value> {}
export const UInt64Value: MessageSchema<UInt64Value, UInt64ValueInit> = message('runtime.v1.UInt64Value', uInt64Value)

/** Pressure of one kind: `total` in nanoseconds, averages in percent over 10, 60 and 300 seconds. */
const psiData = {
  total: required(1, uint64),
  avg10: required(2, double),
  avg60: required(3, double),
  avg300: required(4, double),
}
export interface PsiData extends FieldsType<typeof psiData> {}
export interface PsiDataInit extends FieldsInit<typeof psiData> {}
export const PsiData: MessageSchema<PsiData, PsiDataInit> = message('runtime.v1.PsiData', psiData)

const psiStats = { full: optional(1, PsiData), some: optional(2, PsiData) }
export interface PsiStats extends FieldsType<typeof psiStats> {}
export interface PsiStatsInit extends FieldsInit<typeof psiStats> {}
export const PsiStats: MessageSchema<PsiStats, PsiStatsInit> = message('runtime.v1.PsiStats', psiStats)

/** `timestamp` is in nanoseconds since the epoch, here and in the messages below. */
const cpuUsage = {
  timestamp: required(1, int64),
  usageCoreNanoSeconds: optional(2, UInt64Value),
  usageNanoCores: optional(3, UInt64Value),
  psi: optional(4, PsiStats),
}
export interface CpuUsage extends FieldsType<typeof cpuUsage> {}
export interface CpuUsageInit extends FieldsInit<typeof cpuUsage> {}
export const CpuUsage: MessageSchema<CpuUsage, CpuUsageInit> = message('runtime.v1.CpuUsage', cpuUsage)

const memoryUsage = {
  timestamp: required(1, int64),
  workingSetBytes: optional(2, UInt64Value),
  availableBytes: optional(3, UInt64Value),
  usageBytes: optional(4, UInt64Value),
  rssBytes: optional(5, UInt64Value),
  pageFaults: optional(6, UInt64Value),
  majorPageFaults: optional(7, UInt64Value),
  psi: optional(8, PsiStats),
}
export interface MemoryUsage extends FieldsType<typeof memoryUsage> {}
export interface MemoryUsageInit extends FieldsInit<typeof memoryUsage> {}
export const MemoryUsage: MessageSchema<MemoryUsage, MemoryUsageInit> = message('runtime.v1.MemoryUsage', memoryUsage)

const swapUsage = {
  timestamp: required(1, int64),
  swapAvailableBytes: optional(2, UInt64Value),
  swapUsageBytes: optional(3, UInt64Value),
}
export interface SwapUsage extends FieldsType<typeof swapUsage> {}
export interface SwapUsageInit extends FieldsInit<typeof swapUsage> {}
export const SwapUsage: MessageSchema<SwapUsage, SwapUsageInit> = message('runtime.v1.SwapUsage', swapUsage)

const ioUsage = { timestamp: required(1, int64), psi: optional(2, PsiStats) }
export interface IoUsage extends FieldsType<typeof ioUsage> {}
export interface IoUsageInit extends FieldsInit<typeof ioUsage> {}
export const IoUsage: MessageSchema<IoUsage, IoUsageInit> = message('runtime.v1.IoUsage', ioUsage)

const processUsage = {
  timestamp: required(1, int64),
  processCount: optional(2, UInt64Value),
}
export interface ProcessUsage extends FieldsType<typeof processUsage> {}
export interface ProcessUsageInit extends FieldsInit<typeof processUsage> {}
export const ProcessUsage: MessageSchema<ProcessUsage, ProcessUsageInit> = message(
  'runtime.v1.ProcessUsage',
  processUsage,
)

const networkInterfaceUsage = {
  name: required(1, string),
  rxBytes: optional(2, UInt64Value),
  rxErrors: optional(3, UInt64Value),
  txBytes: optional(4, UInt64Value),
  txErrors: optional(5, UInt64Value),
}
export interface NetworkInterfaceUsage extends FieldsType<typeof networkInterfaceUsage> {}
export interface NetworkInterfaceUsageInit extends FieldsInit<typeof networkInterfaceUsage> {}
export const NetworkInterfaceUsage: MessageSchema<NetworkInterfaceUsage, NetworkInterfaceUsageInit> = message(
  'runtime.v1.NetworkInterfaceUsage',
  networkInterfaceUsage,
)

const networkUsage = {
  timestamp: required(1, int64),
  defaultInterface: optional(2, NetworkInterfaceUsage),
  interfaces: embedded(3, list(NetworkInterfaceUsage)),
}
export interface NetworkUsage extends FieldsType<typeof networkUsage> {}
export interface NetworkUsageInit extends FieldsInit<typeof networkUsage> {}
export const NetworkUsage: MessageSchema<NetworkUsage, NetworkUsageInit> = message(
  'runtime.v1.NetworkUsage',
  networkUsage,
)
