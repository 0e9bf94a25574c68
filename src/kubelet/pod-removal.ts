import { rm } from 'node:fs/promises'
import { Pod } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { isConflict, isNotFound } from '../machinery/status-error.js'
import { type NodeContext, podLogFolder } from './node-context.js'
import { removeSandboxes } from './pod-sandbox.js'

/** Has the object of a pod that has ended removed. Answers whether there is one still, held by a finalizer perhaps. */
export async function removePodObject(client: Client, { metadata }: Pod): Promise<boolean> {
  const preconditions = metadata.uid ? { uid: metadata.uid } : {}
  try {
    await client.delete(Pod, metadata, { gracePeriodSeconds: 0, preconditions })
    return true
  } catch (error) {
    // Gone already, or another pod has its name by now.
    if (!isNotFound(error) && !isConflict(error)) throw error
    return false
  }
}

/** Removes what is left of a pod once nobody will ask for its containers or logs any more. */
export async function removePodRemains(context: NodeContext, pod: Pod): Promise<void> {
  const uid = pod.metadata.uid ?? ''
  await removeSandboxes(context, uid)
  await rm(podLogFolder(context, pod), { recursive: true, force: true })
  context.statuses.forget(uid)
}
