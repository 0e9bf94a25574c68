import type { Node, Taint } from '../../api/core/v1/index.js'

export const notReadyTaint = 'node.kubernetes.io/not-ready'
export const unreachableTaint = 'node.kubernetes.io/unreachable'
const unschedulableTaint = 'node.kubernetes.io/unschedulable'

/** Condition -> its status -> the taint that keeps new pods away. */
const conditionTaints: { readonly [type: string]: { readonly [status: string]: string } } = {
  Ready: { False: notReadyTaint, Unknown: unreachableTaint },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
}

const ours: ReadonlySet<string> = new Set([
  unschedulableTaint,
  ...Object.values(conditionTaints).flatMap(statuses => Object.values(statuses)),
])

/** What is to become of the taint that sends pods away: `keep` it as it is, have none, or have this one. */
export type EvictionTaint = 'keep' | 'none' | typeof notReadyTaint | typeof unreachableTaint

const isEviction = ({ key, effect }: Taint): boolean =>
  effect === 'NoExecute' && (key === notReadyTaint || key === unreachableTaint)

/** Whether pods are being sent away from the node because of its state. */
export const evicts = ({ spec }: Node): boolean => spec.taints?.some(isEviction) ?? false

/**
 * The taints a node is to have by its conditions; undefined if it has them. Others' taints are left as they are.
 * `now` is RFC 3339. See https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/.
 */
export function wantedTaints({ spec, status }: Node, eviction: EvictionTaint, now: string): Taint[] | undefined {
  const keepsAway = new Set<string>()
  for (const condition of status.conditions ?? []) {
    const key = conditionTaints[condition.type]?.[condition.status]
    if (key) keepsAway.add(key)
  }
  if (spec.unschedulable) keepsAway.add(unschedulableTaint)
  const sendsAway = new Set<string>(eviction === 'keep' || eviction === 'none' ? [] : [eviction])
  const before = spec.taints ?? []
  const kept = before.filter(taint => {
    if (taint.effect === 'NoSchedule' && ours.has(taint.key)) return keepsAway.delete(taint.key)
    if (isEviction(taint) && eviction !== 'keep') return sendsAway.delete(taint.key)
    return true
  })
  if (kept.length === before.length && keepsAway.size + sendsAway.size === 0) return undefined
  // One that takes the place of the other does not give pods their time anew.
  const since = before.find(isEviction)?.timeAdded ?? now
  return [
    ...kept,
    ...[...keepsAway].map(key => ({ key, effect: 'NoSchedule', timeAdded: now })),
    ...[...sendsAway].map(key => ({ key, effect: 'NoExecute', timeAdded: since })),
  ]
}
