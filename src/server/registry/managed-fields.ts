import {
  configFault,
  type FieldSet,
  fieldsAt,
  isReset,
  type ManagedFieldsEntry,
  objectTypeOf,
  updateManagedFields,
} from '../../machinery/apply/index.js'
import { rfc3339 } from '../../machinery/clock.js'
import { invalidValue, tooLong } from '../../machinery/field-errors.js'
import type { ApiObject } from '../../machinery/object.js'
import { root } from '../../machinery/path.js'
import type { Resource, ViewSubresource } from '../../machinery/resource.js'
import { invalid } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import { repeated } from './metadata.js'
import { apiVersionOf } from './read-body.js'
import type { WriteContext } from './registry.js'
import { versionViews } from './version-views.js'
import { managerErrors } from './write-options.js'

const sets = new WeakMap<readonly string[], FieldSet>()

/** The fields that this way of writing a resource never changes, as `ManagedType` wants them. */
export function resetFieldsOf<T extends ApiObject>(
  resource: Resource<T>,
  view: ViewSubresource<T> | undefined,
): { readonly resetFields?: FieldSet } {
  const paths = view ? view.resetFields : resource.strategy.resetFields
  if (!paths?.length) return {}
  let resetFields = sets.get(paths)
  if (!resetFields) sets.set(paths, (resetFields = fieldsAt(...paths)))
  return { resetFields }
}

/**
 * Notes in `metadata.managedFields` which fields this write changes, under the writer's name. The draft is as the
 * client sent it, defaults filled in: before strategies and admission change it.
 */
export function trackManagedFields<T extends ApiObject>(
  resource: Resource<T>,
  before: T | undefined,
  draft: Draft<T>,
  context: WriteContext,
  view: ViewSubresource<T> | undefined,
  now: number,
): void {
  const metadata = draft.metadata as Draft<ApiObject['metadata']>
  if (before && misfitsOtherVersion(resource, before, draft)) {
    delete metadata.managedFields
    return
  }
  const managedFields = updateManagedFields({
    schema: resource.kind,
    before,
    after: draft,
    managedFields: sentManagedFields(resource, metadata, before, view) ?? before?.metadata.managedFields ?? [],
    manager: context.fieldManager,
    subresource: view?.name ?? '',
    apiVersion: apiVersionOf(resource.kind.gvk),
    time: rfc3339(now),
    ...resetFieldsOf(resource, view),
    ...versionViews(resource),
  })
  if (managedFields.length > 0) metadata.managedFields = managedFields as Draft<typeof managedFields>
  else delete metadata.managedFields
}

/**
 * The managed fields that a client sends itself: a fresh start if that is one empty entry; undefined if they do not
 * count, as with a view of the object. Throws a 422 for entries that are none.
 */
function sentManagedFields<T extends ApiObject>(
  { kind, strategy }: Resource<T>,
  { name, managedFields }: ApiObject['metadata'],
  before: T | undefined,
  view: ViewSubresource<T> | undefined,
): readonly ManagedFieldsEntry[] | undefined {
  if (view || !managedFields || managedFields === before?.metadata.managedFields) return undefined
  if (isReset(managedFields)) return before ? managedFields : undefined
  const errors = managedFields.flatMap((entry, i) => {
    const at = root.child('metadata').child('managedFields').index(i)
    const { operation = '', manager = '', subresource = '' } = entry
    return [
      ...(operation === 'Apply' || operation === 'Update'
        ? []
        : [invalidValue(at.child('operation'), operation, 'must be `Apply` or `Update`')]),
      ...managerErrors(manager, at.child('manager')),
      ...(subresource.length > longestSubresource ? [tooLong(at.child('subresource'), longestSubresource)] : []),
    ]
  })
  const { asChanged = 1, asNew = 0 } = strategy.metadataLooks ?? {}
  if (errors.length > 0) throw invalid(kind.gvk, name ?? '', repeated(errors, before ? 1 + asChanged + asNew : 1))
  return managedFields
}

const longestSubresource = 256

/**
 * Whether the fields cannot be told apart any more: somebody wrote the object in another version, whose schema does not
 * have all the fields that it has now. Upstream begins anew then.
 */
function misfitsOtherVersion<T extends ApiObject>(
  { otherVersions, kind }: Resource<T>,
  { metadata }: T,
  draft: Draft<T>,
): boolean {
  if (!otherVersions) return false
  const own = apiVersionOf(kind.gvk)
  const versions = new Set(metadata.managedFields?.map(({ apiVersion }) => apiVersion).filter(name => name !== own))
  return otherVersions.some(other => versions.has(apiVersionOf(other.gvk)) && configFault(draft, objectTypeOf(other)))
}
