import type { Pod } from '../../api/core/v1/index.js'
import { rfc3339 } from '../../machinery/clock.js'
import type { CgroupUsage } from '../node/cgroup-usage.js'
import type { DiskUsage } from '../node/disk-usage.js'
import type { FolderUsage } from '../node/folder-usage.js'
import type { InterfaceUsage } from '../node/network-usage.js'
import type { FilesystemUsage } from '../runtime/cri-messages.js'
import type { SystemContainer } from './system-containers.js'
import type { NodeUsage } from './usage.js'
import type { ContainerDetails, NodeDetails, PodDetails } from './usage-details.js'

const nodeKey = 'node'

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

  /** Takes in what a node and its pods have used by now. */
  note({ usage, pods, time }: NodeUsage): void {
    if (usage) this.rate(nodeKey, time, usage.cpuNanoseconds)
    for (const { pod, usage, containers } of pods) {
      if (usage) this.rate(pod.metadata.uid ?? '', time, usage.cpuNanoseconds)
      for (const { id, usage } of containers) if (usage) this.rate(id, time, usage.cpuNanoseconds)
    }
  }

  /** Forgets what has not been read since `time`. */
  sweep(time: number): void {
    for (const [key, last] of this.#last) if (last.time < time) this.#last.delete(key)
  }
}

export interface BriefSummaryOptions {
  readonly rates: CpuRates
  /** When the node agent began, in milliseconds since the epoch. */
  readonly startTime: number
  /** Bytes. */
  readonly memoryCapacity: number
  readonly systemContainers: readonly SystemContainer[]
}

export interface SummaryOptions extends BriefSummaryOptions {
  /** Bytes. */
  readonly swapCapacity: number
  readonly imageFilesystem: FilesystemUsage | undefined
}

/** `/stats/summary?only_cpu_and_memory=true`. */
export function briefSummary(nodeName: string, measured: NodeUsage, options: BriefSummaryOptions): unknown {
  const figures = new Figures(options.rates, measured.time)
  return {
    node: nodeSummary(figures, nodeName, measured, options),
    pods: measured.pods.map(({ pod, usage, containers }) => ({
      ...podIdentity(pod),
      containers: containers.map(({ name, id, startedAt, usage }) => ({
        name,
        startTime: rfc3339(startedAt),
        ...(usage ? figures.used(id, usage, undefined) : {}),
      })),
      ...(usage ? figures.used(pod.metadata.uid ?? '', usage, undefined) : {}),
    })),
  }
}

function nodeSummary(
  figures: Figures,
  nodeName: string,
  { usage }: Pick<NodeUsage, 'usage'>,
  { startTime, memoryCapacity, systemContainers }: BriefSummaryOptions,
): object {
  return {
    nodeName,
    systemContainers: systemContainers.map(({ name, startedAt, usage }) => ({
      name,
      startTime: rfc3339(startedAt),
      ...figures.used(`system/${name}`, usage, undefined),
    })),
    startTime: rfc3339(startTime),
    ...(usage ? figures.used(nodeKey, usage, memoryCapacity) : {}),
  }
}

const podIdentity = ({ metadata: { name, namespace, uid }, status }: Pod) => ({
  podRef: { name, namespace, uid },
  startTime: status.startTime,
})

/** `/stats/summary`: https://kubernetes.io/docs/reference/instrumentation/node-metrics/#summary-api-source */
export function statsSummary(nodeName: string, measured: NodeDetails, options: SummaryOptions): unknown {
  const { usage, disk, network, processes, pods, time } = measured
  const { swapCapacity, imageFilesystem } = options
  const figures = new Figures(options.rates, time)
  const images = {
    bytes: imageFilesystem?.usedBytes?.value ?? 0,
    inodes: imageFilesystem?.inodesUsed?.value ?? 0,
  }
  const imageFs = figures.filesystem(disk, images)
  return {
    node: {
      ...nodeSummary(figures, nodeName, measured, options),
      ...figures.network(network),
      fs: figures.filesystem(disk),
      runtime: { imageFs, containerFs: imageFs },
      rlimit: { time: figures.at, maxpid: processes.most, curproc: processes.running },
      swap: {
        time: figures.at,
        swapAvailableBytes: Math.max(0, swapCapacity - (usage?.swap ?? 0)),
        swapUsageBytes: usage?.swap ?? 0,
      },
    },
    pods: pods.map(pod => podSummary(figures, pod, disk)),
  }
}

