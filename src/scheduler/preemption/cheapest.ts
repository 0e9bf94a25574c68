import { priorityOf, startOf } from './importance.js'
import type { Victims } from './victims.js'

/** Makes sums of priorities, which may be negative, count pods as well. */
const perPod = 2 ** 31

/** Each says how dear it is to have the node; the smaller, the better. */
const costs: readonly ((victims: Victims) => number)[] = [
  ({ violations }) => violations,
  ({ pods: [first] }) => (first ? priorityOf(first) : Number.NEGATIVE_INFINITY),
  ({ pods }) => pods.reduce((sum, pod) => sum + priorityOf(pod) + perPod, 0),
  ({ pods }) => pods.length,
  // Of the most important ones, the one that has run longest ought to have started as late as possible.
  ({ pods }) => -Math.min(...pods.filter(pod => pods[0] && priorityOf(pod) === priorityOf(pods[0])).map(startOf)),
]

/** The node whose victims are the smallest loss; of equals the first. */
export function cheapest(candidates: ReadonlyMap<string, Victims>): string | undefined {
  let left = [...candidates]
  for (const cost of costs) {
    if (left.length <= 1) break
    const values = left.map(([, victims]) => cost(victims))
    const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
    left = left.filter((_, i) => values[i] === least)
  }
  return left[0]?.[0]
}
