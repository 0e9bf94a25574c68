import type { Pod } from '../../api/core/v1/index.js'
import type { PodDisruptionBudget } from '../../api/policy/v1/index.js'
import type { PodFilters, Rejection } from '../framework.js'
import type { NodeInfo } from '../node-info.js'
import { violating } from './disruption-budgets.js'
import { byImportance, priorityOf } from './importance.js'
import type { Victims } from './victims.js'

const nobody: Rejection = { reasons: ['No preemption victims found for incoming pod'], unresolvable: true }

/**
 * Who would have to leave a node so that `pod` can have it: of the pods with lower priority as few as possible, the less
 * important ones rather than others, and those whose budget allows it rather than those whose does not. A rejection if
 * it would not help if all of them left.
 */
export function selectVictims(
  pod: Pod,
  node: NodeInfo,
  filters: PodFilters,
  budgets: readonly PodDisruptionBudget[],
): Victims | Rejection {
  const priority = priorityOf(pod)
  if (!node.hasPodsBelow(priority)) return nobody
  const candidates: Pod[] = []
  for (const other of node.pods.values()) if (priorityOf(other) < priority) candidates.push(other)
  const rest = node.copy()
  const gone = new Set<Pod>()
  const leave = (other: Pod) => {
    rest.remove(other.metadata.uid ?? '')
    filters.podRemoved(other, rest)
    gone.add(other)
  }
  const stay = (other: Pod) => {
    rest.add(other)
    filters.podAdded(other, rest)
    gone.delete(other)
  }
  try {
    for (const other of candidates) leave(other)
    const rejection = filters.judge(rest)
    if (rejection) return rejection
    candidates.sort(byImportance)
    const protectedPods = violating(candidates, budgets)
    const victims: Pod[] = []
    let violations = 0
    for (const isProtected of [true, false])
      for (const other of candidates) {
        if (protectedPods.has(other) !== isProtected) continue
        stay(other)
        if (!filters.judge(rest)) continue
        leave(other)
        victims.push(other)
        if (isProtected) violations++
      }
    return { pods: violations > 0 ? victims.sort(byImportance) : victims, violations }
  } finally {
    // The filters are to know the cluster again as it is.
    for (const other of gone) filters.podAdded(other, node)
  }
}
