import type { Judged } from './choose-node.js'
import type { ClusterState } from './cluster-state.js'
import type { NodeScorer, Rejection, SchedulingCycle } from './framework.js'
import type { NodeInfo } from './node-info.js'
import type { PreparedFilters } from './pod-filters.js'
import type { WeightedScore } from './profile.js'

/** Kinds of pods that are remembered; those that came least recently are forgotten first. */
const kept = 32
/** How many nodes more are looked at for each further pod of a kind, until all are known. */
const further = 64

/** What is known without asking about every node again. */
export type Ranked = { readonly node: NodeInfo } | Judged

interface Judge {
  readonly filters: PreparedFilters
  readonly scorers: readonly { readonly scorer: NodeScorer; readonly weight: number }[]
}

/**
 * What nodes are worth to pods of a kind, kept from one pod to the next. Where plugins look at nothing but the node, as
 * they say by signing, only nodes that have changed since need be judged again: as a rule the one that got the last pod.
 */
export class Rankings {
  readonly #rankings = new Map<string, Ranking | undefined>()

  constructor(private readonly state: ClusterState) {}

  /**
   * The best node, or why no node will do; undefined if the plugins look at more than nodes: then all must be asked anew.
   * `wanted` is how many nodes that will do are enough to choose from, `random` is between 0 and 1.
   */
  best(
    cycle: SchedulingCycle,
    filters: PreparedFilters,
    scores: readonly WeightedScore[],
    wanted: number,
    random: () => number,
  ): Ranked | undefined {
    if (filters.signature === undefined) return undefined
    let key = filters.signature
    const scorers: Judge['scorers'][number][] = []
    for (const { plugin, weight } of scores) {
      const scorer = plugin.score(cycle, [])
      if (!scorer) continue
      if (scorer.signature === undefined || scorer.normalize) return undefined
      key += `|${plugin.name}*${weight}:${scorer.signature}`
      scorers.push({ scorer, weight })
    }
    const known = this.#rankings.get(key)
    // It takes two to be of a kind: for the first there is only the note that it was there.
    const ranking = known ?? (this.#rankings.has(key) ? new Ranking(this.state) : undefined)
    this.#rankings.delete(key)
    this.#rankings.set(key, ranking)
    if (this.#rankings.size > kept) {
      const [oldest] = this.#rankings.keys()
      if (oldest !== undefined) this.#rankings.delete(oldest)
    }
    if (!ranking) return undefined
    ranking.update({ filters, scorers }, wanted)
    const node = ranking.best(random)
    return node ? { node } : ranking
  }
}

const unfit = Number.NEGATIVE_INFINITY

class Ranking implements Judged {
  readonly #nodes: NodeInfo[] = []
  readonly #totals: number[] = []
  readonly #places = new Map<NodeInfo, number>()
  /** By the name of the node, of those that will not do. */
  readonly rejections = new Map<string, Rejection>()
  readonly counts = new Map<Rejection, number>()
  #feasible = 0
  /** Up to where it knows what has changed. */
  #seen: number
  /** Where in the list of nodes it looks for nodes it does not know. */
  #next = 0

  constructor(private readonly state: ClusterState) {
    this.#seen = state.changes.end
  }

  update(judge: Judge, wanted: number): void {
    const { changes, nodes } = this.state
    const changed = changes.since(this.#seen)
    if (changed) for (const node of changed) this.#judge(node, judge)
    else for (const node of [...this.#nodes]) this.#judge(node, judge)
    this.#seen = changes.end
    let more = further
    for (let i = 0; i < nodes.length && (more > 0 || this.#feasible < wanted); i++) {
      if (this.#places.size >= nodes.length) break
      const node = nodes[this.#next++ % nodes.length]
      if (!node || this.#places.has(node)) continue
      more--
      this.#judge(node, judge)
    }
  }

  /** Of equals, each is as likely. */
  best(random: () => number): NodeInfo | undefined {
    const totals = this.#totals
    let best = unfit
    let ties = 0
    for (let i = 0; i < totals.length; i++) {
      const total = totals[i] as number
      if (total > best) {
        best = total
        ties = 1
      } else if (total === best) ties++
    }
    if (best === unfit) return undefined
    let left = Math.floor(random() * ties)
    for (let i = 0; i < totals.length; i++) if (totals[i] === best && left-- === 0) return this.#nodes[i]
    return undefined
  }

  #judge(node: NodeInfo, { filters, scorers }: Judge): void {
    if (!node.node) {
      this.#forget(node)
      return
    }
    let total = unfit
    const rejection = filters.judgeForAll(node)
    this.#reject(node.name, rejection)
    if (!rejection) {
      total = 0
      for (const { scorer, weight } of scorers) total += scorer.score(node) * weight
    }
    let place = this.#places.get(node)
    if (place === undefined) {
      place = this.#nodes.push(node) - 1
      this.#places.set(node, place)
    } else if (this.#totals[place] !== unfit) this.#feasible--
    this.#totals[place] = total
    if (total !== unfit) this.#feasible++
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
  #forget(node: NodeInfo): void {
    const place = this.#places.get(node)
    if (place === undefined) return
    if (this.#totals[place] !== unfit) this.#feasible--
    this.#places.delete(node)
    this.#reject(node.name, undefined)
    const [last, total] = [this.#nodes.pop(), this.#totals.pop()]
    if (!last || total === undefined || last === node) return
    this.#nodes[place] = last
    this.#totals[place] = total
    this.#places.set(last, place)
  }
}
