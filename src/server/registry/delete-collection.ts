import type { ApiResponse } from '../../machinery/http.js'
import { isNotFound } from '../../machinery/status-error.js'
import type { RequestContext } from '../pipeline.js'
import { jsonValue } from '../respond.js'
import type { DeletionRequest } from './deletion.js'
import { prefixOf } from './list.js'
import { apiVersionOf } from './read-body.js'
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
  const selection = selectionOf(context.request.query, registry.resource)
  await registry.host.feed.consistent()
  const prefix = prefixOf(registry, namespace, selection)
  const selected = (prefix === undefined ? [] : registry.cache.list(prefix)).filter(
    ({ object }) => !selection.matches || selection.matches(object),
  )
  const { revision } = registry.host.feed
  const waiting = [...selected]
  const worker = async (): Promise<void> => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const { namespace = '', name = '' } = next.object.metadata
      try {
        await registry.delete(namespace, name, deletion, write)
      } catch (error) {
        // Somebody else was faster: that is what was asked for.
        if (!isNotFound(error)) throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(parallel, selected.length) }, worker))
  const { kind } = registry.resource
  return jsonValue(context.request, 200, {
    kind: `${kind.gvk.kind}List`,
    apiVersion: apiVersionOf(kind.gvk),
    metadata: { resourceVersion: String(revision) },
    items: selected.map(({ object }) => object),
  })
}
