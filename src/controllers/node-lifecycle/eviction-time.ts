import type { Pod, Taint } from '../../api/core/v1/index.js'
import { toleratedFor } from './tolerations.js'

/** Since when, in ms, a pod has been under taints it tolerates for a time, by the taints. */
export type Since = ReadonlyMap<string, number>

export interface EvictionTime {
  /** When, in ms, the pod's time is over: not after now if it is, infinite if it may stay. */
  readonly due: number
  /** To be handed in the next time. */
  readonly since: Since
}

const identity = ({ key, value = '' }: Taint): string => `${key}=${value}`

/**
 * When a pod must leave a node that has these NoExecute taints. `since` is what was found the last time: a taint that
 * does not say when it was added counts from when it was first seen.
 */
export function evictionTime(pod: Pod, taints: readonly Taint[], since: Since, now: number): EvictionTime {
  let due = Number.POSITIVE_INFINITY
  const found = new Map<string, number>()
  for (const taint of taints) {
    const time = toleratedFor(pod.spec.tolerations, taint)
    if (time === Number.POSITIVE_INFINITY) continue
    const id = identity(taint)
    const from = Math.min(since.get(id) ?? now, underSince(pod, taint, now))
    found.set(id, from)
    due = Math.min(due, time === 0 ? now : from + time)
  }
  return { due, since: found }
}

/** The pod came under the taint when the one was added, or the other was bound to the node. */
function underSince({ metadata, status }: Pod, { timeAdded }: Taint, now: number): number {
  if (!timeAdded) return now
  const scheduled = status.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'True')
  const bound = Date.parse(scheduled?.lastTransitionTime ?? metadata.creationTimestamp ?? '')
  const times = [Date.parse(timeAdded), bound].filter(time => !Number.isNaN(time))
  return Math.min(now, Math.max(...times))
}
