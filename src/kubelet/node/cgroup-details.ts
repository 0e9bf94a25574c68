import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CgroupHierarchies } from './cgroup-hierarchies.js'

/** What is known of a group of processes beyond what it uses. */
export interface CgroupDetails {
  readonly processes: readonly number[]
  readonly threads: number
  /** Nanoseconds of CPU time in programs, and in the kernel. */
  readonly user: number
  readonly system: number
  /** How often the CPU quota was counted, how often it was used up, and for how many nanoseconds that stopped the group. */
  readonly periods: number
  readonly throttledPeriods: number
  readonly throttledNanoseconds: number
  /** Of 1024 a core. */
  readonly cpuShares: number
  /** Microseconds; no quota if there is no limit. */
  readonly cpuPeriod: number
  readonly cpuQuota?: number
  /** Bytes; absent if there is no limit. */
  readonly memoryLimit?: number
  /** Bytes and operations on block devices. */
  readonly read: IoCount
  readonly written: IoCount
}

export interface IoCount {
  readonly bytes: number
  readonly operations: number
}

/** Looks at a group; one that is not there has no processes. */
export const cgroupDetails = (hierarchies: CgroupHierarchies, path: string): Promise<CgroupDetails> =>
  hierarchies.version === 2 ? detailsV2(hierarchies.root, path) : detailsV1(hierarchies.controllers, path)

const defaultPeriod = 100_000
/** Ticks of cpuacct.stat in a second. */
const ticks = 100

async function detailsV1(controllers: ReadonlyMap<string, string>, path: string): Promise<CgroupDetails> {
  const read = readerOf((controller: string) => controllers.get(controller), path)
  const [procs, threads, times, stat, shares, period, quota, limit, bytes, operations] = await Promise.all([
    read('memory', 'cgroup.procs'),
    read('pids', 'pids.current'),
    read('cpuacct', 'cpuacct.stat'),
    read('cpu', 'cpu.stat'),
    read('cpu', 'cpu.shares'),
    read('cpu', 'cpu.cfs_period_us'),
    read('cpu', 'cpu.cfs_quota_us'),
    read('memory', 'memory.limit_in_bytes'),
    read('blkio', 'blkio.throttle.io_service_bytes'),
    read('blkio', 'blkio.throttle.io_serviced'),
  ])
  const io = (operation: string): IoCount => ({
    bytes: sumOf(bytes, `^\\S+ ${operation} (\\d+)$`),
    operations: sumOf(operations, `^\\S+ ${operation} (\\d+)$`),
  })
  return {
    processes: numbers(procs),
    threads: Number(threads),
    user: (counterOf(times, 'user') * 1e9) / ticks,
    system: (counterOf(times, 'system') * 1e9) / ticks,
    periods: counterOf(stat, 'nr_periods'),
    throttledPeriods: counterOf(stat, 'nr_throttled'),
    throttledNanoseconds: counterOf(stat, 'throttled_time'),
    cpuShares: Number(shares),
    cpuPeriod: Number(period) || defaultPeriod,
    ...(Number(quota) > 0 ? { cpuQuota: Number(quota) } : {}),
    // No limit is written as the largest number there is.
    ...(Number(limit) > 0 && Number(limit) < 2 ** 60 ? { memoryLimit: Number(limit) } : {}),
    read: io('Read'),
    written: io('Write'),
  }
}

async function detailsV2(root: string, path: string): Promise<CgroupDetails> {
  const read = readerOf(() => root, path)
  const [procs, threads, stat, weight, max, limit, io] = await Promise.all(
    ['cgroup.procs', 'pids.current', 'cpu.stat', 'cpu.weight', 'cpu.max', 'memory.max', 'io.stat'].map(file =>
      read('', file),
    ),
  )
  const [quota = '', period = ''] = (max ?? '').trim().split(' ')
  const count = (letter: string): IoCount => ({
    bytes: sumOf(io ?? '', `\\b${letter}bytes=(\\d+)`),
    operations: sumOf(io ?? '', `\\b${letter}ios=(\\d+)`),
  })
  return {
    processes: numbers(procs ?? ''),
    threads: Number(threads),
    user: counterOf(stat ?? '', 'user_usec') * 1000,
    system: counterOf(stat ?? '', 'system_usec') * 1000,
    periods: counterOf(stat ?? '', 'nr_periods'),
    throttledPeriods: counterOf(stat ?? '', 'nr_throttled'),
    throttledNanoseconds: counterOf(stat ?? '', 'throttled_usec') * 1000,
    cpuShares: sharesOf(Number(weight)),
    cpuPeriod: Number(period) || defaultPeriod,
    ...(Number(quota) > 0 ? { cpuQuota: Number(quota) } : {}),
    ...(Number(limit) > 0 ? { memoryLimit: Number(limit) } : {}),
    read: count('r'),
    written: count('w'),
  }
}

const readerOf = (mountOf: (controller: string) => string | undefined, path: string) => {
  return async (controller: string, file: string): Promise<string> => {
    const mount = mountOf(controller)
    return mount === undefined ? '' : readFile(join(mount, path, file), 'utf8').catch(() => '')
  }
}

const numbers = (text: string): number[] => text.split('\n').filter(Boolean).map(Number)
const counterOf = (text: string, name: string): number => sumOf(text, `^${name} (\\d+)$`)
const sumOf = (text: string, pattern: string): number => {
  let sum = 0
  for (const [, value] of text.matchAll(new RegExp(pattern, 'gm'))) sum += Number(value)
  return sum
}

/** v2 counts weights of 1 to 10,000 where v1 has shares of 2 to 262,144. */
const sharesOf = (weight: number): number => (weight > 0 ? 2 + Math.round(((weight - 1) * 262_142) / 9999) : 0)
