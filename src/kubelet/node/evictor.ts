import type { Pod } from '../../api/core/v1/index.js'
import type { EventRecorder } from '../../client/events.js'
import type { Clock } from '../../machinery/clock.js'
import { quantityValue } from '../../machinery/quantity.js'
import type { EvictionThresholds } from '../options.js'
import type { Verdict } from '../pod-actions.js'
import type { DiskUsage } from './disk-usage.js'
import {
  type EvictedResource,
  evicted,
  evictionVerdict,
  type PodConsumption,
  rankForEviction,
} from './eviction-ranking.js'
import type { Pressure } from './node-status.js'

export interface EvictorOptions {
  readonly clock: Clock
  readonly events: EventRecorder
  readonly thresholds: EvictionThresholds
  /** Bytes of memory that may still be taken. */
  readonly memoryAvailable: () => Promise<number>
  readonly disk: () => Promise<DiskUsage>
  readonly pods: () => readonly Pod[]
  readonly memoryOf: (pod: Pod) => Promise<PodConsumption>
  readonly diskOf: (pod: Pod) => Promise<PodConsumption & { readonly volumes: ReadonlyMap<string, number> }>
  /** Frees disk without hurting anybody. Answers whether it could. */
  readonly freeDisk: () => Promise<boolean>
  readonly condemn: (pod: Pod, verdict: Verdict) => void
  readonly changed: () => void
}

const mebibyte = 1 << 20
/** Where the options say nothing. */
export const evictionDefaults = { memoryAvailable: 100 * mebibyte, diskAvailable: 0.1, inodesFree: 0.05 }
/** How long a pressure counts after it was last felt, so that a node at the edge does not flap. Milliseconds. */
const lingering = 300_000
/** Limits on disk are looked at this often: counting files costs. Milliseconds. */
const limitInterval = 60_000

/** Takes pods away when the node runs short, or when one uses more disk than it may. */
export class Evictor {
  readonly #options: EvictorOptions
  readonly #felt: { [kind in 'memory' | 'disk']?: number } = {}
  #limitsChecked = 0

  constructor(options: EvictorOptions) {
    this.#options = options
  }

  get pressure(): Pressure {
    const now = this.#options.clock.now()
    const lasts = (kind: 'memory' | 'disk') => {
      const at = this.#felt[kind]
      return at !== undefined && now - at < lingering
    }
    return { memory: lasts('memory'), disk: lasts('disk'), pid: false }
  }

  /** Measures, and evicts at most one pod. */
  async check(): Promise<void> {
    const { clock, thresholds, memoryAvailable, disk, freeDisk, changed } = this.#options
    const before = JSON.stringify(this.pressure)
    const now = clock.now()
    const wanted = { ...evictionDefaults, ...thresholds }
    const [memory, usage] = await Promise.all([memoryAvailable(), disk()])
    const isLow = memory < wanted.memoryAvailable
    const isFull =
      usage.available < usage.capacity * wanted.diskAvailable || usage.inodesFree < usage.inodes * wanted.inodesFree
    if (isLow) this.#felt.memory = now
    if (isFull) this.#felt.disk = now
    if (JSON.stringify(this.pressure) !== before) changed()
    if (isLow) await this.#evict('memory', { threshold: wanted.memoryAvailable, available: memory })
    else if (isFull && !(await freeDisk()))
      await this.#evict('ephemeral-storage', {
        threshold: usage.capacity * wanted.diskAvailable,
        available: usage.available,
      })
    if (now - this.#limitsChecked < limitInterval) return
    this.#limitsChecked = now
    await this.#checkLimits()
  }

  async #evict(resource: EvictedResource, amounts: Parameters<typeof evictionVerdict>[2]): Promise<void> {
    const { pods, memoryOf, diskOf } = this.#options
    const consumption = await Promise.all(pods().map(resource === 'memory' ? memoryOf : diskOf))
    const [first] = rankForEviction(consumption, resource)
    if (first) this.#condemn(first.pod, evictionVerdict(first, resource, amounts))
  }

  #condemn(pod: Pod, verdict: Verdict): void {
    const { events, condemn } = this.#options
    events.record(pod, 'Warning', 'Evicted', verdict.message)
    condemn(pod, verdict)
  }

  /** Pods and volumes may have limits of their own. */
  async #checkLimits(): Promise<void> {
    const { pods, diskOf } = this.#options
    for (const pod of pods().filter(hasDiskLimit)) {
      const message = overLimit(pod, await diskOf(pod))
      if (message) this.#condemn(pod, evicted(message))
    }
  }
}

const hasDiskLimit = ({ spec }: Pod): boolean =>
  (spec.volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit && emptyDir.medium !== 'Memory') ||
  spec.containers.some(({ resources }) => resources?.limits?.['ephemeral-storage'] !== undefined)

/** Which limit on disk a pod has exceeded, in the words of its status. */
export function overLimit(
  { spec }: Pod,
  { used, containers, volumes }: PodConsumption & { readonly volumes: ReadonlyMap<string, number> },
): string | undefined {
  for (const { name, emptyDir } of spec.volumes ?? []) {
    const limit = emptyDir?.medium === 'Memory' ? undefined : emptyDir?.sizeLimit
    if (limit && (volumes.get(name) ?? 0) > quantityValue(limit))
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${limit}". `
  }
  const limits = spec.containers.map(({ resources }) => resources?.limits?.['ephemeral-storage'])
  const total = limits.every(limit => limit !== undefined)
    ? limits.reduce((sum, limit) => sum + quantityValue(limit ?? '0'), 0)
    : Infinity
  if (used > total) return `Pod ephemeral local storage usage exceeds the total limit of containers ${total}. `
  for (const { name, resources } of spec.containers) {
    const limit = resources?.limits?.['ephemeral-storage']
    const found = containers.find(container => container.name === name)
    if (limit && found && found.used > quantityValue(limit))
      return `Container ${name} exceeded its local ephemeral storage limit "${limit}". `
  }
  return undefined
}
