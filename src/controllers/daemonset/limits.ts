import type { DaemonSet } from '../../api/apps/v1/index.js'
import { scaledValue } from '../../machinery/int-or-string.js'

/** Nodes whose pod may be away, and nodes that may have one more, while an update goes on. */
export interface DaemonLimits {
  readonly maxUnavailable: number
  readonly maxSurge: number
}

/** Shares are rounded up; if both come to 0, one may be unavailable, or nothing could move. */
export function daemonLimits({ spec }: DaemonSet, desired: number): DaemonLimits {
  const { type, rollingUpdate } = spec.updateStrategy
  if (type !== 'RollingUpdate') return { maxUnavailable: 0, maxSurge: 0 }
  const maxSurge = scaledValue(rollingUpdate?.maxSurge ?? 0, desired, true)
  const maxUnavailable = scaledValue(rollingUpdate?.maxUnavailable ?? 1, desired, true)
  return { maxSurge, maxUnavailable: desired > 0 && maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable }
}
