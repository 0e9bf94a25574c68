import type { Infer } from '../../../schema/index.js'
import { double, embedded, int64, list, message, optional, required, string, uint64 } from '../../../schema/index.js'

/** A measure that may be missing, which is not the same as zero. */
export const UInt64Value = message('runtime.v1.UInt64Value', { value: required(1, uint64) })
export interface UInt64Value extends Infer<typeof UInt64Value> {}

/** Pressure of one kind: `total` in nanoseconds, averages in percent over 10, 60 and 300 seconds. */
export const PsiData = message('runtime.v1.PsiData', {
  total: required(1, uint64),
  avg10: required(2, double),
  avg60: required(3, double),
  avg300: required(4, double),
})
export interface PsiData extends Infer<typeof PsiData> {}
export const PsiStats = message('runtime.v1.PsiStats', { full: optional(1, PsiData), some: optional(2, PsiData) })
export interface PsiStats extends Infer<typeof PsiStats> {}

/** `timestamp` is in nanoseconds since the epoch, here and in the messages below. */
export const CpuUsage = message('runtime.v1.CpuUsage', {
  timestamp: required(1, int64),
  usageCoreNanoSeconds: optional(2, UInt64Value),
  usageNanoCores: optional(3, UInt64Value),
  psi: optional(4, PsiStats),
})
export interface CpuUsage extends Infer<typeof CpuUsage> {}

export const MemoryUsage = message('runtime.v1.MemoryUsage', {
  timestamp: required(1, int64),
  workingSetBytes: optional(2, UInt64Value),
  availableBytes: optional(3, UInt64Value),
  usageBytes: optional(4, UInt64Value),
  rssBytes: optional(5, UInt64Value),
  pageFaults: optional(6, UInt64Value),
  majorPageFaults: optional(7, UInt64Value),
  psi: optional(8, PsiStats),
})
export interface MemoryUsage extends Infer<typeof MemoryUsage> {}

export const SwapUsage = message('runtime.v1.SwapUsage', {
  timestamp: required(1, int64),
  swapAvailableBytes: optional(2, UInt64Value),
  swapUsageBytes: optional(3, UInt64Value),
})
export interface SwapUsage extends Infer<typeof SwapUsage> {}

export const IoUsage = message('runtime.v1.IoUsage', { timestamp: required(1, int64), psi: optional(2, PsiStats) })
export interface IoUsage extends Infer<typeof IoUsage> {}

export const ProcessUsage = message('runtime.v1.ProcessUsage', {
  timestamp: required(1, int64),
  processCount: optional(2, UInt64Value),
})
export interface ProcessUsage extends Infer<typeof ProcessUsage> {}

export const NetworkInterfaceUsage = message('runtime.v1.NetworkInterfaceUsage', {
  name: required(1, string),
  rxBytes: optional(2, UInt64Value),
  rxErrors: optional(3, UInt64Value),
  txBytes: optional(4, UInt64Value),
  txErrors: optional(5, UInt64Value),
})
export interface NetworkInterfaceUsage extends Infer<typeof NetworkInterfaceUsage> {}

export const NetworkUsage = message('runtime.v1.NetworkUsage', {
  timestamp: required(1, int64),
  defaultInterface: optional(2, NetworkInterfaceUsage),
  interfaces: embedded(3, list(NetworkInterfaceUsage)),
})
export interface NetworkUsage extends Infer<typeof NetworkUsage> {}
