import type { ScalingHistory } from './scaling-history.js'
import type { ScalingBehavior, ScalingRules } from './scaling-rules.js'

/** What is decided, and what to say of it. */
export interface Normalized {
  readonly replicas: number
  /** Of the condition AbleToScale, which is true. */
  readonly ableToScale: Reason
  readonly scalingLimited: Reason & { readonly status: boolean }
}

interface Reason {
  readonly reason: string
  readonly message: string
}

export interface Wish {
  readonly current: number
  /** What the metrics ask for. */
  readonly wanted: number
  readonly min: number
  readonly max: number
  /** Milliseconds since the epoch. */
  readonly now: number
}

const ready: Reason = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' }
const inRange: Reason = {
  reason: 'DesiredWithinRange',
  message: 'the desired count is within the acceptable range',
}
const tooFew: Reason = {
  reason: 'TooFewReplicas',
  message: 'the desired replica count is less than the minimum replica count',
}
const tooMany: Reason = {
  reason: 'TooManyReplicas',
  message: 'the desired replica count is more than the maximum replica count',
}
const upLimit: Reason = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
}
const downLimit: Reason = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
}
const upStabilized: Reason = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
}
const downStabilized: Reason = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
}

/**
 * Keeps a wish within the bounds of an autoscaler without rules: the highest recommendation of the window (milliseconds)
 * holds, and nothing more than doubles at a time. Notes the wish in the history.
 */
export function normalize(wish: Wish, history: ScalingHistory, downscaleStabilization: number): Normalized {
  const { current, wanted, min, max, now } = wish
  const stabilized = Math.max(wanted, ...history.recommended(now, downscaleStabilization, true))
  history.recommend(wanted, now, downscaleStabilization)
  const doubled = Math.max(2 * current, 4)
  const [most, why] = max > doubled ? [doubled, upLimit] : [max, tooMany]
  return result(stabilized, stabilized === wanted ? ready : downStabilized, [min, tooFew], [most, why])
}

/** Keeps a wish within the bounds and rules of an autoscaler. Notes the wish in the history. */
export function normalizeByRules(wish: Wish, history: ScalingHistory, behavior: ScalingBehavior): Normalized {
  const { current, wanted, min, max, now } = wish
  const { scaleUp, scaleDown } = behavior
  const upTo = Math.min(wanted, ...history.recommended(now, scaleUp.stabilization))
  const downTo = Math.max(wanted, ...history.recommended(now, scaleDown.stabilization))
  const stabilized = Math.min(Math.max(current, upTo), downTo)
  history.recommend(wanted, now, Math.max(scaleUp.stabilization, scaleDown.stabilization))
  const able = stabilized === wanted ? ready : wanted >= current ? upStabilized : downStabilized
  const unbounded = [Number.NEGATIVE_INFINITY, tooFew] as const
  if (stabilized > current) {
    const limit = Math.max(current, limitOf(scaleUp, 1, current, history, now))
    return result(stabilized, able, unbounded, max > limit ? [limit, upLimit] : [max, tooMany])
  }
  if (stabilized < current) {
    const limit = Math.min(current, limitOf(scaleDown, -1, current, history, now))
    const least = min < limit ? ([limit, downLimit] as const) : ([min, tooFew] as const)
    return result(stabilized, able, least, [Number.POSITIVE_INFINITY, tooMany])
  }
  return result(stabilized, able, unbounded, [Number.POSITIVE_INFINITY, tooMany])
}

type Bound = readonly [replicas: number, why: Reason]

function result(stabilized: number, ableToScale: Reason, [least, few]: Bound, [most, many]: Bound): Normalized {
  const replicas = stabilized < least ? least : stabilized > most ? most : stabilized
  const why = stabilized < least ? few : stabilized > most ? many : inRange
  return { replicas, ableToScale, scalingLimited: { ...why, status: why !== inRange } }
}

/** How far the policies let it go; what changed within a policy's period already counts. `direction` is 1 for up. */
function limitOf(
  { select, policies }: ScalingRules,
  direction: 1 | -1,
  current: number,
  history: ScalingHistory,
  now: number,
): number {
  if (select === 'Disabled') return current
  const limits = policies.map(({ type, value, period }) => {
    const before = history.replicasBefore(period, current, now)
    if (type === 'Pods') return before + direction * value
    const part = before * (1 + (direction * value) / 100)
    // Rounded up, lest a small target could never grow.
    return direction > 0 ? Math.ceil(part) : Math.trunc(part)
  })
  // The smallest change upwards is the lowest number, downwards the highest.
  return (select === 'Min') === direction > 0 ? Math.min(...limits) : Math.max(...limits)
}
