import type { Pod } from '../api/core/v1/index.js'
import { countedReasons, type Rejection, type Snapshot } from './framework.js'

/**
 * What taking something from others would do for a pod that no node will have, for its event, in upstream's words:
 * first device claims, then room. Undefined if there are pods of lower priority whose room might do.
 */
export function preemptionOutcome(
  { spec }: Pod,
  snapshot: Snapshot,
  rejections: ReadonlyMap<string, Rejection>,
): string | undefined {
  // A pod that was rejected as a whole never came to where its device claims are looked at.
  if (rejections.size === 0) return 'not found'
  const devices = spec.resourceClaims?.length ? 'still not schedulable' : 'no new claims to deallocate'
  if (spec.preemptionPolicy === 'Never') return `${devices}, preemption: not eligible due to preemptionPolicy=Never.`
  const priority = spec.priority ?? 0
  const reasons: string[] = []
  for (const node of snapshot.nodes) {
    const rejection = rejections.get(node.name)
    if (!rejection || rejection.unresolvable) reasons.push('Preemption is not helpful for scheduling')
    else if (node.hasPodsBelow(priority)) return undefined
    else reasons.push('No preemption victims found for incoming pod')
  }
  return `${devices}, preemption: 0/${snapshot.nodes.length} nodes are available: ${countedReasons(reasons)}.`
}
