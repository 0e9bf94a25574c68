import { maximumScore, type PluginFactory } from '../framework.js'
import type { NodeInfo } from '../node-info.js'
import { type Amounts, podRequest } from '../resources.js'
import { defaultResources, type WeightedResource } from '../scoring-strategy.js'

export interface NodeResourcesBalancedAllocationArgs {
  /** cpu and memory by default. */
  readonly resources?: readonly WeightedResource[]
}

/** Prefers nodes whose resources fill up evenly. */
export const nodeResourcesBalancedAllocation: PluginFactory = (_, args) => {
  const { resources = defaultResources } = (args ?? {}) as NodeResourcesBalancedAllocationArgs
  const names = resources.map(({ name }) => name)
  return {
    name: 'NodeResourcesBalancedAllocation',
    score({ pod }) {
      const { requested } = podRequest(pod)
      // A pod that asks for nothing does not change any balance.
      if (names.every(name => !requested[name])) return undefined
      return {
        score: info => Math.floor((1 - deviation(info, requested, names)) * maximumScore),
        signature: JSON.stringify(requested),
      }
    },
  }
}

/** Standard deviation of the shares of the resources in use, the pod included. */
function deviation({ allocatable, requested }: NodeInfo, extra: Amounts, names: readonly string[]): number {
  const shares: number[] = []
  for (const name of names) {
    const total = allocatable[name] ?? 0
    if (total > 0) shares.push(Math.min(1, ((requested[name] ?? 0) + (extra[name] ?? 0)) / total))
  }
  const [first = 0, second = 0] = shares
  if (shares.length < 2) return 0
  if (shares.length === 2) return Math.abs(first - second) / 2
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
  return Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length)
}
