import { Node, Pod } from '../../api/core/v1/index.js'
import { amountsOf, podRequests } from '../../api/core/v1/pod-resources.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { compareQuantities } from '../../machinery/quantity.js'
import type { Registries } from '../registry/registries.js'
import { type AdmissionPlugin, type AdmissionRequest, isOf, refusal } from './admission.js'

/** A change of what a pod on a node is to be. */
interface Change {
  readonly pod: Pod
  readonly old: Pod
  /** Throws a 403 if there is no such node. */
  node(): Node
}

function changeOf(
  registries: Registries,
  request: AdmissionRequest,
  subresources: ReadonlySet<string>,
): Change | undefined {
  const { operation, resource, subresource } = request
  if (operation !== 'UPDATE' || !isOf(resource, Pod) || !subresources.has(subresource)) return undefined
  const pod = request.object as unknown as Pod
  const old = request.old as Pod
  const { nodeName } = pod.spec
  if (!nodeName || pod.metadata.generation === old.metadata.generation) return undefined
  const node = (): Node => {
    const found = registries.of(Node).cache.get(nodeName)?.object
    if (!found) throw refusal(request, `node ${JSON.stringify(nodeName)} not found`)
    return found
  }
  return { pod, old, node }
}

const resized = new Set(['', 'resize'])
const resizing = new Set(['resize'])

/** Features that a node must have for a pod to be changed so, by the names nodes give them. */
const features: { readonly [name: string]: (pod: Pod, old: Pod) => boolean } = {
  GuaranteedQoSPodCPUResize: (pod, old) =>
    old.status.qosClass === 'Guaranteed' &&
    old.spec.containers.some(
      ({ resources }, i) =>
        compareQuantities(
          resources?.requests?.['cpu'] ?? '0',
          pod.spec.containers[i]?.resources?.requests?.['cpu'] ?? '0',
        ) !== 0,
    ),
  InPlacePodLevelResourcesVerticalScaling: (pod, old) => !jsonEqual(pod.spec.resources, old.spec.resources),
}

/**
 * NodeDeclaredFeatureValidator: a pod is only changed in a way that its node knows of.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/node-declared-features/
 */
export const nodeDeclaredFeatures = (registries: Registries): AdmissionPlugin => ({
  name: 'NodeDeclaredFeatureValidator',
  match: { resources: [Pod, 'pods/resize'], operations: ['UPDATE'] },
  validate(request) {
    const change = changeOf(registries, request, resized)
    if (!change) return
    const needed = Object.keys(features).filter(name => features[name]?.(change.pod, change.old))
    if (needed.length === 0) return
    const { metadata, status } = change.node()
    const missing = needed.filter(name => !status.declaredFeatures?.includes(name))
    if (missing.length > 0)
      throw refusal(
        request,
        `pod update requires features ${missing.join(', ')} which are not available on node ${JSON.stringify(metadata.name)}`,
      )
  },
})

/** PodResizeValidator: a pod asks for no more than its node could ever give, and only Linux resizes. */
export const podResize = (registries: Registries): AdmissionPlugin => ({
  name: 'PodResizeValidator',
  match: { resources: ['pods/resize'], operations: ['UPDATE'] },
  validate(request) {
    const change = changeOf(registries, request, resizing)
    if (!change) return
    const { metadata, status } = change.node()
    const wanted = podRequests(change.pod)
    const allocatable = amountsOf(status.allocatable)
    const excess = (['cpu', 'memory'] as const).flatMap(name => {
      const [requested, offered] = [wanted[name] ?? 0, allocatable[name] ?? 0]
      return requested > offered ? [`${name}, requested: ${requested}, allocatable: ${offered}`] : []
    })
    if (excess.length > 0) throw refusal(request, `Node didn't have enough allocatable resources: ${excess.join('; ')}`)
    const os = metadata.labels?.['kubernetes.io/os'] ?? ''
    if (os !== 'linux')
      throw refusal(
        request,
        `pod resize is only supported on linux nodes, node ${JSON.stringify(metadata.name)} is ${JSON.stringify(os)}`,
      )
  },
})
