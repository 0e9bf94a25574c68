import type { CheckResult } from './check-result.js'

/** Counts like results in a row. */
export interface ProbeTally {
  readonly last?: CheckResult['outcome']
  readonly count: number
  /** What holds until the thresholds say otherwise. */
  readonly verdict?: 'success' | 'failure'
}

export interface Thresholds {
  readonly successThreshold: number
  readonly failureThreshold: number
}

export const noTally: ProbeTally = { count: 0 }

/** The tally after one more result. */
export function tally(before: ProbeTally, { outcome }: CheckResult, thresholds: Thresholds): ProbeTally {
  if (outcome === 'unknown') return before
  const count = before.last === outcome ? before.count + 1 : 1
  const needed = outcome === 'success' ? thresholds.successThreshold : thresholds.failureThreshold
  const verdict = count >= needed ? outcome : before.verdict
  return { last: outcome, count, ...(verdict ? { verdict } : {}) }
}
