import type { Pod } from '../../api/core/v1/index.js'
import type { Clock } from '../../machinery/clock.js'
import type { CgroupHierarchies } from '../node/cgroup-hierarchies.js'
import { type CgroupUsage, cgroupUsage } from '../node/cgroup-usage.js'
import { activeSandbox, type PodRuntimeState } from '../pod-runtime-state.js'

export interface UsageContext {
  readonly clock: Clock
  readonly hierarchies: CgroupHierarchies
  readonly pods: () => readonly Pod[]
  readonly observed: (uid: string) => PodRuntimeState
  readonly podCgroup: (pod: Pod) => string
}

export interface ContainerUsage {
  readonly name: string
  readonly id: string
  readonly image: string
  readonly cgroup: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly usage: CgroupUsage | undefined
}

export interface PodUsage {
  readonly pod: Pod
  readonly cgroup: string
  /** That of the sandbox, in which the pod's network is found. */
  readonly sandboxCgroup: string | undefined
  readonly usage: CgroupUsage | undefined
  /** Those that run. */
  readonly containers: readonly ContainerUsage[]
}

export interface NodeUsage {
  readonly usage: CgroupUsage | undefined
  readonly pods: readonly PodUsage[]
  /** When it was read, in milliseconds since the epoch. */
  readonly time: number
}

/** What CPU time and memory the node and its running pods use at this moment. */
export async function nodeUsage(context: UsageContext): Promise<NodeUsage> {
  const [usage, pods] = await Promise.all([
    cgroupUsage(context.hierarchies, '/'),
    Promise.all(context.pods().map(pod => podUsage(context, pod))),
  ])
  return { usage, pods: pods.filter(({ containers }) => containers.length > 0), time: context.clock.now() }
}

async function podUsage({ hierarchies, podCgroup, observed }: UsageContext, pod: Pod): Promise<PodUsage> {
  const cgroup = podCgroup(pod)
  const state = observed(pod.metadata.uid ?? '')
  const sandbox = activeSandbox(state)
  const running = state.containers.filter(({ state }) => state === 'running')
  const containers = await Promise.all(
    running.map(async ({ id, name, image, startedAt }) => {
      const own = `${cgroup}/${id}`
      return { id, name, image, startedAt, cgroup: own, usage: await cgroupUsage(hierarchies, own) }
    }),
  )
  return {
    pod,
    cgroup,
    sandboxCgroup: sandbox && `${cgroup}/${sandbox.id}`,
    usage: await cgroupUsage(hierarchies, cgroup),
    containers,
  }
}
