import type { Client } from '../../client/client.js'
import type { AnyKind } from '../../client/controller.js'
import { StatusError } from '../../machinery/status-error.js'
import type { GraphNode } from './dependency-graph.js'

/** Kinds that are asked for at the same time. */
const parallel = 8
const pageSize = 500

/** Every object that refers to `owner`, as the server has them: in its namespace, or anywhere if it has none. */
export async function unseenDependents(
  client: Client,
  kinds: readonly AnyKind[],
  owner: GraphNode,
  signal: AbortSignal,
): Promise<readonly GraphNode[]> {
  const { namespace, uid } = owner.metadata
  const waiting = kinds.filter(({ namespaced }) => namespaced || !namespace)
  const found: GraphNode[] = []
  const worker = async (): Promise<void> => {
    for (let kind = waiting.pop(); kind; kind = waiting.pop())
      for await (const node of objectsOf(client, kind, namespace, signal))
        if (node.metadata.ownerReferences?.some(reference => reference.uid === uid)) found.push(node)
  }
  await Promise.all(Array.from({ length: parallel }, worker))
  return found
}

async function* objectsOf(
  client: Client,
  kind: AnyKind,
  namespace: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<GraphNode> {
  let next: string | undefined
  do {
    try {
      const page = await client.list(kind, {
        metadataOnly: true,
        limit: pageSize,
        signal,
        ...(namespace ? { namespace } : {}),
        ...(next ? { continue: next } : {}),
      })
      for (const { metadata } of page.items) yield { kind, metadata }
      next = page.continue
    } catch (error) {
      // A kind that is served no more has no objects.
      if (error instanceof StatusError && error.code === 404) return
      throw error
    }
  } while (next)
}
