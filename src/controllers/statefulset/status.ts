import type { StatefulSetStatus } from '../../api/apps/v1/index.js'
import { podAvailableAt } from '../pod-state.js'
import { ordinalOf, podRevision, wantedReplicas } from './identity.js'
import { isAvailable, isRunningAndReady, type Observed } from './plan.js'

export interface ObservedStatefulSet {
  readonly status: StatefulSetStatus
  /** Ms until the next ready pod becomes available; undefined if none is about to. */
  readonly nextAvailable: number | undefined
}

/** The status that a set's pods amount to. An update that is through becomes the current revision. */
export function observeStatefulSet(observed: Observed, collisionCount: number): ObservedStatefulSet {
  const { set, pods, currentRevision, updateRevision, now } = observed
  const counts = { replicas: 0, ready: 0, available: 0, current: 0, updated: 0 }
  let next: number | undefined
  for (const pod of pods) {
    if (ordinalOf(set, pod) === undefined) continue
    counts.replicas++
    if (isRunningAndReady(pod)) counts.ready++
    if (isAvailable(pod, observed)) counts.available++
    const at = podAvailableAt(pod, set.spec.minReadySeconds ?? 0)
    if (at !== undefined && at > now && (next === undefined || at < next)) next = at
    if (pod.metadata.deletionTimestamp) continue
    if (podRevision(pod) === currentRevision) counts.current++
    if (podRevision(pod) === updateRevision) counts.updated++
  }
  const wanted = wantedReplicas(set)
  const complete =
    set.spec.updateStrategy.type === 'RollingUpdate' &&
    counts.updated === wanted &&
    counts.ready === wanted &&
    counts.replicas === wanted
  const current = complete ? counts.updated : counts.current
  const { conditions } = set.status
  return {
    status: {
      ...(set.metadata.generation ? { observedGeneration: set.metadata.generation } : {}),
      replicas: counts.replicas,
      ...(counts.ready ? { readyReplicas: counts.ready } : {}),
      ...(current ? { currentReplicas: current } : {}),
      ...(counts.updated ? { updatedReplicas: counts.updated } : {}),
      currentRevision: complete ? updateRevision : currentRevision,
      updateRevision,
      collisionCount,
      ...(conditions ? { conditions } : {}),
      availableReplicas: counts.available,
    },
    nextAvailable: next === undefined ? undefined : next - now,
  }
}
