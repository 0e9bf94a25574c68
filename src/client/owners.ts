import type { OwnerReference } from '../machinery/meta/index.js'
import type { ApiObject } from '../machinery/object.js'
import type { GroupVersionKind } from '../schema/index.js'

/** The owner reference marked as the controller's, of which there is at most one. */
export const controllerOf = ({ metadata: { ownerReferences } }: ApiObject): OwnerReference | undefined =>
  ownerReferences?.find(({ controller }) => controller)

/** `apps/v1`, or `v1` for the core group. */
export const apiVersionOf = ({ group, version }: Pick<GroupVersionKind, 'group' | 'version'>): string =>
  group ? `${group}/${version}` : version

/** The group of an `apiVersion`; empty for the core group. */
export const groupOf = (apiVersion: string): string => {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? '' : apiVersion.slice(0, slash)
}

/** A reference that makes `owner` the controller, which waits for the dependent when it is deleted in the foreground. */
export const controllerReference = (kind: { readonly gvk: GroupVersionKind }, owner: ApiObject): OwnerReference => ({
  apiVersion: apiVersionOf(kind.gvk),
  kind: kind.gvk.kind,
  name: owner.metadata.name ?? '',
  uid: owner.metadata.uid ?? '',
  controller: true,
  blockOwnerDeletion: true,
})

/** Whether the reference names an object of this kind, in whatever version. */
export const refersToKind = (reference: OwnerReference, { gvk }: { readonly gvk: GroupVersionKind }): boolean =>
  reference.kind === gvk.kind && groupOf(reference.apiVersion) === gvk.group
