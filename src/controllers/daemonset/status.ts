import type { DaemonSetStatus } from '../../api/apps/v1/index.js'
import { podAvailableAt, podReady } from '../pod-state.js'
import { isUpdated, nodeFit } from './daemon-pod.js'
import { isAvailable, type Observed, oldestFirst, podsByNode } from './plan.js'

export interface ObservedDaemons {
  readonly status: DaemonSetStatus
  /** Ms until the next ready pod becomes available; undefined if none is about to. */
  readonly nextAvailable: number | undefined
}

/** The status that a daemon set's nodes and pods amount to. */
export function observeDaemons(observed: Observed, collisionCount: number | undefined): ObservedDaemons {
  const { set, nodes, pods, version, now } = observed
  const fit = nodeFit(set)
  const byNode = podsByNode(pods)
  const counts = { desired: 0, current: 0, misscheduled: 0, ready: 0, available: 0, updated: 0 }
  let next: number | undefined
  for (const node of nodes) {
    const [pod] = oldestFirst(byNode.get(node.metadata.name ?? '') ?? [])
    if (!fit(node).starts) {
      if (pod) counts.misscheduled++
      continue
    }
    counts.desired++
    if (!pod) continue
    counts.current++
    if (isUpdated(pod, version)) counts.updated++
    if (podReady(pod)) counts.ready++
    if (isAvailable(pod, observed)) counts.available++
  }
  for (const pod of pods) {
    const at = podAvailableAt(pod, set.spec.minReadySeconds ?? 0)
    if (at !== undefined && at > now && (next === undefined || at < next)) next = at
  }
  const unavailable = counts.desired - counts.available
  const { conditions } = set.status
  return {
    status: {
      currentNumberScheduled: counts.current,
      numberMisscheduled: counts.misscheduled,
      desiredNumberScheduled: counts.desired,
      numberReady: counts.ready,
      ...(set.metadata.generation ? { observedGeneration: set.metadata.generation } : {}),
      ...(counts.updated ? { updatedNumberScheduled: counts.updated } : {}),
      ...(counts.available ? { numberAvailable: counts.available } : {}),
      ...(unavailable ? { numberUnavailable: unavailable } : {}),
      ...(collisionCount === undefined ? {} : { collisionCount }),
      ...(conditions ? { conditions } : {}),
    },
    nextAvailable: next === undefined ? undefined : next - now,
  }
}
