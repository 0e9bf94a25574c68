import { type Container, type ContainerExtendedResourceRequest, Pod } from '../../api/core/v1/index.js'
import type { DeviceRequest, ResourceClaim } from '../../api/resource/v1/index.js'
import { controllerReference } from '../../client/owners.js'
import { quantityToNumber } from '../../machinery/quantity.js'
import { podRequest } from '../resources.js'
import type { DeviceState } from './device-state.js'

/** Marks the claim that is made for a pod's extended resources. */
export const extendedResourceAnnotation = 'resource.kubernetes.io/extended-resource-claim'

/** A claim that is not there yet, and which container uses which of its requests. */
export interface ExtendedClaim {
  readonly claim: ResourceClaim
  readonly mappings: readonly ContainerExtendedResourceRequest[]
}

/** The extended resources that a pod asks for and that devices of a class may stand for. */
export const backedResources = (pod: Pod, { classBehind }: Pick<DeviceState, 'classBehind'>): string[] =>
  Object.entries(podRequest(pod).requested)
    .flatMap(([name, amount]) => (amount > 0 && classBehind(name) ? [name] : []))
    .sort()

/**
 * The claim for the resources that a node does not have itself.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/#extended-resource
 */
export function extendedClaim(pod: Pod, resources: readonly string[], state: Pick<DeviceState, 'classBehind'>) {
  const requests: DeviceRequest[] = []
  const mappings: ContainerExtendedResourceRequest[] = []
  for (const resourceName of resources) {
    const made = requestsOf(pod, resourceName, state.classBehind(resourceName)?.metadata.name ?? '')
    requests.push(...made.requests)
    mappings.push(...made.mappings)
  }
  requests.sort((a, b) => (a.name < b.name ? -1 : 1))
  const { namespace, name, uid } = pod.metadata
  const claim = {
    metadata: {
      namespace,
      // Until it is written: no claim can be called so.
      name: '<extended-resources>',
      uid: `extended resources of ${uid}`,
      generateName: `${name}-extended-resources-`,
      annotations: { [extendedResourceAnnotation]: 'true' },
      ownerReferences: [controllerReference(Pod, pod)],
    },
    spec: { devices: { requests } },
    status: {},
  } as ResourceClaim
  return { claim, mappings } satisfies ExtendedClaim
}

interface Use {
  readonly container: Container
  readonly requestName: string
  readonly count: number
  /** It ends before the pod's containers, and sidecars after it, begin. */
  readonly isShort: boolean
}

/** Containers that end before others begin leave their devices to those. */
function requestsOf({ spec }: Pod, resourceName: string, deviceClassName: string) {
  const initial = spec.initContainers ?? []
  const uses = [...initial, ...spec.containers].map((container, i): Use => {
    const asked = container.resources?.requests ?? {}
    return {
      container,
      requestName: `container-${i}-request-${Object.keys(asked).sort().indexOf(resourceName)}`,
      count: quantityToNumber(asked[resourceName] ?? '0'),
      isShort: i < initial.length && container.restartPolicy !== 'Always',
    }
  })
  const requests: DeviceRequest[] = []
  const mappings: ContainerExtendedResourceRequest[] = []
  const request = (name: string, count: number) =>
    requests.push({ name, exactly: { deviceClassName, allocationMode: 'ExactCount', count } } as DeviceRequest)
  const map = ({ container }: Use, requestName: string) =>
    mappings.push({ containerName: container.name, resourceName, requestName })
  for (const use of uses)
    if (use.count > 0 && !use.isShort) {
      request(use.requestName, use.count)
      map(use, use.requestName)
    }
  const lacking = uses.flatMap((use, i) => {
    if (use.count === 0 || !use.isShort) return []
    let rest = use.count
    for (const later of uses.slice(i + 1)) {
      if (rest <= 0) break
      if (later.count === 0 || later.isShort) continue
      map(use, later.requestName)
      rest -= later.count
    }
    return rest > 0 ? [{ use, rest }] : []
  })
  const [most] = lacking.toSorted((a, b) => b.rest - a.rest)
  if (most) {
    request(most.use.requestName, most.rest)
    for (const { use } of lacking) map(use, most.use.requestName)
  }
  return { requests, mappings }
}
