import type { Pod } from '../api/core/v1/index.js'
import type { EventInterest } from './cluster-event.js'
import type { DomainTotals } from './domain-counts.js'
import type { NodeInfo } from './node-info.js'
import type { PluginHandle } from './plugin-handle.js'
import type { PlacedTerm, PodQuery } from './pod-index.js'
import type { CountsByNode } from './pod-tally.js'
import type { Surroundings } from './surroundings.js'

/** All nodes as they are at the beginning of a pod's scheduling. Not to be changed. */
export interface Snapshot extends Surroundings {
  /** Nodes that exist, those of different zones in turns; the same order until one comes or goes. */
  readonly nodes: readonly NodeInfo[]
  get(name: string): NodeInfo | undefined
  /** How many pods on which nodes meet a query. Cheap to ask again, for pods of one kind too. */
  podCounts(query: PodQuery): CountsByNode
  /** The same by domain: nodes' values of a label. */
  podDomains(query: PodQuery, topologyKey: string): DomainTotals
  /** How many nodes have a label. */
  nodesWithLabel(key: string): number
  /** How many nodes have taints with this effect. */
  nodesWithTaint(effect: string): number
  /** Affinity and anti-affinity terms of pods on nodes that select the pod. */
  termsSelecting(pod: Pod): readonly PlacedTerm[]
  /** On how many nodes an image is. */
  imageSpread(image: string): number
}

/**
 * One attempt to place one pod. A plugin that remembers something from one extension point to a later one keeps it in
 * a `WeakMap` by the cycle: it is gone with the attempt.
 */
export interface SchedulingCycle {
  readonly pod: Pod
  readonly snapshot: Snapshot
  /** Aborts when the pod needs no node any more, or the scheduler stops. */
  readonly signal: AbortSignal
}

/** Why a node will not do. Give the same object again for the same reason: thousands of nodes may have it. */
export interface Rejection {
  /** As events show it, counted over nodes: `Insufficient cpu`. */
  readonly reasons: readonly string[]
  /** Removing pods from the node would not help (upstream's UnschedulableAndUnresolvable). */
  readonly unresolvable?: boolean
  /** The plugin that says so; filled in by the framework. */
  readonly plugin?: string
}

export type NodeFilterFunction = (node: NodeInfo) => Rejection | undefined

/** Judges nodes for the pod it was made for. */
export interface NodeFilter {
  /** Undefined lets the node pass. It may be asked about a node as it would be with other pods than it has. */
  readonly filter: NodeFilterFunction
  /**
   * What the verdict depends on beside the node, its pods included, as text: filters with equal signatures judge equally.
   * Only with one are verdicts kept from one pod to the next; leave it out if more counts than the node and the pod.
   */
  readonly signature?: string
  /** Only these nodes come into question; the others are not looked at. */
  readonly nodes?: ReadonlySet<string>
  /**
   * What the filter has prepared from other nodes' pods is to count this pod on that node, until `podRemoved` is told of
   * the same: nominated pods, and pods that preemption tries without. Needed only where more than the node itself counts.
   */
  readonly podAdded?: (pod: Pod, node: NodeInfo) => void
  /** The opposite of `podAdded`. */
  readonly podRemoved?: (pod: Pod, node: NodeInfo) => void
}

/** Grades nodes for the pod it was made for. */
export interface NodeScorer {
  /** Any finite number; `normalize` brings it to 0..100. */
  score(node: NodeInfo): number
  /** Maps the scores of all candidates to 0..100; without it they are so already. */
  normalize?(scores: readonly number[]): readonly number[]
  /** As `NodeFilter.signature`. */
  readonly signature?: string
}

export const maximumScore = 100

/** The filters of one attempt together, for those who ask what if. */
export interface PodFilters {
  /** The plugins that let only some nodes come into question. */
  readonly narrowedBy: readonly string[]
  /** Pods with equal signatures get equal verdicts on equal nodes; undefined if more than the node counts. */
  readonly signature: string | undefined
  /** The first rejection; nominated pods of the same or higher priority count as if they were on the node. */
  judge(node: NodeInfo): Rejection | undefined
  podAdded(pod: Pod, node: NodeInfo): void
  podRemoved(pod: Pod, node: NodeInfo): void
}

/** A pod that no node would have. */
export interface Infeasible {
  /** By the name of the node. */
  readonly rejections: Pick<ReadonlyMap<string, Rejection>, 'get' | 'size'>
  /** How many nodes there are with each of these rejections. */
  readonly counts: ReadonlyMap<Rejection, number>
  /** What holds for all nodes that `rejections` does not name. */
  readonly others: Rejection | undefined
  /** Undefined where the pod was rejected before any node was looked at. */
  readonly filters: PodFilters | undefined
}

