import type { DeleteOptions } from '../../client/client.js'
import type { ObjectMeta, OwnerReference } from '../../machinery/meta/index.js'
import { awaitsDependents, foregroundFinalizer, orphanFinalizer } from './deletion-state.js'

/**
 * What became of an owner, as the server says: it is there; it is there and waits for its dependents to go; there is no
 * such object; or the reference can never be followed.
 */
export type Verdict = 'solid' | 'waiting' | 'absent' | 'unresolvable'

export type Decision =
  | { readonly type: 'leave' }
  /** Some owners are gone: the object belongs to those that are left. */
  | { readonly type: 'keep-owners'; readonly owners: readonly OwnerReference[] }
  | {
      readonly type: 'delete'
      readonly policy: NonNullable<DeleteOptions['propagationPolicy']>
      /** The object waits, round about, for itself: nothing may wait for it from now on. */
      readonly unblock: boolean
    }

/**
 * What to do with an object that has owners; `verdicts` are those of its owner references, in their order.
 * See https://kubernetes.io/docs/concepts/architecture/garbage-collection/.
 */
export function decide(
  { ownerReferences = [], finalizers = [] }: ObjectMeta,
  verdicts: readonly Verdict[],
  dependents: readonly ObjectMeta[],
): Decision {
  if (ownerReferences.length === 0 || verdicts.includes('unresolvable')) return { type: 'leave' }
  const solid = ownerReferences.filter((_, i) => verdicts[i] === 'solid')
  if (solid.length === ownerReferences.length) return { type: 'leave' }
  if (solid.length > 0) return { type: 'keep-owners', owners: solid }
  if (verdicts.includes('waiting') && dependents.length > 0)
    return { type: 'delete', policy: 'Foreground', unblock: dependents.some(awaitsDependents) }
  // Whoever put a finalizer there beforehand has chosen.
  if (finalizers.includes(orphanFinalizer)) return { type: 'delete', policy: 'Orphan', unblock: false }
  if (finalizers.includes(foregroundFinalizer)) return { type: 'delete', policy: 'Foreground', unblock: false }
  return { type: 'delete', policy: 'Background', unblock: false }
}
