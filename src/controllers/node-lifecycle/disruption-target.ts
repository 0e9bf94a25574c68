import type { Pod, PodCondition } from '../../api/core/v1/index.js'
import { rfc3339 } from '../../machinery/clock.js'

/**
 * The condition that tells why a pod is about to be deleted, for those who count failures:
 * https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions. Undefined if it tells already.
 */
export function disruptionTarget(
  { metadata, status }: Pod,
  reason: string,
  message: string,
  now: number,
): PodCondition | undefined {
  const old = status.conditions?.find(({ type }) => type === 'DisruptionTarget')
  if (old?.status === 'True' && old.reason === reason) return undefined
  const { generation } = metadata
  return {
    type: 'DisruptionTarget',
    status: 'True',
    reason,
    message,
    lastProbeTime: null,
    lastTransitionTime: old?.status === 'True' && old.lastTransitionTime ? old.lastTransitionTime : rfc3339(now),
    ...(generation ? { observedGeneration: generation } : {}),
  }
}