/** What has been done for a pod that no node would have. */
export interface PostFilterResult {
  /** Part of the pod's event. */
  readonly message: string
  /** Where there will be room for the pod; empty takes an earlier nomination back; undefined leaves it. */
  readonly nominatedNode?: string
}

/** A pod in the queue, as `queueSort` sees it. */
export interface QueuedPod {
  readonly pod: Pod
  /** When it came or was last tried in vain, in ms since the epoch. */
  readonly timestamp: number
}

export type Eventually<T> = T | Promise<T>

/**
 * A plugin takes part at the extension points it has functions for. `filter` and `score` are given the pod once per
 * attempt, do their preparation there (upstream's PreFilter and PreScore), and answer with what is run per node:
 * undefined where the plugin has nothing to say about the pod, which costs nothing per node.
 *
 * A plugin throws `Unschedulable` to reject the pod, anything else if it fails; either way the pod is tried again.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/scheduling-framework/
 */
export interface SchedulerPlugin {
  readonly name: string
  /** How much its score counts, unless the configuration says otherwise; 1 by default. */
  readonly weight?: number
  /** Changes that may make a pod schedulable that this plugin has rejected; without it, any change may. */
  readonly events?: readonly EventInterest[]
  /** Whose turn is first: negative if `a`'s. All profiles use the same one. */
  readonly queueSort?: (a: QueuedPod, b: QueuedPod) => number
  /** Holds a pod back before it is tried at all: the reason, or undefined to let it in. */
  readonly preEnqueue?: (pod: Pod) => string | undefined
  /** PreFilter and Filter. Throw `Unschedulable` to reject the pod on all nodes at once. */
  readonly filter?: (cycle: SchedulingCycle) => NodeFilter | NodeFilterFunction | undefined
  /** When no node will do: makes room, or says why not. The first that nominates a node is the last asked. */
  readonly postFilter?: (cycle: SchedulingCycle, infeasible: Infeasible) => Eventually<PostFilterResult | undefined>
  /**
   * PreScore and Score. `candidates` are the nodes that passed all filters; there are none where it is only asked whether
   * the plugin has something to say about the pod, and whether it signs.
   */
  readonly score?: (cycle: SchedulingCycle, candidates: readonly NodeInfo[]) => NodeScorer | undefined
  /** Sets aside what the pod needs on the node, in memory. */
  readonly reserve?: (cycle: SchedulingCycle, node: string) => void
  /** Takes `reserve` back, also if it failed or was not reached; must not throw. */
  readonly unreserve?: (cycle: SchedulingCycle, node: string) => void
  /** A promise holds the pod back until it resolves, while others are scheduled; obey the cycle's signal. */
  readonly permit?: (cycle: SchedulingCycle, node: string) => Eventually<void>
  /** What must be done before the pod is bound; undefined if there is nothing. Obey the cycle's signal. */
  readonly preBind?: (cycle: SchedulingCycle, node: string) => Promise<void> | undefined
  /** Binds the pod and answers true, or leaves it to the next plugin. */
  readonly bind?: (cycle: SchedulingCycle, node: string) => Promise<boolean>
  readonly postBind?: (cycle: SchedulingCycle, node: string) => void
}

/** Makes a plugin for one profile. `args` are those of the profile's `pluginConfig`, undefined if it has none. */
export type PluginFactory = (handle: PluginHandle, args: unknown) => SchedulerPlugin

/** A pod cannot be placed. As a rule removing other pods would not help; `resolvable` says that it might. */
export class Unschedulable extends Error {
  /** Who says so; filled in by the framework. */
  plugin = ''

  constructor(
    message: string,
    readonly resolvable = false,
  ) {
    super(message)
  }
}

/** Brings scores to 0..100 in proportion to the greatest; `reverse` makes the greatest the worst. */
export function normalized(scores: readonly number[], reverse = false): readonly number[] {
  let greatest = 0
  for (const score of scores) if (score > greatest) greatest = score
  if (greatest === 0) return reverse ? scores.map(() => maximumScore) : scores
  return scores.map(score => {
    const share = Math.floor((maximumScore * score) / greatest)
    return reverse ? maximumScore - share : share
  })
}

/** Reasons as events list them: `2 Insufficient cpu, 3 node(s) were unschedulable`. */
export function countedReasons(reasons: Iterable<readonly [reason: string, nodes: number]>): string {
  const counts = new Map<string, number>()
  for (const [reason, nodes] of reasons) counts.set(reason, (counts.get(reason) ?? 0) + nodes)
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ')
}
