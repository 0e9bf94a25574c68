import type { NodeSample, UsagePoint } from './resource-metrics-text.js'
import { startOf, type Usage, usageBetween } from './usage-rate.js'

/** The last point, and the one before. */
interface Pair {
  readonly before: UsagePoint | undefined
  readonly last: UsagePoint
}

interface NodePoints {
  readonly node: Pair | undefined
  readonly pods: ReadonlyMap<string, ReadonlyMap<string, Pair>>
  /** When they were taken, by the clock of who took them. */
  readonly takenAt: number
}

export interface NamedUsage extends Usage {
  readonly name: string
}

/** Two points of each node and each container: what it takes to tell how fast CPU time is used. */
export class PointStore {
  readonly #nodes = new Map<string, NodePoints>()

  /** `period`: milliseconds between samples; `lifetime`: how long a sample speaks for its node. */
  constructor(
    private readonly period: number,
    private readonly lifetime: number,
  ) {}

  /** Takes in what a node said. Pods that it no longer tells of are forgotten. */
  take(nodeName: string, sample: NodeSample, now: number): void {
    const known = this.#nodes.get(nodeName)
    const pods = new Map<string, Map<string, Pair>>()
    for (const [key, containers] of sample.pods) {
      const knownContainers = known?.pods.get(key)
      const pairs = [...containers].map(
        ([name, point]) => [name, this.#pair(knownContainers?.get(name), point)] as const,
      )
      pods.set(key, new Map(pairs))
    }
    const node = sample.node && this.#pair(known?.node, sample.node)
    this.#nodes.set(nodeName, { node, pods, takenAt: now })
  }

  forget(nodeName: string): void {
    this.#nodes.delete(nodeName)
  }

  /** Undefined before there are two points. */
  node(nodeName: string, now: number): Usage | undefined {
    const pair = this.#fresh(nodeName, now)?.node
    return pair?.before && usageBetween(pair.before, pair.last)
  }

  /** What each container of a pod uses; undefined before all of them have two points. */
  pod(nodeName: string, key: string, now: number): readonly NamedUsage[] | undefined {
    const pairs = this.#fresh(nodeName, now)?.pods.get(key)
    if (!pairs || pairs.size === 0) return undefined
    const usages: NamedUsage[] = []
    for (const [name, { before, last }] of pairs) {
      const usage = before && usageBetween(before, last)
      if (!usage) return undefined
      usages.push({ name, ...usage })
    }
    return usages
  }

  #fresh(nodeName: string, now: number): NodePoints | undefined {
    const found = this.#nodes.get(nodeName)
    return found && now - found.takenAt <= this.lifetime ? found : undefined
  }

  #pair(known: Pair | undefined, point: UsagePoint): Pair {
    // A container that was started anew begins to count anew.
    if (!known || point.startedAt > known.last.startedAt) return { before: startOf(point, this.period), last: point }
    // The same reading twice tells nothing new.
    return point.time > known.last.time ? { before: known.last, last: point } : known
  }
}
