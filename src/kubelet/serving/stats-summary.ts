import { rfc3339 } from '../../machinery/clock.js'
import type { CgroupUsage } from '../node/cgroup-usage.js'
import type { DiskUsage } from '../node/disk-usage.js'
import type { FilesystemUsage } from '../runtime/cri-messages.js'
import type { NodeUsage } from './usage.js'

/** CPU use is a difference: what was read last, by what it is of. */
export class CpuRates {
  #last = new Map<string, { readonly time: number; readonly total: number; readonly rate: number }>()

  /** Nanocores since the reading before; 0 at first. Readings closer than a second repeat the rate before. */
  rate(key: string, time: number, total: number): number {
    const before = this.#last.get(key)
    if (before && time - before.time < 1000) return before.rate
    const rate = before ? Math.max(0, Math.round(((total - before.total) / (time - before.time)) * 1000)) : 0
    this.#last.set(key, { time, total, rate })
    return rate
  }

  /** Forgets what has not been read since `time`. */
  sweep(time: number): void {
    for (const [key, last] of this.#last) if (last.time < time) this.#last.delete(key)
  }
}

/** `/stats/summary`, as far as this node measures it. */
export function statsSummary(
  nodeName: string,
  { usage, disk, pods, time }: NodeUsage,
  options: {
    readonly rates: CpuRates
    readonly startTime: number
    readonly memoryCapacity: number
    readonly imageFilesystem: FilesystemUsage | undefined
  },
): unknown {
  const { rates, startTime, memoryCapacity, imageFilesystem } = options
  const at = rfc3339(time)
  const cpu = (key: string, total: number) => ({
    time: at,
    usageNanoCores: rates.rate(key, time, total),
    usageCoreNanoSeconds: total,
  })
  const memory = ({ memoryUsage, workingSet, rss, pageFaults, majorPageFaults }: CgroupUsage) => ({
    time: at,
    usageBytes: memoryUsage,
    workingSetBytes: workingSet,
    rssBytes: rss,
    pageFaults,
    majorPageFaults,
  })
  const used = (key: string, found: CgroupUsage | undefined) =>
    found ? { cpu: cpu(key, found.cpuNanoseconds), memory: memory(found) } : {}
  return {
    node: {
      nodeName,
      startTime: rfc3339(startTime),
      ...(usage
        ? {
            cpu: cpu('node', usage.cpuNanoseconds),
            memory: { ...memory(usage), availableBytes: Math.max(0, memoryCapacity - usage.workingSet) },
          }
        : {}),
      fs: filesystem(disk, at),
      runtime: {
        imageFs: {
          ...filesystem(disk, at),
          usedBytes: imageFilesystem?.usedBytes?.value ?? 0,
          inodesUsed: imageFilesystem?.inodesUsed?.value ?? 0,
        },
      },
    },
    pods: pods.map(({ pod, usage: ofPod, containers }) => ({
      podRef: { name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
      startTime: pod.status.startTime,
      containers: containers.map(({ name, id, startedAt, stats, usage: ofContainer }) => ({
        name,
        startTime: rfc3339(startedAt),
        ...used(id, ofContainer),
        rootfs: {
          time: at,
          availableBytes: disk.available,
          capacityBytes: disk.capacity,
          usedBytes: stats?.writableLayer?.usedBytes?.value ?? 0,
          inodesUsed: stats?.writableLayer?.inodesUsed?.value ?? 0,
        },
      })),
      ...used(pod.metadata.uid ?? '', ofPod),
    })),
  }
}

const filesystem = ({ capacity, available, inodes, inodesFree }: DiskUsage, time: string) => ({
  time,
  availableBytes: available,
  capacityBytes: capacity,
  usedBytes: capacity - available,
  inodesFree,
  inodes,
  inodesUsed: inodes - inodesFree,
})
