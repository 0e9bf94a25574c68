import { maximumScore, type SchedulerPlugin } from '../framework.js'
import type { NodeInfo } from '../node-info.js'
import { type Amounts, podRequest } from '../resources.js'

/** What nodes are compared by. */
const compared = ['cpu', 'memory'] as const

/** A node must have free what the pod asks for; the emptier one is the better one (least allocated). */
export const nodeResourcesFit: SchedulerPlugin = {
  name: 'NodeResourcesFit',
  filter({ pod }) {
    const requests = Object.entries(podRequest(pod).requested).filter(([, amount]) => amount > 0)
    return info => {
      const reasons: string[] = []
      const { allocatable, requested } = info
      if (info.pods.size + 1 > (allocatable['pods'] ?? 0)) reasons.push('Too many pods')
      let impossible = false
      for (const [name, amount] of requests) {
        const total = allocatable[name] ?? 0
        if (amount <= total - (requested[name] ?? 0)) continue
        reasons.push(`Insufficient ${name}`)
        impossible ||= amount > total
      }
      return reasons.length > 0 ? { reasons, unresolvable: impossible } : undefined
    }
  },
  score({ pod }) {
    const { compared: wanted } = podRequest(pod)
    return {
      score(info) {
        let sum = 0
        let counted = 0
        for (const name of compared) {
          const total = info.allocatable[name] ?? 0
          if (total === 0) continue
          counted++
          const taken = (info.compared[name] ?? 0) + (wanted[name] ?? 0)
          if (taken <= total) sum += Math.floor(((total - taken) * maximumScore) / total)
        }
        return counted > 0 ? Math.floor(sum / counted) : 0
      },
    }
  },
}

/** Prefers nodes whose cpu and memory fill up evenly. */
export const nodeResourcesBalancedAllocation: SchedulerPlugin = {
  name: 'NodeResourcesBalancedAllocation',
  score({ pod }) {
    const { requested } = podRequest(pod)
    // A pod that asks for nothing does not change any balance.
    if (compared.every(name => !requested[name])) return undefined
    return { score: info => Math.floor((1 - deviation(info, requested)) * maximumScore) }
  },
}

/** Standard deviation of the shares of the compared resources in use, the pod included. */
function deviation({ allocatable, requested }: NodeInfo, extra: Amounts): number {
  const shares: number[] = []
  for (const name of compared) {
    const total = allocatable[name] ?? 0
    if (total > 0) shares.push(Math.min(1, ((requested[name] ?? 0) + (extra[name] ?? 0)) / total))
  }
  if (shares.length < 2) return 0
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
  return Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length)
}
