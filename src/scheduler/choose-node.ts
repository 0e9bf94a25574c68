import type { Pod } from '../api/core/v1/index.js'
import { type AttemptObserver, statusOf } from './attempt-observer.js'
import {
  countedReasons,
  type Infeasible,
  type NodeScorer,
  type Rejection,
  type SchedulerPlugin,
  type SchedulingCycle,
  type Snapshot,
  Unschedulable,
} from './framework.js'
import { judgedNodes } from './judged-nodes.js'
import type { NodeInfo } from './node-info.js'
import type { NominatedPods } from './nominated-pods.js'
import { PreparedFilters } from './pod-filters.js'
import { profileOf, type WeightedScore } from './profile.js'
import type { Ranked } from './rankings.js'

/** The nodes that will do for a pod. */
export interface Feasible {
  readonly nodes: readonly NodeInfo[]
  /** How many nodes were looked at; the next search begins so much further. */
  readonly evaluated: number
  /** Why the others will not do, as far as they were looked at. */
  readonly infeasible: Infeasible
  /** The beginning of the pod's event, should it come to that. */
  readonly message: string
  /** What the nodes are worth, as far as that is known, and whose scores are not; nothing is known when absent. */
  readonly worth?: Pick<Ranked, 'totals' | 'scores'>
}

export interface SearchOptions {
  /** Where in the list of nodes to begin, so that all of them get their turn. */
  readonly start?: number
  /** As `Profile.percentageOfNodesToScore`. */
  readonly percentageOfNodesToScore?: number
  readonly nominated?: NominatedPods
  readonly observer?: AttemptObserver | undefined
  /**
   * Finds nodes without looking at all of them, if it can; `wanted` of those that will do are enough to choose from. Some
   * have been `rejected` already.
   */
  readonly ranked?: (
    filters: PreparedFilters,
    wanted: number,
    rejected: ReadonlyMap<string, Rejection>,
  ) => Ranked | undefined
}

/** Below so many nodes all are looked at; of more, a share, as upstream samples them. */
const minimumSample = 100

/** How many feasible nodes are enough to choose from; a percentage of 0 gets smaller the more nodes there are. */
export function sampleSize(nodes: number, percentage = 0): number {
  if (nodes < minimumSample) return nodes
  const share = percentage || Math.max(5, 50 - Math.floor(nodes / 125))
  return Math.max(minimumSample, Math.floor((nodes * share) / 100))
}

const noNodes: Infeasible = { rejections: new Map(), counts: new Map(), others: undefined, filters: undefined }

/** Looks for nodes that pass all filters: enough of them, not all there may be. */
export function findFeasible(
  cycle: SchedulingCycle,
  plugins: readonly SchedulerPlugin[],
  { start = 0, percentageOfNodesToScore = 0, nominated, observer, ranked }: SearchOptions,
): Feasible {
  const { pod, snapshot } = cycle
  const total = snapshot.nodes.length
  if (total === 0)
    return { nodes: [], evaluated: 0, infeasible: noNodes, message: 'no nodes available to schedule pods' }
  const began = performance.now()
  let filters: PreparedFilters
  try {
    filters = new PreparedFilters(cycle, plugins, nominated, observer)
  } catch (error) {
    observer?.point('PreFilter', statusOf(error), performance.now() - began)
    if (!(error instanceof Unschedulable)) throw error
    const { message, plugin, resolvable } = error
    const others = { reasons: [message], plugin, unresolvable: !resolvable }
    const infeasible = { ...noNodes, others }
    return { nodes: [], evaluated: 0, infeasible, message: `0/${total} nodes are available: ${message}.` }
  }
  const prepared = performance.now()
  observer?.point('PreFilter', 'Success', prepared - began)
  const judged = new Map<string, Rejection>()
  const feasible: NodeInfo[] = []
  const { nodes: narrowed } = filters
  const others = narrowed && outsideOf(narrowed.plugins)
  const passes = (node: NodeInfo): boolean => {
    const rejection = filters.judge(node)
    if (rejection) judged.set(node.name, rejection)
    return rejection === undefined
  }
  const found = (nodes: readonly NodeInfo[], evaluated: number, known = judgedNodes(judged)): Feasible => {
    const infeasible = { ...known, others, filters }
    observer?.point('Filter', nodes.length > 0 ? 'Success' : 'Unschedulable', performance.now() - prepared)
    return { nodes, evaluated, infeasible, message: nodes.length > 0 ? '' : summary(total, infeasible) }
  }

  // Room that preemption has made is where the pod goes, if it is still there.
  const promise = nominated?.nodeOf(pod.metadata.uid ?? '') ?? pod.status.nominatedNodeName
  const promised = promise ? snapshot.get(promise) : undefined
  if (promised && (!narrowed || narrowed.names.has(promised.name)) && passes(promised)) return found([promised], 0)

  if (narrowed) {
    const nodes = [...narrowed.names].flatMap(name => snapshot.get(name) ?? [])
    return found(nodes.filter(passes), 0)
  }
  const wanted = sampleSize(total, percentageOfNodesToScore)
  const known = ranked?.(filters, wanted, judged)
  if (known) return { ...found(known.nodes, 0, known.judged), worth: known }
  let evaluated = 0
  for (; evaluated < total && feasible.length < wanted; evaluated++) {
    const node = snapshot.nodes[(start + evaluated) % total]
    if (node && passes(node)) feasible.push(node)
  }
  return found(feasible, evaluated)
}

