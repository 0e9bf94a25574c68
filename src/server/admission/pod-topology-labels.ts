import { Binding, Node, Pod } from '../../api/core/v1/index.js'
import type { Labels } from '../../machinery/labels.js'
import type { Registries } from '../registry/registries.js'
import { type AdmissionPlugin, draftOf } from './admission.js'

const copied = ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone']

/**
 * PodTopologyLabels: a pod bears the labels of its node that say where it is, so that its containers can know.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#podtopologylabels
 */
export const podTopologyLabels = (registries: Registries): AdmissionPlugin => {
  const labelsOf = (nodeName: string): Labels => {
    const labels = registries.of(Node).cache.get(nodeName)?.object.metadata.labels
    return Object.fromEntries(
      copied.flatMap(name => {
        const value = labels?.[name]
        return value === undefined ? [] : [[name, value]]
      }),
    )
  }
  return {
    name: 'PodTopologyLabels',
    match: { resources: [Pod, Binding, 'pods/binding'], operations: ['CREATE'] },
    mutate(request) {
      const object = request.object
      const nodeName =
        request.subresource === 'binding' || request.resource.kind.gvk.kind === Binding.gvk.kind
          ? (object as unknown as Binding | undefined)?.target.name
          : draftOf(request, Pod)?.spec.nodeName
      if (!nodeName) return
      const labels = labelsOf(nodeName)
      if (object && Object.keys(labels).length > 0) object.metadata.labels = { ...object.metadata.labels, ...labels }
    },
  }
}
