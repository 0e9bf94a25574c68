import { readdirSync, readFileSync } from 'node:fs'
import type { MetricsRegistry } from './metrics-registry.js'

/** Bytes of a page on Linux machines of today. */
const pageBytes = 4096

/** The metrics `process_*` of this process. What the system does not tell (outside Linux) is left out. */
export function addProcessMetrics(registry: MetricsRegistry): void {
  const gauge = (name: string, help: string) => registry.gauge({ name, help, stability: 'ALPHA' }).with()
  const cpu = registry
    .counter({ name: 'process_cpu_seconds_total', help: 'Processor time used so far, in seconds.' })
    .with()
  const resident = gauge('process_resident_memory_bytes', 'Memory in use, in bytes.')
  const virtual = gauge('process_virtual_memory_bytes', 'Address space in use, in bytes.')
  const started = gauge('process_start_time_seconds', 'When the process was started, in seconds since 1970.')
  const open = gauge('process_open_fds', 'File descriptors that are open.')
  const most = gauge('process_max_fds', 'File descriptors that may be open.')
  const heap = gauge('nodejs_heap_size_used_bytes', 'Heap that is in use, in bytes.')
  started.set(Date.now() / 1000 - process.uptime())
  most.set(Number(/^Max open files\s+(\d+)/m.exec(read('/proc/self/limits') ?? '')?.[1] ?? Number.POSITIVE_INFINITY))
  registry.collect(() => {
    const { user, system } = process.cpuUsage()
    cpu.set((user + system) / 1e6)
    const { rss, heapUsed } = process.memoryUsage()
    resident.set(rss)
    heap.set(heapUsed)
    const pages = read('/proc/self/statm')?.split(' ')[0]
    if (pages) virtual.set(Number(pages) * pageBytes)
    try {
      open.set(readdirSync('/proc/self/fd').length)
    } catch {
      open.set(0)
    }
  })
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
