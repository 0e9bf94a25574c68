import type { Pod } from '../api/core/v1/index.js'
import {
  countedReasons,
  type NodeFilter,
  type Rejection,
  type SchedulerPlugin,
  type Snapshot,
  Unschedulable,
} from './framework.js'
import type { NodeInfo } from './node-info.js'

export type Choice =
  | { readonly node: string; readonly evaluated: number; readonly feasible: number }
  /** No node will do; `message` is upstream's summary for the event and the condition. */
  | { readonly node: undefined; readonly message: string; readonly rejections: ReadonlyMap<string, Rejection> }

export interface ChooseOptions {
  /** Where in the list of nodes to begin, so that all of them get their turn. */
  readonly start?: number
  /** Between 0 and 1; breaks ties. */
  readonly random: () => number
}

/** Below so many nodes all are looked at; of more, a share, as upstream samples them. */
const minimumSample = 100

/** How many feasible nodes are enough to choose from. */
export function sampleSize(nodes: number): number {
  if (nodes < minimumSample) return nodes
  const percentage = Math.max(5, 50 - Math.floor(nodes / 125))
  return Math.max(minimumSample, Math.floor((nodes * percentage) / 100))
}

/** The best node for a pod. Pure: the same snapshot and the same random numbers give the same choice. */
export function chooseNode(
  pod: Pod,
  snapshot: Snapshot,
  plugins: readonly SchedulerPlugin[],
  { start = 0, random }: ChooseOptions,
): Choice {
  const { nodes } = snapshot
  if (nodes.length === 0)
    return { node: undefined, message: 'no nodes available to schedule pods', rejections: new Map() }
  let filters: NodeFilter[]
  try {
    filters = plugins.flatMap(plugin => plugin.filter?.(pod, snapshot) ?? [])
  } catch (error) {
    if (!(error instanceof Unschedulable)) throw error
    const message = `0/${nodes.length} nodes are available: ${error.message}.`
    return { node: undefined, message, rejections: new Map() }
  }
  const wanted = sampleSize(nodes.length)
  const feasible: NodeInfo[] = []
  const rejections = new Map<string, Rejection>()
  let evaluated = 0
  for (; evaluated < nodes.length && feasible.length < wanted; evaluated++) {
    const node = nodes[(start + evaluated) % nodes.length]
    if (!node) continue
    const rejection = firstRejection(filters, node)
    if (rejection) rejections.set(node.name, rejection)
    else feasible.push(node)
  }
  const [only] = feasible
  if (!only) return { node: undefined, message: summary(nodes.length, rejections), rejections }
  const chosen = feasible.length === 1 ? only : best(pod, snapshot, plugins, feasible, random)
  return { node: chosen.name, evaluated, feasible: feasible.length }
}

function firstRejection(filters: readonly NodeFilter[], node: NodeInfo): Rejection | undefined {
  for (const filter of filters) {
    const rejection = filter(node)
    if (rejection) return rejection
  }
  return undefined
}

function best(
  pod: Pod,
  snapshot: Snapshot,
  plugins: readonly SchedulerPlugin[],
  candidates: readonly NodeInfo[],
  random: () => number,
): NodeInfo {
  const totals = new Array<number>(candidates.length).fill(0)
  for (const { score, weight = 1 } of plugins) {
    const scorer = score?.(pod, snapshot, candidates)
    if (!scorer) continue
    const raw = candidates.map(node => scorer.score(node))
    const scores = scorer.normalize?.(raw) ?? raw
    for (const [i, value] of scores.entries()) totals[i] = (totals[i] ?? 0) + value * weight
  }
  let winner = candidates[0] as NodeInfo
  let highest = Number.NEGATIVE_INFINITY
  let ties = 0
  for (const [i, total] of totals.entries()) {
    const candidate = candidates[i]
    if (!candidate || total < highest) continue
    // Every one of the equals is as likely: the n-th replaces those before it with probability 1/n.
    if (total > highest) ties = 1
    else if (random() * ++ties >= 1) continue
    highest = total
    winner = candidate
  }
  return winner
}

/** `0/5 nodes are available: 2 Insufficient cpu, 3 node(s) were unschedulable.` */
export function summary(nodes: number, rejections: ReadonlyMap<string, Rejection>): string {
  const reasons = [...rejections.values()].flatMap(({ reasons }) => reasons)
  return `0/${nodes} nodes are available: ${countedReasons(reasons)}.`
}
