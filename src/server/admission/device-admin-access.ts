import { Namespace } from '../../api/core/v1/index.js'
import { ResourceClaim, type ResourceClaimSpec, ResourceClaimTemplate } from '../../api/resource/v1/index.js'
import { forbiddenField } from '../../machinery/field-errors.js'
import { type FieldPath, root } from '../../machinery/path.js'
import { invalid } from '../../machinery/status-error.js'
import type { Kind } from '../../schema/index.js'
import type { Registries } from '../registry/registries.js'
import { type AdmissionPlugin, isOf } from './admission.js'

const label = 'resource.kubernetes.io/admin-access'

interface Asking {
  readonly adminAccess?: boolean
}

const placeOf = (list: readonly (Asking | undefined)[] | undefined, at: FieldPath): FieldPath | undefined => {
  const position = list?.findIndex(each => each?.adminAccess === true) ?? -1
  return position < 0 ? undefined : at.index(position).child('adminAccess')
}

const inSpec = ({ devices }: ResourceClaimSpec): FieldPath | undefined =>
  placeOf(
    devices.requests?.map(({ exactly }) => exactly),
    root.child('spec', 'devices', 'requests'),
  )

const inStatus = ({ status }: ResourceClaim): FieldPath | undefined =>
  placeOf(status.allocation?.devices.results, root.child('status', 'allocation').child('devices', 'results'))

/**
 * Devices that others use are only given to claims of namespaces that are labelled as an administrator's. This is part of
 * what makes a claim valid, and answered as such, but takes a look at another object.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/#admin-access
 */
export const deviceAdminAccess = (registries: Registries): AdmissionPlugin => ({
  name: 'DeviceAdminAccess',
  match: {
    resources: [ResourceClaim, 'resourceclaims.resource.k8s.io/status', ResourceClaimTemplate] as const,
    operations: ['CREATE', 'UPDATE'],
  },
  validate({ resource, operation, subresource, namespace, object, old }) {
    const at = placeAsked(resource, operation === 'CREATE', subresource, object, old)
    if (!at) return
    const labels = registries.of(Namespace).cache.get(namespace)?.object.metadata.labels
    if (labels?.[label] === 'true') return
    const detail = `admin access to devices requires the \`${label}: true\` label on the containing namespace`
    throw invalid(resource.kind.gvk, object?.metadata.name ?? '', [forbiddenField(at, detail)])
  },
})

/** Where access is asked for that was not given before. A spec never changes. */
function placeAsked(
  resource: { readonly kind: Pick<Kind, 'gvk' | 'plural' | 'namespaced'> },
  isNew: boolean,
  subresource: string,
  object: unknown,
  old: unknown,
): FieldPath | undefined {
  if (subresource) return inStatus(old as ResourceClaim) ? undefined : inStatus(object as ResourceClaim)
  if (!isNew) return undefined
  return inSpec(
    isOf(resource, ResourceClaimTemplate)
      ? (object as ResourceClaimTemplate).spec.spec
      : (object as ResourceClaim).spec,
  )
}
