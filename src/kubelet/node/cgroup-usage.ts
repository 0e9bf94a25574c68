import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CgroupHierarchies } from './cgroup-hierarchies.js'
import { kibibytes } from './machine-facts.js'

/** What a group of processes uses. Bytes, and nanoseconds of CPU time since it began. */
export interface CgroupUsage {
  readonly cpuNanoseconds: number
  readonly memoryUsage: number
  /** What could not be reclaimed without hurting: usage without cold file pages. */
  readonly workingSet: number
  readonly rss: number
  /** File pages in memory, and those that are mapped into processes. */
  readonly cache: number
  readonly mappedFile: number
  readonly swap: number
  readonly pageFaults: number
  readonly majorPageFaults: number
}

const read = (...parts: readonly string[]): Promise<string> => readFile(join(...parts), 'utf8').catch(() => '')

const counter = (text: string, name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)

/** Reads the usage of a group; undefined if there is no such group. */
export async function cgroupUsage(hierarchies: CgroupHierarchies, path: string): Promise<CgroupUsage | undefined> {
  if (path === '/') return machineUsage()
  return hierarchies.version === 2 ? usageV2(hierarchies.root, path) : usageV1(hierarchies.controllers, path)
}

async function usageV1(controllers: ReadonlyMap<string, string>, path: string): Promise<CgroupUsage | undefined> {
  const [memory = '', accounting = ''] = [controllers.get('memory'), controllers.get('cpuacct')]
  const [usage, stat, cpu] = await Promise.all([
    read(memory, path, 'memory.usage_in_bytes'),
    read(memory, path, 'memory.stat'),
    read(accounting, path, 'cpuacct.usage'),
  ])
  if (!usage) return undefined
  const memoryUsage = Number(usage)
  return {
    cpuNanoseconds: Number(cpu),
    memoryUsage,
    workingSet: Math.max(0, memoryUsage - counter(stat, 'total_inactive_file')),
    rss: counter(stat, 'total_rss'),
    cache: counter(stat, 'total_cache'),
    mappedFile: counter(stat, 'total_mapped_file'),
    swap: counter(stat, 'total_swap'),
    pageFaults: counter(stat, 'total_pgfault'),
    majorPageFaults: counter(stat, 'total_pgmajfault'),
  }
}

async function usageV2(root: string, path: string): Promise<CgroupUsage | undefined> {
  const [usage, stat, cpu, swap] = await Promise.all([
    read(root, path, 'memory.current'),
    read(root, path, 'memory.stat'),
    read(root, path, 'cpu.stat'),
    read(root, path, 'memory.swap.current'),
  ])
  if (!usage) return undefined
  const memoryUsage = Number(usage)
  return {
    cpuNanoseconds: counter(cpu, 'usage_usec') * 1000,
    memoryUsage,
    workingSet: Math.max(0, memoryUsage - counter(stat, 'inactive_file')),
    rss: counter(stat, 'anon'),
    cache: counter(stat, 'file'),
    mappedFile: counter(stat, 'file_mapped'),
    swap: Number(swap),
    pageFaults: counter(stat, 'pgfault'),
    majorPageFaults: counter(stat, 'pgmajfault'),
  }
}

/** Ticks of /proc/stat in a second. */
const ticks = 100

/** The whole machine, from where the kernel always tells it. */
async function machineUsage(): Promise<CgroupUsage> {
  const [memory, stat, vmstat] = await Promise.all([read('/proc/meminfo'), read('/proc/stat'), read('/proc/vmstat')])
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (/^cpu\s+(.*)$/m.exec(stat)?.[1] ?? '')
    .split(' ')
    .map(Number)
  const memoryUsage = kibibytes(memory, 'MemTotal') - kibibytes(memory, 'MemFree')
  return {
    cpuNanoseconds: ((user + nice + system + irq + softirq) * 1e9) / ticks,
    memoryUsage,
    workingSet: Math.max(0, kibibytes(memory, 'MemTotal') - kibibytes(memory, 'MemAvailable')),
    rss: kibibytes(memory, 'AnonPages'),
    cache: kibibytes(memory, 'Cached'),
    mappedFile: kibibytes(memory, 'Mapped'),
    swap: kibibytes(memory, 'SwapTotal') - kibibytes(memory, 'SwapFree'),
    pageFaults: counter(vmstat, 'pgfault'),
    majorPageFaults: counter(vmstat, 'pgmajfault'),
  }
}
