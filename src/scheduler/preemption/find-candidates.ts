import type { Pod } from '../../api/core/v1/index.js'
import type { PodDisruptionBudget } from '../../api/policy/v1/index.js'
import { countedReasons, type Infeasible, type Rejection, type Snapshot } from '../framework.js'
import { selectVictims } from './select-victims.js'
import type { Victims } from './victims.js'

/** How many nodes with victims are enough to choose from. */
export interface CandidateLimits {
  /** Of the nodes in question. */
  readonly minCandidateNodesPercentage: number
  readonly minCandidateNodesAbsolute: number
}

export const defaultLimits: CandidateLimits = { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100 }

export interface Candidates {
  readonly victims: ReadonlyMap<string, Victims>
  /** Why the other nodes are none, for the pod's event. */
  readonly message: () => string
}

const notHelpful = 'Preemption is not helpful for scheduling'

/**
 * Tries on nodes, beginning somewhere, whether the pod could have them if others left. Stops when there are enough of
 * them and at least one breaks no budget. `random` is between 0 and 1; `select` tries one node.
 */
export function findCandidates(
  pod: Pod,
  snapshot: Snapshot,
  { rejections, counts, others, filters }: Infeasible,
  budgets: readonly PodDisruptionBudget[],
  limits: CandidateLimits,
  random: () => number,
  select: typeof selectVictims = selectVictims,
): Candidates {
  const { nodes } = snapshot
  const total = nodes.length
  const isHopeful = (rejection: Rejection | undefined): boolean => rejection !== undefined && !rejection.unresolvable
  let hopeful = isHopeful(others) ? total - rejections.size : 0
  for (const [rejection, count] of counts) if (isHopeful(rejection)) hopeful += count
  const wanted = enough(hopeful, limits)
  const offset = Math.floor(random() * total)
  const victims = new Map<string, Victims>()
  const failures: Rejection[] = []
  let harmless = 0
  for (let i = 0; i < total && filters && hopeful > 0; i++) {
    if (victims.size >= wanted && harmless > 0) break
    const node = nodes[(offset + i) % total]
    if (!node || !isHopeful(rejections.get(node.name) ?? others)) continue
    const result = select(pod, node, filters, budgets)
    if ('reasons' in result) failures.push(result)
    else {
      victims.set(node.name, result)
      if (result.violations === 0) harmless++
    }
  }
  return {
    victims,
    message() {
      const reasons: [string, number][] = failures.flatMap(each =>
        each.reasons.map(reason => [reason, 1] as [string, number]),
      )
      if (total > failures.length) reasons.push([notHelpful, total - failures.length])
      return `preemption: 0/${total} nodes are available: ${countedReasons(reasons)}.`
    },
  }
}

function enough(nodes: number, { minCandidateNodesPercentage, minCandidateNodesAbsolute }: CandidateLimits): number {
  const share = Math.floor((nodes * minCandidateNodesPercentage) / 100)
  return Math.min(nodes, Math.max(share, minCandidateNodesAbsolute))
}
