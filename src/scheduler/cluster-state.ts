import type { Node, Pod } from '../api/core/v1/index.js'
import type { Labels, Selector } from '../machinery/labels.js'
import { ChangeLog } from './change-log.js'
import type { DomainTotals } from './domain-counts.js'
import type { Snapshot } from './framework.js'
import { NodeInfo } from './node-info.js'
import { zonesInTurn } from './node-order.js'
import { zoneOf } from './node-zone.js'
import { type PlacedTerm, PodIndex, type PodQuery } from './pod-index.js'
import type { CountsByNode } from './pod-tally.js'
import { noSurroundings, type Surroundings } from './surroundings.js'

/**
 * The nodes and the pods on them, kept change by change. A pod that has been given a node counts there at once
 * (`assume`), long before the API server tells of it.
 */
export class ClusterState implements Snapshot {
  readonly #infos = new Map<string, NodeInfo>()
  #nodes: NodeInfo[] | undefined
  /** Where each counted pod is, by uid. */
  readonly #placed = new Map<string, string>()
  readonly #assumed = new Set<string>()
  /** Nodes that have come, gone, changed, or got or lost a pod. */
  readonly changes = new ChangeLog<NodeInfo>()
  /** How many nodes have taints with an effect. */
  readonly #taints = new Map<string, number>()
  /** How many nodes have a label, by its key. */
  readonly #labels = new Map<string, number>()
  /** How many nodes have an image, by its name. */
  readonly #images = new Map<string, number>()
  readonly #index: PodIndex

  constructor(private readonly surroundings: Surroundings = noSurroundings) {
    this.#index = new PodIndex(
      surroundings.namespaceLabels,
      name => labelsOf(this.#infos.get(name)?.node),
      () => this.nodes.map(({ name, node }) => [name, labelsOf(node) ?? noLabels] as const),
    )
  }

  get nodes(): readonly NodeInfo[] {
    return (this.#nodes ??= zonesInTurn([...this.#infos.values()].filter(({ node }) => node !== undefined)))
  }

  get(name: string): NodeInfo | undefined {
    const info = this.#infos.get(name)
    return info?.node ? info : undefined
  }

  podCounts(query: PodQuery): CountsByNode {
    return this.#index.counts(query).byNode
  }

  podDomains(query: PodQuery, topologyKey: string): DomainTotals {
    return this.#index.counts(query).domains(topologyKey)
  }

  nodesWithLabel(key: string): number {
    return this.#labels.get(key) ?? 0
  }

  nodesWithTaint(effect: string): number {
    return this.#taints.get(effect) ?? 0
  }

  termsSelecting(pod: Pod): readonly PlacedTerm[] {
    return this.#index.termsSelecting(pod)
  }

  imageSpread(image: string): number {
    return this.#images.get(image) ?? 0
  }

  namespaceLabels = (name: string): Labels => this.surroundings.namespaceLabels(name)

  workloadSelector = (pod: Pod): Selector | undefined => this.surroundings.workloadSelector(pod)

  /** Pods are nominated to a node, or no longer. */
  nominationsChanged(node: string): void {
    const info = this.#infos.get(node)
    info?.nominationsChanged()
    if (info) this.changes.add(info)
  }

  /** The labels of a namespace have changed. */
  namespaceChanged(): void {
    this.#index.namespaceChanged()
  }

  setNode(node: Node): void {
    const info = this.#info(node.metadata.name ?? '')
    if (!info.node || info.zone !== zoneOf(node)) this.#nodes = undefined
    this.#setNode(info, node)
  }

  removeNode(name: string): void {
    const info = this.#infos.get(name)
    if (!info) return
    this.#nodes = undefined
    // Pods may outlive their node for a while, and a node may come back.
    if (info.pods.size === 0) this.#infos.delete(name)
    this.#setNode(info, undefined)
  }

  /** Takes in what the API server says of a pod that has a node. */
  setPod(pod: Pod): void {
    const { uid = '' } = pod.metadata
    this.#assumed.delete(uid)
    this.#place(pod, pod.spec.nodeName ?? '')
  }

  removePod(uid: string): void {
    this.#assumed.delete(uid)
    const name = this.#placed.get(uid)
    if (name === undefined) return
    this.#placed.delete(uid)
    this.#index.remove(uid)
    const info = this.#infos.get(name)
    info?.remove(uid)
    if (info) this.changes.add(info)
    if (info && info.pods.size === 0 && !info.node) this.#infos.delete(name)
  }

  /** Counts a pod on the node just chosen for it. */
  assume(pod: Pod, node: string): void {
    this.#assumed.add(pod.metadata.uid ?? '')
    this.#place(pod, node)
  }

  /** Takes an assumption back (the binding failed), unless the API server has confirmed it meanwhile. */
  forget(uid: string): void {
    if (this.#assumed.has(uid)) this.removePod(uid)
  }

  get size(): { readonly pods: number; readonly assumedPods: number } {
    return { pods: this.#placed.size, assumedPods: this.#assumed.size }
  }

  /** Where a pod counts. */
  nodeOf(uid: string): string | undefined {
    return this.#placed.get(uid)
  }

  isAssumed(uid: string): boolean {
    return this.#assumed.has(uid)
  }

  #setNode(info: NodeInfo, node: Node | undefined): void {
    for (const effect of effectsOf(info.node)) count(this.#taints, effect, -1)
    for (const effect of effectsOf(node)) count(this.#taints, effect, 1)
    const [before, after] = [labelsOf(info.node), labelsOf(node)]
    this.changes.add(info)
    this.#setImages(info, node)
    if (before === after || (before && after && JSON.stringify(before) === JSON.stringify(after))) return
    for (const key of Object.keys(before ?? {})) count(this.#labels, key, -1)
    for (const key of Object.keys(after ?? {})) count(this.#labels, key, 1)
    this.#index.nodeChanged(info.name, before, after)
  }

  #setImages(info: NodeInfo, node: Node | undefined): void {
    if (node && node.status.images === info.node?.status.images) info.node = node
    else {
      for (const image of info.images.keys()) count(this.#images, image, -1)
      info.node = node
      for (const image of info.images.keys()) count(this.#images, image, 1)
    }
  }

  #place(pod: Pod, node: string): void {
    const { uid = '' } = pod.metadata
    const before = this.#placed.get(uid)
    if (before !== undefined && before !== node) {
      const left = this.#infos.get(before)
      left?.remove(uid)
      if (left) this.changes.add(left)
    }
    this.#placed.set(uid, node)
    const info = this.#info(node)
    info.add(pod)
    this.changes.add(info)
    this.#index.set(pod, node)
  }

  #info(name: string): NodeInfo {
    let info = this.#infos.get(name)
    if (!info) this.#infos.set(name, (info = new NodeInfo(name)))
    return info
  }
}

const noLabels: Labels = {}

const effectsOf = (node: Node | undefined): Iterable<string> => new Set(node?.spec.taints?.map(({ effect }) => effect))

/** Undefined if there is no node. */
const labelsOf = (node: Node | undefined): Labels | undefined => node && (node.metadata.labels ?? noLabels)

function count(counts: Map<string, number>, key: string, by: 1 | -1): void {
  const left = (counts.get(key) ?? 0) + by
  if (left > 0) counts.set(key, left)
  else counts.delete(key)
}
