import type { ApiResponse } from '../../machinery/http.js'
import { isNotFound } from '../../machinery/status-error.js'
import type { RequestContext } from '../pipeline.js'
import type { DeletionRequest } from './deletion.js'
import { listResponse } from './list.js'
import { listOptions } from './list-options.js'
import { selectObjects } from './list-selection.js'
import type { Registry, WriteContext } from './registry.js'
import { selectionOf } from './selection.js'

/** Deletions under way at a time: enough for one commit to carry many. */
const parallel = 64

/** DELETE on a collection: every selected object is deleted as if one by one. Answers the list of what was selected. */
export async function deleteCollection(
  context: RequestContext,
  registry: Registry,
  namespace: string,
  deletion: DeletionRequest,
  write: WriteContext,
): Promise<ApiResponse> {
  const { query } = context.request
  const selection = selectionOf(query, registry.resource)
  const listed = await selectObjects(registry, namespace, selection, listOptions(query))
  const waiting = listed.items.toReversed()
  const worker = async (): Promise<void> => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const { namespace = '', name = '' } = next.object.metadata
      try {
        await registry.delete(namespace, name, deletion, write)
      } catch (error) {
        // Somebody else was faster: that is what was asked for.
        if (isNotFound(error)) continue
        waiting.length = 0
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(parallel, waiting.length) }, worker))
  return listResponse(context, registry, listed)
}
