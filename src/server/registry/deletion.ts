import { rfc3339 } from '../../machinery/clock.js'
import type { ApiObject } from '../../machinery/object.js'
import type { PropagationPolicy, Resource } from '../../machinery/resource.js'
import type { Draft } from '../../schema/index.js'

/** What a client asks for with a DELETE. */
export interface DeletionRequest {
  readonly gracePeriodSeconds?: number | undefined
  readonly propagationPolicy?: PropagationPolicy | undefined
  readonly preconditions?:
    | { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined }
    | undefined
}

export type DeletionStep<T extends ApiObject> =
  /** `last` is the object as the answer shows it. */
  | { readonly type: 'remove'; readonly last: T }
  /** Already on its way and nothing to add. */
  | { readonly type: 'pending' }
  | { readonly type: 'mark'; readonly draft: Draft<T> }

const orphanFinalizer = 'orphan'
const foregroundFinalizer = 'foregroundDeletion'

/**
 * What a deletion does to the object: remove it now, or mark it and let finalizers and its agent finish, as
 * https://kubernetes.io/docs/concepts/architecture/garbage-collection/ describes. `now` is in milliseconds.
 */
export function deletionOf<T extends ApiObject>(
  resource: Resource<T>,
  object: T,
  request: DeletionRequest,
  now: number,
): DeletionStep<T> {
  const { metadata } = object
  const finalizers = finalizersAfter(metadata.finalizers ?? [], policyOf(resource, metadata, request))
  const held = finalizers.length > 0 || (resource.strategy.specFinalizers?.(object).length ?? 0) > 0
  if (resource.strategy.gracePeriod && !lacksGrace(metadata)) {
    const grace = gracefully(resource, object, secondsOf(request), now)
    if (!grace)
      return held || metadata.deletionGracePeriodSeconds ? { type: 'pending' } : { type: 'remove', last: object }
    const draft = marked(resource, object, finalizers, grace)
    return held || grace.seconds > 0 ? { type: 'mark', draft } : { type: 'remove', last: draft as T }
  }
  if (!held) return { type: 'remove', last: object }
  const changed = finalizers.join(' ') !== (metadata.finalizers ?? []).join(' ')
  if (metadata.deletionTimestamp && !changed) return { type: 'pending' }
  // What lives by finalizers of its own (namespaces) knows no grace period.
  const seconds = resource.strategy.specFinalizers ? undefined : 0
  const from = metadata.deletionTimestamp ? Math.min(now, Date.parse(metadata.deletionTimestamp)) : now
  return { type: 'mark', draft: marked(resource, object, finalizers, { from, seconds }) }
}

/** A negative period is the shortest that is one. */
const secondsOf = ({ gracePeriodSeconds: seconds }: DeletionRequest): number | undefined =>
  seconds !== undefined && seconds < 0 ? 1 : seconds

/** Deleted in the past by what knew no grace periods. */
const lacksGrace = ({ deletionTimestamp, deletionGracePeriodSeconds }: ApiObject['metadata']): boolean =>
  deletionTimestamp !== undefined && deletionGracePeriodSeconds === undefined

/** The grace period that the deletion leaves the object; undefined if an earlier deletion's stays as it is. */
function gracefully<T extends ApiObject>(
  { strategy }: Resource<T>,
  object: T,
  requested: number | undefined,
  now: number,
): { readonly from: number; readonly seconds: number } | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds: remaining = 0 } = object.metadata
  if (deletionTimestamp === undefined)
    return { from: now, seconds: Math.max(0, strategy.gracePeriod?.(object, requested) ?? 0) }
  // Once set, the grace period only shrinks, and only when asked for; it counts from the first deletion.
  if (requested === undefined || requested >= remaining) return undefined
  return { from: Date.parse(deletionTimestamp) - remaining * 1000, seconds: requested }
}

function marked<T extends ApiObject>(
  resource: Resource<T>,
  object: T,
  finalizers: readonly string[],
  grace: { readonly from: number; readonly seconds: number | undefined },
): Draft<T> {
  // What nobody changes is shared with the object as it was.
  const draft = (
    resource.strategy.markDeleted ? structuredClone(object) : { ...object, metadata: { ...object.metadata } }
  ) as Draft<T>
  const metadata = draft.metadata as Draft<ApiObject['metadata']>
  if (finalizers.length > 0) metadata.finalizers = [...finalizers]
  else delete metadata.finalizers
  const first = metadata.deletionTimestamp === undefined
  metadata.deletionTimestamp = rfc3339(grace.from + (grace.seconds ?? 0) * 1000)
  if (grace.seconds !== undefined) metadata.deletionGracePeriodSeconds = grace.seconds
  if (first) {
    if (metadata.generation) metadata.generation++
    resource.strategy.markDeleted?.(draft)
  }
  return draft
}

/** What was asked for; else what an earlier request or the object itself asked for; else what is usual for its kind. */
function policyOf<T extends ApiObject>(
  { strategy }: Resource<T>,
  { finalizers = [] }: ApiObject['metadata'],
  { propagationPolicy }: DeletionRequest,
): PropagationPolicy | undefined {
  if (propagationPolicy || finalizers.includes(orphanFinalizer) || finalizers.includes(foregroundFinalizer))
    return propagationPolicy
  return strategy.defaultPropagation?.policy
}

/** The two finalizers that stand for a policy are replaced by the one asked for, if any was. */
function finalizersAfter(finalizers: readonly string[], policy: PropagationPolicy | undefined): readonly string[] {
  if (!policy) return finalizers
  const others = finalizers.filter(name => name !== orphanFinalizer && name !== foregroundFinalizer)
  if (policy === 'Orphan') return [...others, orphanFinalizer]
  if (policy === 'Foreground') return [...others, foregroundFinalizer]
  return others
}
