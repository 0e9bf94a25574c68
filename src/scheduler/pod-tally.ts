import type { Labels } from '../machinery/labels.js'
import { DomainCounts, type DomainTotals } from './domain-counts.js'

/** Pods by the name of the node they are on; only nodes that have any. */
export type CountsByNode = ReadonlyMap<string, number>

/** The nodes there are, with their labels. */
export type NodeLabels = () => Iterable<readonly [name: string, labels: Labels]>

/** How many pods of some kind are on which node and, for topologies that somebody asks for, in which domain. */
export class PodTally {
  readonly #byNode = new Map<string, number>()
  readonly #topologies = new Map<string, DomainCounts>()

  constructor(private readonly nodes: NodeLabels) {}

  get byNode(): CountsByNode {
    return this.#byNode
  }

  /** By the value that nodes have for the label; those that lack it do not count. */
  domains(topologyKey: string): DomainTotals {
    let counts = this.#topologies.get(topologyKey)
    if (!counts) {
      counts = new DomainCounts()
      for (const [name, labels] of this.nodes()) {
        const domain = labels[topologyKey]
        if (domain !== undefined) counts.addNode(domain, this.#byNode.get(name) ?? 0)
      }
      this.#topologies.set(topologyKey, counts)
    }
    return counts
  }

  /** `labels` are those of the node, undefined if there is none of that name. */
  add(node: string, labels: Labels | undefined, pods: number): void {
    const count = (this.#byNode.get(node) ?? 0) + pods
    if (count > 0) this.#byNode.set(node, count)
    else this.#byNode.delete(node)
    if (!labels) return
    for (const [key, counts] of this.#topologies) {
      const domain = labels[key]
      if (domain !== undefined) counts.add(domain, pods)
    }
  }

  /** A node has come, gone, or changed its labels. */
  nodeChanged(name: string, old: Labels | undefined, now: Labels | undefined): void {
    const pods = this.#byNode.get(name) ?? 0
    for (const [key, counts] of this.#topologies) {
      const [before, after] = [old?.[key], now?.[key]]
      if (before === after) continue
      if (after !== undefined) counts.addNode(after, pods)
      if (before !== undefined) counts.removeNode(before, pods)
    }
  }
}
