import { Namespace } from '../../api/core/v1/index.js'
import { forbidden, notFound, StatusError } from '../../machinery/status-error.js'
import type { Registries } from '../registry/registries.js'
import type { AdmissionPlugin } from './admission.js'

const immortal = new Set(['default', 'kube-system', 'kube-public'])

/** What only asks about access may be asked of any namespace. */
const reviews = new Set(['localsubjectaccessreviews.authorization.k8s.io'])

/** Nothing is created in a namespace that does not exist or is being deleted; three namespaces are never deleted. */
export const namespaceLifecycle = (registries: Registries): AdmissionPlugin => ({
  name: 'NamespaceLifecycle',
  mutate({ operation, resource, namespace, name, subresource }) {
    const { gvk, plural, namespaced } = resource.kind
    if (!namespaced) {
      if (operation === 'DELETE' && gvk.group === '' && plural === 'namespaces' && immortal.has(name))
        throw forbidden({ group: '', plural }, name, 'this namespace may not be deleted')
      return
    }
    if (operation !== 'CREATE' || subresource) return
    if (reviews.has(gvk.group ? `${plural}.${gvk.group}` : plural)) return
    const found = registries.of(Namespace).cache.get(namespace)
    if (!found) throw notFound({ group: '', plural: 'namespaces' }, namespace)
    const target = { group: gvk.group, plural }
    const { metadata, status } = found.object
    if (!metadata.deletionTimestamp && status.phase !== 'Terminating') return
    const refused = forbidden(
      target,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
    )
    throw new StatusError(refused.code, refused.reason, refused.message, {
      ...refused.details,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    })
  },
})
