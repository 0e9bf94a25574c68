import { priorityOf, startOf } from './importance.js'
import type { Victims } from './victims.js'

/** Makes sums of priorities, which may be negative, count pods as well. */
const perPod = 2 ** 31

const known = new WeakMap<Victims, readonly number[]>()

/** How dear it is to have a node: the smaller, the better; the first in which two differ decides. */
function costsOf(victims: Victims): readonly number[] {
  let costs = known.get(victims)
  if (!costs) known.set(victims, (costs = worked(victims)))
  return costs
}

function worked({ pods, violations }: Victims): readonly number[] {
  const [first] = pods
  const highest = first ? priorityOf(first) : Number.NEGATIVE_INFINITY
  let sum = 0
  // Of the most important ones, the one that has run longest ought to have started as late as possible.
  let earliest = Number.POSITIVE_INFINITY
  for (const pod of pods) {
    sum += priorityOf(pod) + perPod
    if (priorityOf(pod) === highest) earliest = Math.min(earliest, startOf(pod))
  }
  return [violations, highest, sum, pods.length, -earliest]
}

/** The node whose victims are the smallest loss; of equals the first. */
export function cheapest(candidates: ReadonlyMap<string, Victims>): string | undefined {
  let best: string | undefined
  let least: readonly number[] = []
  for (const [node, victims] of candidates) {
    const costs = costsOf(victims)
    if (best !== undefined && !isLess(costs, least)) continue
    best = node
    least = costs
  }
  return best
}

function isLess(left: readonly number[], right: readonly number[]): boolean {
  for (let i = 0; i < left.length; i++) {
    const [a = 0, b = 0] = [left[i], right[i]]
    if (a !== b) return a < b
  }
  return false
}