const outsideOf = (plugins: readonly string[]): Rejection => ({
  reasons: [`node(s) didn't satisfy plugin(s) [${[...plugins].sort().join(' ')}]`],
  unresolvable: true,
})

/** The plugins' opinions of nodes, weighed and added up; `known` is what the nodes are worth anyway. */
export function totalScores(
  cycle: SchedulingCycle,
  scores: readonly WeightedScore[],
  candidates: readonly NodeInfo[],
  observer?: AttemptObserver,
  known: readonly number[] = new Array<number>(candidates.length).fill(0),
): number[] {
  const totals = [...known]
  const began = performance.now()
  const scorers = scorersOf(cycle, scores, candidates, observer)
  const prepared = performance.now()
  observer?.point('PreScore', 'Success', prepared - began)
  for (const { scorer, weight } of scorers) {
    const raw = candidates.map(node => scorer.score(node))
    const values = scorer.normalize?.(raw) ?? raw
    for (let i = 0; i < totals.length; i++) totals[i] = (totals[i] ?? 0) + (values[i] ?? 0) * weight
  }
  observer?.point('Score', 'Success', performance.now() - prepared)
  return totals
}

/** The scores of those plugins that have something to say about the pod. */
export function scorersOf(
  cycle: SchedulingCycle,
  scores: readonly WeightedScore[],
  candidates: readonly NodeInfo[],
  observer?: AttemptObserver,
): PreparedScore[] {
  const prepared: PreparedScore[] = []
  for (const { plugin, weight } of scores) {
    const { name } = plugin
    if (!observer) {
      const scorer = plugin.score(cycle, candidates)
      if (scorer) prepared.push({ plugin, weight, scorer })
      continue
    }
    const scorer = observer.run(name, 'PreScore', () => plugin.score(cycle, candidates))
    if (!scorer) continue
    observer.evaluated(name, 'PreScore')
    observer.evaluated(name, 'Score')
    const score = observer.each(name, 'Score', (node: NodeInfo) => scorer.score(node))
    const { signature, normalize } = scorer
    const measured = { score, ...(signature === undefined ? {} : { signature }) }
    prepared.push({
      plugin,
      weight,
      scorer: normalize ? { ...measured, normalize: raw => normalize.call(scorer, raw) } : measured,
    })
  }
  return prepared
}

/** What a plugin thinks of nodes for the pod of an attempt. */
export interface PreparedScore extends WeightedScore {
  readonly scorer: NodeScorer
}

/** The best of the candidates; of equals, each is as likely. `random` is between 0 and 1. */
export function highest(
  candidates: readonly NodeInfo[],
  totals: readonly number[],
  random: () => number,
): NodeInfo | undefined {
  let winner: NodeInfo | undefined
  let best = Number.NEGATIVE_INFINITY
  let ties = 0
  for (const [i, total] of totals.entries()) {
    if (total < best) continue
    // The n-th of equals replaces those before it with probability 1/n.
    if (total > best) ties = 1
    else if (random() * ++ties >= 1) continue
    best = total
    winner = candidates[i]
  }
  return winner
}

/** `0/5 nodes are available: 2 Insufficient cpu, 3 node(s) were unschedulable.` */
export function summary(nodes: number, { rejections, counts, others }: Infeasible): string {
  const reasons = [...counts].flatMap(([each, count]) =>
    each.reasons.map(reason => [reason, count] as [string, number]),
  )
  const rest = nodes - rejections.size
  if (others && rest > 0) for (const reason of others.reasons) reasons.push([reason, rest])
  return reasons.length > 0
    ? `0/${nodes} nodes are available: ${countedReasons(reasons)}.`
    : `0/${nodes} nodes are available:`
}

export type Choice =
  | { readonly node: string }
  /** No node will do; `message` is upstream's summary for the event and the condition. */
  | { readonly node: undefined; readonly message: string; readonly infeasible: Infeasible }

/** The best node for a pod. Pure: the same snapshot and the same random numbers give the same choice. */
export function chooseNode(
  pod: Pod,
  snapshot: Snapshot,
  plugins: readonly SchedulerPlugin[],
  { random, ...search }: SearchOptions & { readonly random: () => number },
): Choice {
  const cycle: SchedulingCycle = { pod, snapshot, signal: new AbortController().signal }
  const profile = profileOf('', plugins)
  const { nodes, infeasible, message } = findFeasible(cycle, profile.filter, search)
  const [first] = nodes
  if (!first) return { node: undefined, message, infeasible }
  const best = nodes.length === 1 ? first : highest(nodes, totalScores(cycle, profile.score, nodes), random)
  return { node: (best ?? first).name }
}
