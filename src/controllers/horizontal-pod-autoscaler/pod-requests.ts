import type { Container, Pod } from '../../api/core/v1/index.js'
import { milliValue } from '../../machinery/quantity.js'

/**
 * What each pod requests of a resource, in thousandths, by its name; one of its containers if that is named. Throws if a
 * container does not say.
 */
export function podRequests(pods: readonly Pod[], resource: string, container?: string): ReadonlyMap<string, number> {
  return new Map(pods.map(pod => [pod.metadata.name ?? '', requestOf(pod, resource, container)]))
}

function requestOf({ metadata, spec }: Pod, resource: string, container?: string): number {
  const ofPod = container === undefined ? spec.resources?.requests?.[resource] : undefined
  if (ofPod !== undefined) return milliValue(ofPod)
  let total = 0
  for (const { name, resources } of lasting(spec)) {
    if (container !== undefined && name !== container) continue
    const request = resources?.requests?.[resource]
    if (request === undefined)
      throw new Error(`missing request for ${resource} in container ${name} of Pod ${metadata.name}`)
    total += milliValue(request)
  }
  return total
}

/** Containers that run as long as the pod does. */
const lasting = ({ containers, initContainers = [] }: Pod['spec']): readonly Container[] => [
  ...containers,
  ...initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always'),
]
