import { formatQuantity, quantity } from '../machinery/quantity.js'
import { formatDuration } from '../schema/index.js'
import type { UsagePoint } from './resource-metrics-text.js'

/** What was used between two points. */
export interface Usage {
  /** Quantities of `cpu` (cores) and `memory` (bytes). */
  readonly usage: { readonly [resource: string]: string }
  /** The end of the window, in milliseconds since the epoch. */
  readonly time: number
  /** Milliseconds. */
  readonly window: number
}

/** The first point of a container speaks for itself if the container ran so long, in milliseconds, but no longer than the period. */
const shortestWindow = 10_000

/** The point to compare the first point of a container with: its own start, if that was a while, but not long, ago. */
export function startOf(first: UsagePoint, period: number): UsagePoint | undefined {
  const age = first.time - first.startedAt
  if (first.startedAt === 0 || age < shortestWindow || age > Math.max(period, shortestWindow) * 2) return undefined
  return { ...first, time: first.startedAt, cpuNanoseconds: 0, workingSet: 0 }
}

/** Undefined if the points are not of one life, or not one after the other. */
export function usageBetween(before: UsagePoint, last: UsagePoint): Usage | undefined {
  const window = last.time - before.time
  const spent = last.cpuNanoseconds - before.cpuNanoseconds
  if (window <= 0 || spent < 0 || last.startedAt < before.startedAt) return undefined
  const nanocores = Math.floor((spent / window) * 1000)
  return {
    usage: {
      cpu: formatQuantity({ nanos: BigInt(nanocores), format: 'DecimalSI' }),
      memory: formatQuantity(quantity(last.workingSet, 'BinarySI')),
    },
    time: last.time,
    window,
  }
}

/** Milliseconds as the API writes durations. */
export const windowText = (ms: number): string => formatDuration(BigInt(Math.round(ms)) * 1_000_000n)
