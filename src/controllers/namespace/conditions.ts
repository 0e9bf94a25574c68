import type { Namespace, NamespaceCondition } from '../../api/core/v1/index.js'
import type { DiscoveryFailure } from '../../client/discovery.js'
import type { ResourceName } from '../../machinery/status-error.js'

/** How far the deletion of a namespace has come, as its conditions tell. */
export interface DeletionProgress {
  /** Parts of the API whose resources are not known. */
  readonly failures: readonly DiscoveryFailure[]
  /** The server did not say at all what it serves. */
  readonly discoveryError?: string
  readonly malformed: readonly string[]
  /** Why content could not be deleted. */
  readonly errors: readonly string[]
  readonly remaining: readonly Remainder[]
}

/** Objects of one resource that are still there. */
export interface Remainder {
  readonly resource: ResourceName
  readonly count: number
  /** Finalizer -> objects that it holds. */
  readonly finalizers: { readonly [finalizer: string]: number }
}

type Told = Pick<NamespaceCondition, 'status' | 'reason' | 'message'>

/** Nothing was wrong and nothing is left. */
export const finished = ({ failures, discoveryError, malformed, errors, remaining }: DeletionProgress): boolean =>
  discoveryError === undefined && failures.length + malformed.length + errors.length + remaining.length === 0

/**
 * The conditions of a namespace on its way out, in the order they are first set; undefined if they say all this
 * already. `now` is RFC 3339.
 */
export function deletionConditions(
  progress: DeletionProgress,
  { conditions = [] }: Namespace['status'],
  now: string,
): readonly NamespaceCondition[] | undefined {
  const wanted = tell(progress)
  let changed = false
  const kept = conditions.map(old => {
    const told = wanted.get(old.type)
    wanted.delete(old.type)
    if (!told || (told.status === old.status && told.reason === old.reason && told.message === old.message)) return old
    changed = true
    return { ...old, ...told, ...(told.status === old.status ? {} : { lastTransitionTime: now }) }
  })
  if (!changed && wanted.size === 0) return undefined
  return [...kept, ...[...wanted].map(([type, told]) => ({ type, ...told, lastTransitionTime: now }))]
}

function tell({ failures, discoveryError, malformed, errors, remaining }: DeletionProgress): Map<string, Told> {
  const no = (reason: string, message: string): Told => ({ status: 'False', reason, message })
  const yes = (reason: string, message: string): Told => ({ status: 'True', reason, message })
  const listed = [...failures]
    .map(({ groupVersion, message }) => `${groupVersion}: ${message}`)
    .sort()
    .join(', ')
  const discovery = discoveryError
    ? yes('DiscoveryFailed', discoveryError)
    : failures.length > 0
      ? yes(
          'DiscoveryFailed',
          `Discovery failed for some groups, ${failures.length} failing: unable to retrieve the complete list of server APIs: ${listed}`,
        )
      : no('ResourcesDiscovered', 'All resources successfully discovered')
  const held = new Map<string, number>()
  for (const { finalizers } of remaining)
    for (const [finalizer, count] of Object.entries(finalizers)) held.set(finalizer, (held.get(finalizer) ?? 0) + count)
  return new Map([
    ['NamespaceDeletionDiscoveryFailure', discovery],
    [
      'NamespaceDeletionGroupVersionParsingFailure',
      malformed.length > 0
        ? yes(
            'GroupVersionParsingFailed',
            malformed.map(groupVersion => `unexpected GroupVersion string: ${groupVersion}`).join(','),
          )
        : no('ParsedGroupVersions', 'All legacy kube types successfully parsed'),
    ],
    [
      'NamespaceDeletionContentFailure',
      errors.length > 0
        ? yes(
            'ContentDeletionFailed',
            `Failed to delete all resource types, ${errors.length} remaining: ${[...errors].sort().join(', ')}`,
          )
        : no('ContentDeleted', 'All content successfully deleted, may be waiting on finalization'),
    ],
    [
      'NamespaceContentRemaining',
      remaining.length > 0
        ? yes(
            'SomeResourcesRemain',
            `Some resources are remaining: ${remaining
              .map(({ resource, count }) => `${resource.plural}.${resource.group} has ${count} resource instances`)
              .sort()
              .join(', ')}`,
          )
        : no('ContentRemoved', 'All content successfully removed'),
    ],
    [
      'NamespaceFinalizersRemaining',
      held.size > 0
        ? yes(
            'SomeFinalizersRemain',
            `Some content in the namespace has finalizers remaining: ${[...held]
              .map(([finalizer, count]) => `${finalizer} in ${count} resource instances`)
              .sort()
              .join(', ')}`,
          )
        : no('ContentHasNoFinalizers', 'All content-preserving finalizers finished'),
    ],
  ])
}
