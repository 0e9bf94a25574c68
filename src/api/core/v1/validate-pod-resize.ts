import { forbiddenField, invalidValue, wholeObject } from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { Container } from './container.js'
import type { Pod } from './pod.js'
import { qosClass } from './pod-qos.js'
import type { ResourceRequirements } from './resource-requirements.js'
import { mirrorAnnotation, validatePodContents } from './validate-pod.js'

const at = root.child('spec')
const resizable = ['cpu', 'memory'] as const
const bounds = ['limits', 'requests'] as const

/**
 * Through `resize`: cpu and memory of containers and sidecars.
 * https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/
 */
export function validateResize(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.[mirrorAnnotation] !== undefined)
    return [forbiddenField(wholeObject, 'static pods cannot be resized')]
  if (old.spec.os?.name === 'windows') return [forbiddenField(wholeObject, 'windows pods cannot be resized')]
  const errors = validatePodContents(pod)
  const before = old.status.qosClass ?? qosClass(old)
  if (qosClass(pod) !== before)
    errors.push(invalidValue(at, pod.status.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'))
  if (!nodeResizes(old)) errors.push(forbiddenField(at, 'Pod running on node without support for resize'))
  for (const list of ['initContainers', 'containers'] as const)
    old.spec[list]?.forEach(({ resources, restartPolicy }, i) => {
      const now = pod.spec[list]?.[i]?.resources
      if (now && (list === 'containers' || restartPolicy === 'Always'))
        errors.push(...validateKept(now, resources, at.child(list).index(i).child('resources')))
    })
  pod.spec.containers.forEach((container, i) => {
    if (!onlyResized(container, old.spec.containers[i]))
      errors.push(forbiddenField(at, 'only cpu and memory resources are mutable'))
  })
  pod.spec.initContainers?.forEach((container, i) => {
    const was = old.spec.initContainers?.[i]
    if (container.restartPolicy === 'Always') {
      if (!onlyResized(container, was))
        errors.push(forbiddenField(at, 'only cpu and memory resources for sidecar containers are mutable'))
    } else if (!jsonEqual(container, was))
      errors.push(forbiddenField(at, 'resources for non-sidecar init containers are immutable'))
  })
  return errors
}

/** Nodes that can resize report what running containers have. */
function nodeResizes({ status }: Pod): boolean {
  const running = status.containerStatuses?.find(({ state }) => state.running)
  return running === undefined || running.resources !== undefined
}

/** What is bounded stays bounded. */
function validateKept(now: ResourceRequirements, was: ResourceRequirements, here: FieldPath): FieldError[] {
  return (['requests', 'limits'] as const).flatMap(bound => {
    const names = Object.keys(was[bound] ?? {})
    const lost = names.some(name => now[bound]?.[name] === undefined)
    return lost ? [forbiddenField(here.child(bound), `resource ${bound} cannot be removed`)] : []
  })
}

/** Whether cpu and memory are all that is different. */
function onlyResized(container: Container, was: Container | undefined): boolean {
  const rest = ({ resources, resizePolicy: _, ...others }: Container) => ({
    ...others,
    ...resources,
    ...Object.fromEntries(
      bounds.map(bound => [
        bound,
        Object.entries(resources[bound] ?? {}).filter(([name]) => !(resizable as readonly string[]).includes(name)),
      ]),
    ),
  })
  return was !== undefined && jsonEqual(rest(container), rest(was))
}
