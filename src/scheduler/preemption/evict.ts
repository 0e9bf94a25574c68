import { Pod } from '../../api/core/v1/index.js'
import { rfc3339 } from '../../machinery/clock.js'
import { isNotFound } from '../../machinery/status-error.js'
import type { PluginHandle } from '../plugin-handle.js'

/** Why a pod is being deleted, for its controllers: https://kubernetes.io/docs/concepts/workloads/pods/disruptions/ */
export const preemptionReason = 'PreemptionByScheduler'

/** Makes a pod leave its node in favour of `preemptor`, with its grace period. Throws what the client throws. */
export async function evict(
  { client, clock, events, rejectWaiting }: PluginHandle,
  victim: Pod,
  node: string,
  preemptor: Pod,
): Promise<void> {
  const { uid = '', generation } = victim.metadata
  const scheduler = preemptor.spec.schedulerName ?? ''
  // One that waits for a permit has not been bound: it goes back into the queue.
  if (rejectWaiting(uid, 'preempted')) return tell()
  const known = victim.status.conditions?.find(({ type }) => type === 'DisruptionTarget')
  if (known?.status !== 'True' || known.reason !== preemptionReason) {
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: preemptionReason,
      message: `${scheduler}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: known?.status === 'True' ? known.lastTransitionTime : rfc3339(clock.now()),
      lastProbeTime: null,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    }
    const body = { metadata: { uid }, status: { conditions: [condition] } }
    await client
      .patch(Pod, victim.metadata, { type: 'strategic', body }, { subresource: 'status' })
      .catch(ignoreMissing)
  }
  await client.delete(Pod, victim.metadata, { preconditions: { uid } }).catch(ignoreMissing)
  tell()

  function tell(): void {
    const message = `Preempted by pod ${preemptor.metadata.uid} on node ${node}`
    events.record(victim, 'Normal', 'Preempted', message, { action: 'Preempting', related: preemptor })
  }
}

/** Takes back the nomination of a pod whose room another pod takes. Throws what the client throws. */
export async function clearNomination({ client, nominated }: PluginHandle, pod: Pod): Promise<void> {
  nominated.delete(pod.metadata.uid ?? '')
  const body = { metadata: { uid: pod.metadata.uid }, status: { nominatedNodeName: null } }
  await client.patch(Pod, pod.metadata, { type: 'strategic', body }, { subresource: 'status' }).catch(ignoreMissing)
}

function ignoreMissing(error: unknown): undefined {
  if (isNotFound(error)) return undefined
  throw error
}
