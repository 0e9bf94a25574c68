import type { Pod } from '../api/core/v1/index.js'
import type { NodeInfo } from './node-info.js'
import type { CountsByNode, PlacedTerm, PodQuery } from './pod-index.js'
import type { Surroundings } from './surroundings.js'

/** All nodes as they are at the beginning of a pod's scheduling. Not to be changed. */
export interface Snapshot extends Surroundings {
  /** Nodes that exist, in a stable order. */
  readonly nodes: readonly NodeInfo[]
  get(name: string): NodeInfo | undefined
  /** How many pods on which nodes meet a query. Cheap to ask again, for pods of one kind too. */
  podCounts(query: PodQuery): CountsByNode
  /** Affinity and anti-affinity terms of pods on nodes that select the pod. */
  termsSelecting(pod: Pod): readonly PlacedTerm[]
}

/** Why a node will not do. */
export interface Rejection {
  /** As events show it, counted over nodes: `Insufficient cpu`. */
  readonly reasons: readonly string[]
  /** Removing pods from the node would not help. */
  readonly unresolvable?: boolean
}

/** Judges one node for the pod it was made for; undefined lets it pass. */
export type NodeFilter = (node: NodeInfo) => Rejection | undefined

/** Grades nodes for the pod it was made for. */
export interface NodeScorer {
  /** Any finite number; `normalize` brings it to 0..100. */
  score(node: NodeInfo): number
  /** Maps the scores of all candidates to 0..100; without it they are so already. */
  normalize?(scores: readonly number[]): readonly number[]
}

export const maximumScore = 100

/**
 * A plugin takes part at the points it has functions for. `filter` and `score` are given the pod once per attempt, do
 * their preparation there, and answer with what is run per node: undefined where the plugin has nothing to say about
 * the pod, which costs nothing per node. https://kubernetes.io/docs/concepts/scheduling-eviction/scheduling-framework/
 */
export interface SchedulerPlugin {
  readonly name: string
  /** Holds a pod back before it is tried at all: the reason, or undefined to let it in. */
  readonly preEnqueue?: (pod: Pod) => string | undefined
  /** Throw `Unschedulable` to reject the pod on all nodes at once. */
  readonly filter?: (pod: Pod, snapshot: Snapshot) => NodeFilter | undefined
  /** `candidates` are the nodes that passed all filters. */
  readonly score?: (pod: Pod, snapshot: Snapshot, candidates: readonly NodeInfo[]) => NodeScorer | undefined
  /** How much its score counts; 1 by default. */
  readonly weight?: number
}

/** A pod cannot be placed anywhere, whatever the nodes are. */
export class Unschedulable extends Error {}

/** Brings scores to 0..100 in proportion to the greatest; `reverse` makes the greatest the worst. */
export function normalized(scores: readonly number[], reverse = false): readonly number[] {
  const greatest = Math.max(0, ...scores)
  if (greatest === 0) return scores.map(() => (reverse ? maximumScore : 0))
  return scores.map(score => {
    const share = Math.floor((maximumScore * score) / greatest)
    return reverse ? maximumScore - share : share
  })
}

/** Reasons as events list them: `2 Insufficient cpu, 3 node(s) were unschedulable`. */
export function countedReasons(reasons: Iterable<string>): string {
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ')
}
