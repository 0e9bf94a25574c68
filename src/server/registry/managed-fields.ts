import { configFault, type FieldSet, fieldsAt, objectTypeOf, updateManagedFields } from '../../machinery/apply/index.js'
import { rfc3339 } from '../../machinery/clock.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Resource, ViewSubresource } from '../../machinery/resource.js'
import type { Draft } from '../../schema/index.js'
import { apiVersionOf } from './read-body.js'
import type { WriteContext } from './registry.js'

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
    // A client that sends an empty list asks for a fresh start; one that sends none keeps what is there.
    managedFields: metadata.managedFields ?? before?.metadata.managedFields ?? [],
    manager: context.fieldManager,
    subresource: view?.name ?? '',
    apiVersion: apiVersionOf(resource.kind.gvk),
    time: rfc3339(now),
    ...resetFieldsOf(resource, view),
  })
  if (managedFields.length > 0) metadata.managedFields = managedFields as Draft<typeof managedFields>
  else delete metadata.managedFields
}

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
