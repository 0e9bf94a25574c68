import type { AttemptObserver } from './attempt-observer.js'
import { scorersOf } from './choose-node.js'
import type { ClusterState } from './cluster-state.js'
import type { Rejection, SchedulingCycle } from './framework.js'
import { type JudgedNodes, judgedFurther } from './judged-nodes.js'
import type { NodeInfo } from './node-info.js'
import type { PreparedFilters } from './pod-filters.js'
import type { WeightedScore } from './profile.js'
import { type NodeJudge, Ranking } from './ranking.js'

/** Kinds of pods that are remembered; those that came least recently are forgotten first. */
const kept = 32

/** Nodes to choose from, without asking about every node again. */
export interface Ranked {
  /** Empty if no node will do. Of several, those who are yet to be asked decide. */
  readonly nodes: readonly NodeInfo[]
  /** What the nodes are worth by the scores that are known. */
  readonly totals: readonly number[]
  /** Whose scores are not. */
  readonly scores: readonly WeightedScore[]
  /** Why no node will do. */
  readonly judged: JudgedNodes
}

/**
 * What nodes are worth to pods, kept by kind of pod. Where plugins look at nothing but the node, as they say by signing,
 * they are asked about a node again only when it has changed. Those that look at more are asked every time, but only about
 * nodes that will do by themselves, and, where they only filter, only about the best of those.
 */
export class Rankings {
  readonly #rankings = new Map<string, Ranking | undefined>()

  constructor(private readonly state: ClusterState) {}

  /**
   * Undefined if all nodes must be asked about. `wanted` is how many nodes that will do are enough to choose from, `known`
   * those that have been rejected already, by the verdict on the very pod; `random` is between 0 and 1.
   */
  find(
    cycle: SchedulingCycle,
    filters: PreparedFilters,
    scores: readonly WeightedScore[],
    wanted: number,
    known: ReadonlyMap<string, Rejection>,
    random: () => number,
    observer?: AttemptObserver,
  ): Ranked | undefined {
    if (filters.ownSignature === undefined) return undefined
    let key = filters.ownSignature
    const scorers: NodeJudge['scorers'][number][] = []
    const others: WeightedScore[] = []
    for (const prepared of scorersOf(cycle, scores, [], observer)) {
      const { plugin, weight, scorer } = prepared
      if (scorer.signature === undefined || scorer.normalize) others.push(prepared)
      else {
        key += `|${plugin.name}*${weight}:${scorer.signature}`
        scorers.push(prepared)
      }
    }
    const ranking = this.#of(key)
    if (!ranking) return undefined
    const judge = { filters, scorers }
    ranking.update(judge, wanted)

    const rejected = new Map(known)
    const meets = (node: NodeInfo): boolean => {
      if (rejected.has(node.name)) return false
      const rejection = filters.judgeFurther(node)
      if (rejection) rejected.set(node.name, rejection)
      return rejection === undefined
    }
    const requirement = filters.looksFurther ? meets : undefined
    const choose = (): Pick<Ranked, 'nodes' | 'totals'> => {
      if (others.length > 0) return ranking.sample(wanted, requirement)
      const node = ranking.best(random, requirement)
      return node ? { nodes: [node], totals: [0] } : { nodes: [], totals: [] }
    }
    let { nodes, totals } = choose()
    const enough = others.length > 0 ? wanted : 1
    if (nodes.length < enough && !ranking.isComplete) {
      ranking.complete(judge)
      ;({ nodes, totals } = choose())
    }
    const judged = nodes.length > 0 ? ranking : judgedFurther(ranking, rejected)
    return { nodes, totals, scores: others, judged }
  }

  #of(key: string): Ranking | undefined {
    const known = this.#rankings.get(key)
    // It takes two to be of a kind: for the first there is only the note that it was there.
    const ranking = known ?? (this.#rankings.has(key) ? new Ranking(this.state) : undefined)
    this.#rankings.delete(key)
    this.#rankings.set(key, ranking)
    if (this.#rankings.size > kept) {
      const [oldest] = this.#rankings.keys()
      if (oldest !== undefined) this.#rankings.delete(oldest)
    }
    return ranking
  }
}
