import { Namespace } from '../../api/core/v1/index.js'
import type { Client } from '../../client/client.js'
import type { ServedApi } from '../../client/discovery.js'
import { isConflict, isNotFound } from '../../machinery/status-error.js'
import { deletableResources, listed } from './content.js'

/**
 * Deletes what was written into a namespace after it was gone: a request let in while it still lived may end much later,
 * when a webhook takes its time. Nothing of a new namespace of the same name is touched: what was found is deleted, by
 * uid, only if the namespace is missing after it was found. Returns how many objects there were.
 */
export async function deleteLateArrivals(
  client: Client,
  api: ServedApi,
  namespace: string,
  signal: AbortSignal,
): Promise<number> {
  let count = 0
  for (const { kind, verbs } of deletableResources(api)) {
    if (!verbs.includes('list')) continue
    const found = (await listed(client, kind, namespace, signal)).filter(({ metadata }) => !metadata.deletionTimestamp)
    if (found.length === 0) continue
    if (await exists(client, namespace, signal)) return count
    count += found.length
    for (const { metadata } of found) {
      const preconditions = metadata.uid ? { uid: metadata.uid } : {}
      try {
        await client.delete(kind, metadata, { propagationPolicy: 'Background', preconditions, signal })
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error
      }
    }
  }
  return count
}

async function exists(client: Client, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    await client.get(Namespace, { name }, { signal })
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}
