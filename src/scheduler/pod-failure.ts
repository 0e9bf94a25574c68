import { Pod } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { type Clock, rfc3339 } from '../machinery/clock.js'

/** Why a pod has no node, as its status tells. */
export interface PodFailure {
  readonly reason: 'Unschedulable' | 'SchedulerError'
  readonly message: string
  /** Where there will be room; empty takes an earlier nomination back; undefined leaves it. */
  readonly nominatedNode: string | undefined
}

/** Writes into a pod's status why it has no node, unless that is there already. Throws what the client throws. */
export async function writeFailure(
  client: Client,
  clock: Clock,
  pod: Pod,
  { reason, message, nominatedNode }: PodFailure,
): Promise<void> {
  const known = pod.status.conditions?.find(({ type }) => type === 'PodScheduled')
  const same = known?.status === 'False' && known.reason === reason && known.message === message
  const nominated = nominatedNode === undefined || nominatedNode === (pod.status.nominatedNodeName ?? '')
  if (same && nominated) return
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    reason,
    message,
    lastProbeTime: null,
    lastTransitionTime: known?.status === 'False' ? known.lastTransitionTime : rfc3339(clock.now()),
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
  }
  const status = {
    ...(same ? {} : { conditions: [condition] }),
    ...(nominated ? {} : { nominatedNodeName: nominatedNode || null }),
  }
  // A pod of the same name that came meanwhile is another one.
  const body = { metadata: { uid: pod.metadata.uid }, status }
  await client.patch(Pod, pod.metadata, { type: 'strategic', body }, { subresource: 'status' })
}
