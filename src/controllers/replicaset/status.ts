import type { ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from '../../api/apps/v1/index.js'
import type { Pod } from '../../api/core/v1/index.js'
import { rfc3339 } from '../../machinery/clock.js'
import { podActive, podAvailableAt, podReady, podTerminating } from '../pod-state.js'

/** What kept the wanted number of pods from being. */
export interface ReplicaFailure {
  readonly reason: 'FailedCreate' | 'FailedDelete'
  readonly message: string
}

export interface ObservedReplicas {
  readonly status: ReplicaSetStatus
  /** Ms until the next ready pod becomes available; undefined if none is about to. */
  readonly nextAvailable: number | undefined
}

/** The status that the pods of a replica set, finished and terminating ones included, amount to. */
export function observeReplicas(
  set: ReplicaSet,
  pods: readonly Pod[],
  failure: ReplicaFailure | undefined,
  now: number,
): ObservedReplicas {
  const { minReadySeconds = 0, template } = set.spec
  const wanted = Object.entries(template.metadata?.labels ?? {})
  const counts = { replicas: 0, labelled: 0, ready: 0, available: 0, terminating: 0 }
  let next: number | undefined
  for (const pod of pods) {
    if (podTerminating(pod)) counts.terminating++
    if (!podActive(pod)) continue
    counts.replicas++
    if (wanted.every(([key, value]) => pod.metadata.labels?.[key] === value)) counts.labelled++
    if (!podReady(pod)) continue
    counts.ready++
    const at = podAvailableAt(pod, minReadySeconds)
    if (at === undefined) continue
    if (at <= now) counts.available++
    else if (next === undefined || at < next) next = at
  }
  const conditions = conditionsOf(set.status.conditions ?? [], failure, now)
  return {
    status: {
      replicas: counts.replicas,
      ...(counts.labelled ? { fullyLabeledReplicas: counts.labelled } : {}),
      ...(counts.ready ? { readyReplicas: counts.ready } : {}),
      ...(counts.available ? { availableReplicas: counts.available } : {}),
      terminatingReplicas: counts.terminating,
      ...(set.metadata.generation ? { observedGeneration: set.metadata.generation } : {}),
      ...(conditions.length > 0 ? { conditions } : {}),
    },
    nextAvailable: next === undefined ? undefined : next - now,
  }
}

function conditionsOf(
  old: readonly ReplicaSetCondition[],
  failure: ReplicaFailure | undefined,
  now: number,
): readonly ReplicaSetCondition[] {
  const others = old.filter(({ type }) => type !== 'ReplicaFailure')
  if (!failure) return others
  const known = old.find(({ type }) => type === 'ReplicaFailure')
  // The same failure once more is no news, whatever its words.
  if (known?.status === 'True' && known.reason === failure.reason) return old
  return [
    ...others,
    {
      type: 'ReplicaFailure',
      status: 'True',
      lastTransitionTime: known?.status === 'True' ? (known.lastTransitionTime ?? null) : rfc3339(now),
      reason: failure.reason,
      message: failure.message,
    },
  ]
}
