import { Pod } from '../api/core/v1/index.js'
import type { ReconcileContext } from '../client/controller.js'
import { isConflict, isNotFound } from '../machinery/status-error.js'
import { disruptionTarget } from './node-lifecycle/disruption-target.js'

/** Says in a pod's conditions why it has to go, and deletes it. One that is gone, or another of its name, is left alone. */
export async function evictPod(
  pod: Pod,
  { reason, message }: { readonly reason: string; readonly message: string },
  { client, clock, signal }: ReconcileContext,
): Promise<void> {
  const { uid } = pod.metadata
  const condition = disruptionTarget(pod, reason, message, clock.now())
  try {
    if (condition) {
      const body = { metadata: { uid }, status: { conditions: [condition] } }
      await client.patch(Pod, pod.metadata, { type: 'strategic', body }, { subresource: 'status', signal })
    }
    await client.delete(Pod, pod.metadata, { ...(uid ? { preconditions: { uid } } : {}), signal })
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
}
