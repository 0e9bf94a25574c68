import type { CgroupHierarchies } from '../node/cgroup-hierarchies.js'
import { type CgroupUsage, cgroupUsage } from '../node/cgroup-usage.js'

/** A part of the node that is no pod of its own. */
export interface SystemContainer {
  readonly name: 'kubelet' | 'pods'
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly usage: CgroupUsage
}

/** What this process uses, and what all pods use together. */
export async function systemContainers(
  hierarchies: CgroupHierarchies,
  podsCgroup: string,
  startedAt: number,
): Promise<readonly SystemContainer[]> {
  const pods = await cgroupUsage(hierarchies, podsCgroup)
  return [
    { name: 'kubelet', startedAt, usage: ownUsage() },
    ...(pods ? [{ name: 'pods', startedAt, usage: pods } as const] : []),
  ]
}

function ownUsage(): CgroupUsage {
  const { userCPUTime, systemCPUTime, minorPageFault, majorPageFault } = process.resourceUsage()
  const rss = process.memoryUsage.rss()
  return {
    cpuNanoseconds: (userCPUTime + systemCPUTime) * 1000,
    memoryUsage: rss,
    workingSet: rss,
    rss,
    cache: 0,
    mappedFile: 0,
    swap: 0,
    pageFaults: minorPageFault + majorPageFault,
    majorPageFaults: majorPageFault,
  }
}