function podSummary(figures: Figures, measured: PodDetails, disk: DiskUsage): object {
  const { pod, usage, details, containers, volumes, network } = measured
  const ephemeral = ephemeralVolumes(pod)
  const onDisk = [
    ...containers.flatMap(({ written, logs }) => [written, logs]),
    ...volumes.filter(({ name }) => ephemeral.has(name)).flatMap(({ used }) => used ?? []),
  ]
  return {
    ...podIdentity(pod),
    containers: containers.map(container => containerSummary(figures, container, disk)),
    ...(usage ? figures.used(pod.metadata.uid ?? '', usage, details.memoryLimit) : {}),
    ...figures.network(network),
    ...(volumes.length > 0
      ? {
          volume: volumes.map(({ name, claim, used, disk }) => ({
            ...figures.filesystem(disk, used),
            name,
            ...(claim ? { pvcRef: { name: claim, namespace: pod.metadata.namespace } } : {}),
          })),
        }
      : {}),
    'ephemeral-storage': figures.filesystem(disk, sumOf(onDisk)),
    process_stats: { process_count: containers.reduce((sum, { details }) => sum + details.processes.length, 0) },
    ...(usage ? { swap: { time: figures.at, swapUsageBytes: usage.swap } } : {}),
  }
}

function containerSummary(figures: Figures, container: ContainerDetails, disk: DiskUsage): object {
  const { name, id, startedAt, usage, details, written, logs } = container
  return {
    name,
    startTime: rfc3339(startedAt),
    ...(usage ? figures.used(id, usage, details.memoryLimit) : {}),
    rootfs: figures.filesystem(disk, written),
    logs: figures.filesystem(disk, logs),
    ...(usage ? { swap: { time: figures.at, swapUsageBytes: usage.swap } } : {}),
  }
}

/** Volumes that count as the pod's own use of the node's disk. */
const ephemeralVolumes = ({ spec }: Pod): ReadonlySet<string> =>
  new Set(
    (spec.volumes ?? [])
      .filter(({ emptyDir, configMap, downwardAPI }) =>
        emptyDir ? emptyDir.medium !== 'Memory' : configMap || downwardAPI,
      )
      .map(({ name }) => name),
  )

const sumOf = (usages: readonly FolderUsage[]): FolderUsage =>
  usages.reduce((a, b) => ({ bytes: a.bytes + b.bytes, inodes: a.inodes + b.inodes }), { bytes: 0, inodes: 0 })

/** Measurements as the summary writes them, all of one moment. */
class Figures {
  readonly at: string

  constructor(
    private readonly rates: CpuRates,
    private readonly time: number,
  ) {
    this.at = rfc3339(time)
  }

  used(key: string, usage: CgroupUsage, memoryLimit: number | undefined): object {
    const { at: time } = this
    return {
      cpu: {
        time,
        usageNanoCores: this.rates.rate(key, this.time, usage.cpuNanoseconds),
        usageCoreNanoSeconds: usage.cpuNanoseconds,
      },
      memory: {
        time,
        ...(memoryLimit === undefined ? {} : { availableBytes: Math.max(0, memoryLimit - usage.workingSet) }),
        usageBytes: usage.memoryUsage,
        workingSetBytes: usage.workingSet,
        rssBytes: usage.rss,
        pageFaults: usage.pageFaults,
        majorPageFaults: usage.majorPageFaults,
      },
    }
  }

  /** A filesystem, or a part of it that somebody uses. */
  filesystem({ capacity, available, inodes, inodesFree }: DiskUsage, used?: FolderUsage): object {
    return {
      time: this.at,
      availableBytes: available,
      capacityBytes: capacity,
      usedBytes: used ? used.bytes : capacity - available,
      inodesFree,
      inodes,
      inodesUsed: used ? used.inodes : inodes - inodesFree,
    }
  }

  /** The first interface, `eth0` where there is one, stands for all. */
  network(interfaces: readonly InterfaceUsage[]): object {
    const all = interfaces.map(({ name, received, sent }) => ({
      name,
      rxBytes: received.bytes,
      rxErrors: received.errors,
      txBytes: sent.bytes,
      txErrors: sent.errors,
    }))
    const main = all.find(({ name }) => name === 'eth0') ?? all[0]
    return main ? { network: { time: this.at, ...main, interfaces: all } } : {}
  }
}
