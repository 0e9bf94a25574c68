import type { Pod } from '../api/core/v1/index.js'
import { type Feasible, summary } from './choose-node.js'
import type { Extender } from './extender.js'
import type { Rejection } from './framework.js'
import { judgedFurther } from './judged-nodes.js'
import type { NodeInfo } from './node-info.js'

/** What is left of feasible nodes once the extenders have been asked. Throws if one fails that may not be ignored. */
export async function filteredByExtenders(
  extenders: readonly Extender[],
  pod: Pod,
  found: Feasible,
  total: number,
): Promise<Feasible> {
  let { nodes } = found
  const rejections = new Map<string, Rejection>()
  for (const extender of extenders) {
    if (nodes.length === 0) break
    if (!extender.filter || !extender.concerns(pod)) continue
    try {
      const result = await extender.filter(pod, nodes)
      nodes = result.nodes
      for (const [node, rejection] of result.rejections) rejections.set(node, rejection)
    } catch (error) {
      if (!extender.ignorable) throw error
    }
  }
  const infeasible = { ...found.infeasible, ...judgedFurther(found.infeasible, rejections) }
  return { ...found, nodes, infeasible, message: nodes.length > 0 ? '' : summary(total, infeasible) }
}

/** Adds what the extenders think of the nodes to `totals`. One that fails has no say. */
export async function extendedScores(
  extenders: readonly Extender[],
  pod: Pod,
  nodes: readonly NodeInfo[],
  totals: number[],
  onError: (error: unknown) => void,
): Promise<void> {
  await Promise.all(
    extenders.map(async extender => {
      if (!extender.prioritize || !extender.concerns(pod)) return
      try {
        const scores = await extender.prioritize(pod, nodes)
        for (const [i, { name }] of nodes.entries()) totals[i] = (totals[i] ?? 0) + (scores.get(name) ?? 0)
      } catch (error) {
        onError(error)
      }
    }),
  )
}
