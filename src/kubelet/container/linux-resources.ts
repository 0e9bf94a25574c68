import type { Container, Pod } from '../../api/core/v1/index.js'
import { milliValue, quantityValue } from '../../machinery/quantity.js'
import { qosClass } from '../qos.js'
import type { LinuxContainerResources } from '../runtime/cri-messages.js'

interface Amounts {
  readonly [resource: string]: string
}

export interface Requirements {
  readonly requests?: Amounts
  readonly limits?: Amounts
}

/** Microseconds over which a CPU quota counts. */
export const cpuPeriod = 100_000
const minQuota = 1000
const minShares = 2
const maxShares = 262_144

/** cgroup v1's relative weight: 1024 a core. */
export const cpuShares = (milli: number): number =>
  Math.min(Math.max(Math.floor((milli * 1024) / 1000), minShares), maxShares)

/** Microseconds of CPU time in each period; 0 is no limit. */
const cpuQuota = (milli: number): number =>
  milli === 0 ? 0 : Math.max(Math.floor((milli * cpuPeriod) / 1000), minQuota)

const milli = (amounts: Amounts | undefined): number | undefined =>
  amounts?.cpu === undefined ? undefined : milliValue(amounts.cpu)
const memory = (amounts: Amounts | undefined): number => (amounts?.memory ? quantityValue(amounts.memory) : 0)

/** What the kernel is to enforce for one container. A limit without a request asks for as much. */
export function containerResources(
  pod: Pod,
  container: Container,
  memoryCapacity: number,
  requirements: Requirements = container.resources ?? {},
): LinuxContainerResources {
  const { requests, limits } = requirements
  const limit = milli(limits) ?? 0
  const hugepages = Object.entries(limits ?? {}).flatMap(([name, amount]) =>
    name.startsWith('hugepages-') ? [{ pageSize: hugepageSize(name), limit: quantityValue(amount) }] : [],
  )
  const quota = cpuQuota(limit)
  const memoryLimit = memory(limits)
  return {
    cpuShares: cpuShares(milli(requests) ?? limit),
    cpuPeriod,
    ...(quota ? { cpuQuota: quota } : {}),
    ...(memoryLimit ? { memoryLimitInBytes: memoryLimit } : {}),
    oomScoreAdj: oomScoreAdj(pod, container, memoryCapacity),
    ...(hugepages.length ? { hugepageLimits: hugepages } : {}),
  }
}

/** `hugepages-2Mi` as the runtime calls it: `2MB`. */
const hugepageSize = (name: string): string => name.slice('hugepages-'.length).replace(/i?$/, 'B')

/** Pods with a priority from here on belong to the node itself. */
const nodeCriticalPriority = 2_000_001_000

/**
 * Whom the kernel kills first when memory runs out (-1000 never, 1000 first)
 * (https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#node-out-of-memory-behavior).
 */
function oomScoreAdj(pod: Pod, container: Container, memoryCapacity: number): number {
  if ((pod.spec.priority ?? 0) >= nodeCriticalPriority) return -997
  const qos = qosClass(pod)
  if (qos === 'Guaranteed') return -997
  if (qos === 'BestEffort') return 1000
  const isSidecar = container.restartPolicy === 'Always' && pod.spec.initContainers?.includes(container)
  const own = burstableScore(memory(container.resources?.requests), memoryCapacity)
  // A sidecar must not be killed before the containers it serves.
  return isSidecar
    ? Math.min(own, ...pod.spec.containers.map(c => burstableScore(memory(c.resources?.requests), memoryCapacity)))
    : own
}

const burstableScore = (request: number, capacity: number): number => {
  const score = 1000 - Math.floor((1000 * request) / capacity)
  return Math.min(Math.max(score, 3), 999)
}

/** What a pod's own cgroup allows: the sum over its containers, unlimited where one of them is. */
export interface PodResources {
  readonly cpuShares: number
  /** 0 is unlimited. */
  readonly cpuQuota: number
  readonly memoryLimitInBytes: number
}

/** Init containers run one after the other, beside the sidecars that started before; the others run all at once. */
export function podResources(pod: Pod, requirements: (container: Container) => Requirements): PodResources {
  const amounts = (container: Container) => {
    const { requests, limits } = requirements(container)
    const limit = milli(limits)
    return { request: milli(requests) ?? limit ?? 0, limit: limit || Infinity, memory: memory(limits) || Infinity }
  }
  const sum = (containers: readonly Container[]) =>
    containers
      .map(amounts)
      .reduce((a, b) => ({ request: a.request + b.request, limit: a.limit + b.limit, memory: a.memory + b.memory }), {
        request: 0,
        limit: 0,
        memory: 0,
      })
  const initContainers = pod.spec.initContainers ?? []
  const stages = initContainers.map((container, index) => [
    ...initContainers.slice(0, index).filter(({ restartPolicy }) => restartPolicy === 'Always'),
    container,
  ])
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')
  const sums = [...stages, [...sidecars, ...pod.spec.containers]].map(sum)
  const whole = pod.spec.resources
  const overhead = pod.spec.overhead
  const highest = (key: 'request' | 'limit' | 'memory') => Math.max(...sums.map(stage => stage[key]))
  const request = (milli(whole?.requests) ?? highest('request')) + (milli(overhead) ?? 0)
  const limit = (milli(whole?.limits) ?? highest('limit')) + (milli(overhead) ?? 0)
  const bytes = (memory(whole?.limits) || highest('memory')) + memory(overhead)
  return {
    cpuShares: cpuShares(request),
    cpuQuota: Number.isFinite(limit) ? cpuQuota(limit) : 0,
    memoryLimitInBytes: Number.isFinite(bytes) ? bytes : 0,
  }
}
