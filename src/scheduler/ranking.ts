import type { ClusterState } from './cluster-state.js'
import type { NodeScorer, Rejection } from './framework.js'
import type { JudgedNodes } from './judged-nodes.js'
import type { NodeInfo } from './node-info.js'
import type { PreparedFilters } from './pod-filters.js'

/** How many nodes more are looked at for each further pod of a kind, until all are known. */
const further = 64

/** Those plugins that look at nothing but the node, prepared for a pod. */
export interface NodeJudge {
  readonly filters: PreparedFilters
  readonly scorers: readonly { readonly scorer: NodeScorer; readonly weight: number }[]
}

/** Further requirements of a pod that nodes which would do by themselves have to meet. */
export type Requirement = (node: NodeInfo) => boolean

/** What is known of a node. */
interface Place {
  readonly node: NodeInfo
  /** Of the node when it was judged. */
  version: number
  /** The sum of its scores, weighed; undefined if it will not do. */
  total: number | undefined
  /** Where it is in the list of all, and among its equals. */
  at: number
  rank: number
}

/**
 * What nodes are by themselves worth to pods of a kind, kept from one pod to the next: only nodes that have changed since
 * are judged again, as a rule the one that got the last pod.
 */
export class Ranking implements JudgedNodes {
  readonly #places = new Map<NodeInfo, Place>()
  readonly #order: Place[] = []
  /** Nodes that will do, by their worth. */
  readonly #levels = new Map<number, Place[]>()
  readonly rejections = new Map<string, Rejection>()
  readonly counts = new Map<Rejection, number>()
  #feasible = 0
  /** Up to where it knows what has changed. */
  #seen: number
  /** Where in the list of nodes it looks for nodes it does not know. */
  #next = 0
  /** Where the next sample begins. */
  #start = 0

  constructor(private readonly state: ClusterState) {
    this.#seen = state.changes.end
  }

  /** All nodes there are have been judged. */
  get isComplete(): boolean {
    return this.#places.size >= this.state.nodes.length
  }

  /** Takes in what has changed, and looks for nodes that will do until there are as many as `wanted`. */
  update(judge: NodeJudge, wanted: number): void {
    const { changes } = this.state
    const changed = changes.since(this.#seen)
    if (changed) for (const node of changed) this.#judge(node, judge)
    else for (const { node } of [...this.#order]) this.#judge(node, judge)
    this.#seen = changes.end
    this.#learn(judge, further, wanted)
  }

  /** Judges all nodes that it does not know yet. */
  complete(judge: NodeJudge): void {
    this.#learn(judge, Number.POSITIVE_INFINITY, 0)
  }

  /** The best node that meets the requirement; of equals, each is as likely. `random` is between 0 and 1. */
  best(random: () => number, requirement: Requirement | undefined): NodeInfo | undefined {
    let most = Number.NEGATIVE_INFINITY
    for (const total of this.#levels.keys()) if (total > most) most = total
    const found = this.#oneOf(this.#levels.get(most) ?? [], random, requirement)
    if (found || !requirement) return found
    const totals = Float64Array.from(this.#levels.keys()).sort()
    for (let i = totals.length - 2; i >= 0; i--) {
      const one = this.#oneOf(this.#levels.get(totals[i] as number) ?? [], random, requirement)
      if (one) return one
    }
    return undefined
  }

  /** So many nodes that meet the requirement, others each time, and what each is worth. */
  sample(wanted: number, requirement: Requirement | undefined): { nodes: NodeInfo[]; totals: number[] } {
    const [nodes, totals]: [NodeInfo[], number[]] = [[], []]
    const count = this.#order.length
    let at = this.#start
    for (let i = 0; i < count && nodes.length < wanted; i++) {
      if (at >= count) at = 0
      const { node, total } = this.#order[at++] as Place
      if (total === undefined || requirement?.(node) === false) continue
      nodes.push(node)
      totals.push(total)
    }
    this.#start = at
    return { nodes, totals }
  }

  /** In random order; those that were tried are behind those that were not. */
  #oneOf(equals: Place[], random: () => number, requirement: Requirement | undefined): NodeInfo | undefined {
    for (let left = equals.length; left > 0; left--) {
      const at = Math.floor(random() * left)
      const place = equals[at] as Place
      if (!requirement || requirement(place.node)) return place.node
      const last = equals[left - 1] as Place
      equals[at] = last
      last.rank = at
      equals[left - 1] = place
      place.rank = left - 1
    }
    return undefined
  }

  #learn(judge: NodeJudge, atLeast: number, wanted: number): void {
    const { nodes } = this.state
    let more = atLeast
    for (let i = 0; i < nodes.length && (more > 0 || this.#feasible < wanted); i++) {
      if (this.isComplete) return
      const node = nodes[this.#next++ % nodes.length]
      if (!node || this.#places.has(node)) continue
      more--
      this.#judge(node, judge)
    }
  }

  #judge(node: NodeInfo, { filters, scorers }: NodeJudge): void {
    let place = this.#places.get(node)
    if (!node.node) {
      if (place) this.#forget(place)
      return
    }
    if (!place) {
      place = { node, version: -1, total: undefined, at: this.#order.length, rank: 0 }
      this.#places.set(node, place)
      this.#order.push(place)
    }
    if (place.version === node.version) return
    place.version = node.version
    const rejection = filters.judgeByItself(node)
    this.#reject(node.name, rejection)
    let total: number | undefined
    if (!rejection) {
      total = 0
      for (const { scorer, weight } of scorers) total += scorer.score(node) * weight
    }
    this.#rank(place, total)
  }

  #rank(place: Place, total: number | undefined): void {
    const before = place.total
    if (before === total) return
    place.total = total
    if (before !== undefined) {
      this.#feasible--
      const equals = this.#levels.get(before) ?? []
      const last = equals.pop()
      if (last && last !== place) {
        equals[place.rank] = last
        last.rank = place.rank
      }
      if (equals.length === 0) this.#levels.delete(before)
    }
    if (total === undefined) return
    this.#feasible++
    const equals = this.#levels.get(total)
    if (equals) place.rank = equals.push(place) - 1
    else {
      place.rank = 0
      this.#levels.set(total, [place])
    }
  }

  #reject(name: string, rejection: Rejection | undefined): void {
    const before = this.rejections.get(name)
    if (before === rejection) return
    if (before) {
      const left = (this.counts.get(before) ?? 0) - 1
      if (left > 0) this.counts.set(before, left)
      else this.counts.delete(before)
    }
    if (rejection) {
      this.rejections.set(name, rejection)
      this.counts.set(rejection, (this.counts.get(rejection) ?? 0) + 1)
    } else this.rejections.delete(name)
  }

  /** The last one takes its place. */
  #forget(place: Place): void {
    const { node, at } = place
    this.#rank(place, undefined)
    this.#places.delete(node)
    this.#reject(node.name, undefined)
    const last = this.#order.pop()
    if (!last || last === place) return
    this.#order[at] = last
    last.at = at
  }
}
