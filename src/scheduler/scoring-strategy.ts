import { maximumScore, type NodeScorer } from './framework.js'
import type { NodeInfo } from './node-info.js'
import type { PodRequest } from './resources.js'

/** A resource that nodes are compared by, and how much it counts. */
export interface WeightedResource {
  readonly name: string
  /** 1 by default. */
  readonly weight?: number
}

/** What a node gets that is used so far: a point of a line. */
export interface UtilizationPoint {
  /** 0 to 100. */
  readonly utilization: number
  /** 0 to 10. */
  readonly score: number
}

/** Which nodes are the better ones, by what is free on them. */
export interface ScoringStrategy {
  readonly type: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio'
  readonly resources?: readonly WeightedResource[]
  readonly requestedToCapacityRatio?: { readonly shape: readonly UtilizationPoint[] }
}

export const defaultResources: readonly WeightedResource[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
]
export const defaultStrategy: ScoringStrategy = { type: 'LeastAllocated', resources: defaultResources }

/** A point's score is one of ten, a node's one of a hundred. */
const perPoint = maximumScore / 10

/** Grades nodes by a strategy, the pod included in what is used. */
export function strategyScorer(strategy: ScoringStrategy, { compared, requested }: PodRequest): NodeScorer {
  const { type, resources = defaultResources, requestedToCapacityRatio } = strategy
  const isRatio = type === 'RequestedToCapacityRatio'
  const gradeOf = isRatio ? line(requestedToCapacityRatio?.shape ?? []) : type === 'MostAllocated' ? most : least
  // Of resources that only some pods want, only those that this pod wants count.
  const counted = resources.filter(({ name }) => isPlain(name) || (requested[name] ?? 0) > 0)
  return {
    signature: JSON.stringify([compared, requested]),
    score(info) {
      let sum = 0
      let weights = 0
      for (const { name, weight = 1 } of counted) {
        const total = info.allocatable[name] ?? 0
        if (total === 0) continue
        const grade = gradeOf(used(info, name) + ((isPlain(name) ? compared[name] : requested[name]) ?? 0), total)
        if (isRatio && grade <= 0) continue
        sum += grade * weight
        weights += weight
      }
      if (weights === 0) return 0
      return isRatio ? Math.round(sum / weights) : Math.floor(sum / weights)
    },
  }
}

/** Resources that every pod has some use of. */
const isPlain = (name: string): boolean => name === 'cpu' || name === 'memory' || name === 'ephemeral-storage'

const used = (info: NodeInfo, name: string): number => (isPlain(name) ? info.compared[name] : info.requested[name]) ?? 0

const least = (taken: number, total: number): number =>
  taken > total ? 0 : Math.floor(((total - taken) * maximumScore) / total)

const most = (taken: number, total: number): number => Math.floor((Math.min(taken, total) * maximumScore) / total)

/** A line through the points of a shape, level before the first and after the last. */
function line(shape: readonly UtilizationPoint[]): (taken: number, total: number) => number {
  return (taken, total) => {
    const utilization = taken > total ? 100 : Math.floor((taken * 100) / total)
    let before: UtilizationPoint | undefined
    for (const point of shape) {
      if (utilization <= point.utilization) {
        if (!before) return point.score * perPoint
        const rise = (point.score - before.score) * perPoint
        const share = (utilization - before.utilization) / (point.utilization - before.utilization)
        return before.score * perPoint + Math.trunc(rise * share)
      }
      before = point
    }
    return (before?.score ?? 0) * perPoint
  }
}
