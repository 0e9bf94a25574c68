import type { Pod } from '../../api/core/v1/index.js'
import type { Clock } from '../../machinery/clock.js'
import type { CgroupHierarchies } from '../node/cgroup-hierarchies.js'
import { type CgroupUsage, cgroupUsage } from '../node/cgroup-usage.js'
import { type DiskUsage, diskUsage } from '../node/disk-usage.js'
import type { PodRuntimeState } from '../pod-runtime-state.js'
import type { CriClient } from '../runtime/cri-client.js'
import type { ContainerStats } from '../runtime/cri-messages.js'

export interface UsageContext {
  readonly nodeName: string
  readonly cri: CriClient
  readonly clock: Clock
  readonly hierarchies: CgroupHierarchies
  readonly rootDir: string
  readonly memoryCapacity: number
  readonly pods: () => readonly Pod[]
  readonly observed: (uid: string) => PodRuntimeState
  readonly podCgroup: (pod: Pod) => string
}

export interface ContainerUsage {
  readonly name: string
  readonly id: string
  readonly image: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly stats: ContainerStats | undefined
  readonly usage: CgroupUsage | undefined
}

export interface PodUsage {
  readonly pod: Pod
  readonly usage: CgroupUsage | undefined
  readonly containers: readonly ContainerUsage[]
}

export interface NodeUsage {
  readonly usage: CgroupUsage | undefined
  readonly disk: DiskUsage
  readonly pods: readonly PodUsage[]
  /** When it was read, in milliseconds since the epoch. */
  readonly time: number
}

/** What the node and its pods use at this moment. */
export async function nodeUsage(context: UsageContext): Promise<NodeUsage> {
  const { cri, clock, hierarchies, rootDir } = context
  const [{ stats }, usage, disk] = await Promise.all([
    cri.listContainerStats({}),
    cgroupUsage(hierarchies, '/'),
    diskUsage(rootDir),
  ])
  const byId = new Map(stats.map(entry => [entry.attributes?.id ?? '', entry]))
  const pods = await Promise.all(context.pods().map(pod => podUsage(context, pod, byId)))
  return { usage, disk, pods: pods.filter(({ containers }) => containers.length > 0), time: clock.now() }
}

async function podUsage(
  { hierarchies, podCgroup, observed }: UsageContext,
  pod: Pod,
  stats: ReadonlyMap<string, ContainerStats>,
): Promise<PodUsage> {
  const path = podCgroup(pod)
  const running = observed(pod.metadata.uid ?? '').containers.filter(({ state }) => state === 'running')
  const containers = await Promise.all(
    running.map(async ({ id, name, image, startedAt }) => ({
      id,
      name,
      image,
      startedAt,
      stats: stats.get(id),
      usage: await cgroupUsage(hierarchies, `${path}/${id}`),
    })),
  )
  return { pod, usage: await cgroupUsage(hierarchies, path), containers }
}
