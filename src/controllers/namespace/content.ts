import type { Client } from '../../client/client.js'
import type { AnyKind } from '../../client/controller.js'
import type { ServedApi, ServedResource } from '../../client/discovery.js'
import { messageOf } from '../../machinery/message-of.js'
import type { ApiObject } from '../../machinery/object.js'
import { isNotFound, StatusError } from '../../machinery/status-error.js'
import type { DeletionProgress, Remainder } from './conditions.js'

/** Kinds that are worked on at the same time. */
const parallel = 16

/** What can be deleted in a namespace, each resource in one version. */
export const deletableResources = ({ resources }: ServedApi): readonly ServedResource[] =>
  resources.filter(({ kind, verbs, preferred }) => preferred && kind.namespaced && verbs.includes('delete'))

/**
 * Deletes everything in a namespace and tells what is left. Pods go first, and nothing else before they are gone: they
 * may need the rest to end well.
 */
export async function deleteContent(
  client: Client,
  api: ServedApi,
  namespace: string,
  signal: AbortSignal,
): Promise<Pick<DeletionProgress, 'errors' | 'remaining'>> {
  const errors: string[] = []
  const remaining: Remainder[] = []
  const clear = async (resource: ServedResource): Promise<void> => {
    try {
      const remainder = await clearResource(client, resource, namespace, signal)
      if (!remainder) return
      remaining.push(remainder)
      if (remainder.unexpected > 0) errors.push(unexpected(resource.kind, namespace))
    } catch (error) {
      signal.throwIfAborted()
      errors.push(messageOf(error))
    }
  }
  const resources = deletableResources(api)
  await Promise.all(resources.filter(isPods).map(clear))
  if (remaining.length > 0 || errors.length > 0) return { errors, remaining }
  // Another group shows the same events: it need not convert those that are gone.
  await Promise.all(resources.filter(isEvents).map(clear))
  const others = resources.filter(resource => !isPods(resource) && !isEvents(resource))
  const worker = async (): Promise<void> => {
    for (let next = others.pop(); next; next = others.pop()) await clear(next)
  }
  await Promise.all(Array.from({ length: parallel }, worker))
  return { errors, remaining }
}

const isPods = ({ kind: { gvk, plural } }: ServedResource): boolean => gvk.group === '' && plural === 'pods'

const isEvents = ({ kind: { gvk, plural } }: ServedResource): boolean => gvk.group === '' && plural === 'events'

const unexpected = ({ gvk, plural }: AnyKind, namespace: string): string =>
  `unexpected items still remain in namespace: ${namespace} for gvr: ${gvk.group}/${gvk.version}, Resource=${plural}`

/** `unexpected`: objects that nothing holds although they were deleted. */
async function clearResource(
  client: Client,
  { kind, verbs }: ServedResource,
  namespace: string,
  signal: AbortSignal,
): Promise<(Remainder & { readonly unexpected: number }) | undefined> {
  const options = { propagationPolicy: 'Background', signal } as const
  const together = verbs.includes('deletecollection')
  if (!verbs.includes('list')) {
    if (together) await tolerant(client.deleteCollection(kind, { namespace, ...options }))
    return undefined
  }
  let found = await listed(client, kind, namespace, signal)
  if (found.some(({ metadata }) => !metadata.deletionTimestamp)) {
    const deleted = together && (await tolerant(client.deleteCollection(kind, { namespace, ...options })))
    if (!deleted)
      for (const { metadata } of found)
        if (!metadata.deletionTimestamp) await tolerant(client.delete(kind, metadata, options))
    found = await listed(client, kind, namespace, signal)
  }
  if (found.length === 0) return undefined
  const finalizers: Record<string, number> = {}
  for (const { metadata } of found)
    for (const finalizer of metadata.finalizers ?? []) finalizers[finalizer] = (finalizers[finalizer] ?? 0) + 1
  return {
    resource: { group: kind.gvk.group, plural: kind.plural },
    count: found.length,
    finalizers,
    unexpected: found.filter(({ metadata }) => !metadata.deletionTimestamp).length,
  }
}

/**
 * All objects of a kind in a namespace; none if the kind is not served any more. They are asked for at once: a server
 * has what is newest in memory, while pages after the first come from its history.
 */
export async function listed(
  client: Client,
  kind: AnyKind,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly ApiObject[]> {
  const found: ApiObject[] = []
  let next: string | undefined
  do {
    try {
      const page = await client.list(kind, {
        namespace,
        metadataOnly: true,
        signal,
        ...(next ? { continue: next } : {}),
      })
      found.push(...page.items)
      next = page.continue
    } catch (error) {
      if (isUnserved(error)) return []
      throw error
    }
  } while (next)
  return found
}

/** Whether it could be done at all; what is gone already needs no deletion. */
async function tolerant(deletion: Promise<void>): Promise<boolean> {
  try {
    await deletion
    return true
  } catch (error) {
    if (isNotFound(error)) return true
    if (isUnserved(error)) return false
    throw error
  }
}

/** 404 of a whole resource, or 405 of what it does not do. */
const isUnserved = (error: unknown): boolean =>
  error instanceof StatusError && (error.code === 404 || error.code === 405)
