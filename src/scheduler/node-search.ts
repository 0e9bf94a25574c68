import { type Feasible, findFeasible, highest, totalScores } from './choose-node.js'
import { extendedScores, filteredByExtenders } from './extender-calls.js'
import { Rankings } from './rankings.js'
import type { SchedulerParts } from './scheduler-parts.js'
import type { SchedulingAttempt } from './scheduling-attempt.js'

type NodeSearchParts = Pick<SchedulerParts, 'state' | 'nominated' | 'extenders' | 'random' | 'onError'>

/** Finds the node for a pod: by the plugins of its profile, then by the extenders. */
export class NodeSearch {
  /** By profile. */
  readonly #rankings = new Map<string, Rankings>()
  /** Where the next search of nodes begins. */
  #start = 0

  constructor(private readonly parts: NodeSearchParts) {}

  /** The nodes that will do, or why none will. Throws what a plugin throws. */
  async feasible(attempt: SchedulingAttempt): Promise<Feasible> {
    const { state, nominated, extenders, random } = this.parts
    const { pod, profile, observer } = attempt
    const rankings = extenders.length > 0 ? undefined : this.#rankingsOf(profile.name)
    const found = findFeasible(attempt, profile.filter, {
      start: this.#start,
      nominated,
      percentageOfNodesToScore: profile.percentageOfNodesToScore ?? 0,
      observer,
      ...(rankings && {
        ranked: (filters, wanted, rejected) =>
          rankings.find(attempt, filters, profile.score, wanted, rejected, random, observer),
      }),
    })
    this.#start = (this.#start + found.evaluated) % Math.max(1, state.nodes.length)
    if (found.nodes.length === 0 || extenders.length === 0) return found
    return await filteredByExtenders(extenders, pod, found, state.nodes.length)
  }

  /** The name of the best of them. Throws what a plugin throws. */
  async best(attempt: SchedulingAttempt, { nodes, worth }: Feasible): Promise<string> {
    const [only, ...others] = nodes
    if (only && others.length === 0) return only.name
    const { extenders, random, onError } = this.parts
    const { pod, profile } = attempt
    const scores = worth?.scores ?? profile.score
    const totals = totalScores(attempt, scores, nodes, attempt.observer, worth?.totals)
    if (extenders.length > 0) await extendedScores(extenders, pod, nodes, totals, onError)
    return highest(nodes, totals, random)?.name ?? ''
  }

  #rankingsOf(profile: string): Rankings {
    let rankings = this.#rankings.get(profile)
    if (!rankings) this.#rankings.set(profile, (rankings = new Rankings(this.parts.state)))
    return rankings
  }
}
