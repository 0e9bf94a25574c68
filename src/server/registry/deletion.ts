import { rfc3339 } from '../../machinery/clock.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Resource } from '../../machinery/resource.js'
import type { Draft } from '../../schema/index.js'

/** What a client asks for with a DELETE. */
export interface DeletionRequest {
  readonly gracePeriodSeconds?: number | undefined
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground' | undefined
  readonly preconditions?:
    | { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined }
    | undefined
}

export type DeletionStep<T extends ApiObject> =
  | { readonly type: 'remove' }
  /** Already on its way and nothing to add. */
  | { readonly type: 'pending' }
  | { readonly type: 'mark'; readonly draft: Draft<T> }

const orphanFinalizer = 'orphan'
const foregroundFinalizer = 'foregroundDeletion'

/**
 * What a deletion does to the object: remove it now, or mark it and let finalizers and its agent finish, as
 * https://kubernetes.io/docs/concepts/architecture/garbage-collection/ describes.
 */
export function deletionOf<T extends ApiObject>(
  resource: Resource<T>,
  object: T,
  request: DeletionRequest,
  now: number,
): DeletionStep<T> {
  const { metadata } = object
  const finalizers = finalizersAfter(metadata.finalizers ?? [], request.propagationPolicy)
  const held = finalizers.length > 0 || (resource.strategy.specFinalizers?.(object).length ?? 0) > 0
  const finalizersChanged =
    finalizers.length !== (metadata.finalizers ?? []).length ||
    finalizers.some((finalizer, i) => finalizer !== metadata.finalizers?.[i])
  const grace = Math.max(0, resource.strategy.gracePeriod?.(object, request.gracePeriodSeconds) ?? 0)

  if (metadata.deletionTimestamp) {
    const remaining = metadata.deletionGracePeriodSeconds ?? 0
    // Once set, the grace period only shrinks, and only when asked for.
    const shortens = request.gracePeriodSeconds !== undefined && grace < remaining
    const left = shortens ? grace : remaining
    // A plain second deletion leaves the first one's grace period to its agent.
    if (left === 0 && !held) return { type: 'remove' }
    if (!shortens && !finalizersChanged) return { type: 'pending' }
    return {
      type: 'mark',
      draft: marked(resource, object, finalizers, shortens ? { grace, from: requestedAt(object) } : undefined),
    }
  }
  if (grace === 0 && !held) return { type: 'remove' }
  return { type: 'mark', draft: marked(resource, object, finalizers, { grace, from: now }) }
}

/** When the deletion was first accepted: the timestamp says when its grace period is over. */
function requestedAt({ metadata }: ApiObject): number {
  return Date.parse(metadata.deletionTimestamp ?? '') - (metadata.deletionGracePeriodSeconds ?? 0) * 1000
}

function marked<T extends ApiObject>(
  resource: Resource<T>,
  object: T,
  finalizers: readonly string[],
  grace: { readonly grace: number; readonly from: number } | undefined,
): Draft<T> {
  const draft = structuredClone(object) as Draft<T>
  const metadata = draft.metadata as Draft<ApiObject['metadata']>
  if (finalizers.length > 0) metadata.finalizers = [...finalizers]
  else delete metadata.finalizers
  if (grace) {
    const first = metadata.deletionTimestamp === undefined
    metadata.deletionTimestamp = rfc3339(grace.from + grace.grace * 1000)
    metadata.deletionGracePeriodSeconds = grace.grace
    if (metadata.generation !== undefined && metadata.generation > 0) metadata.generation++
    if (first) resource.strategy.markDeleted?.(draft)
  }
  return draft
}

function finalizersAfter(
  finalizers: readonly string[],
  policy: DeletionRequest['propagationPolicy'],
): readonly string[] {
  if (!policy) return finalizers
  const others = finalizers.filter(name => name !== orphanFinalizer && name !== foregroundFinalizer)
  if (policy === 'Orphan') return [...others, orphanFinalizer]
  if (policy === 'Foreground') return [...others, foregroundFinalizer]
  return others
}
