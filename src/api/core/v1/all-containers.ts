import type { FieldPath } from '../../../machinery/path.js'
import type { Container, EphemeralContainer } from './container.js'
import type { PodSpec } from './pod-spec.js'

export type AnyContainer = Container | EphemeralContainer

const lists = ['initContainers', 'containers', 'ephemeralContainers'] as const

/** Whether any container of a pod, of whatever sort, is as asked for. */
export function someContainer(spec: PodSpec, is: (container: AnyContainer) => boolean): boolean {
  for (const list of lists) {
    const containers: readonly AnyContainer[] | undefined = spec[list]
    if (containers?.some(is)) return true
  }
  return false
}

/** The containers of a pod, of every sort, with where each of them is. */
export function containersOf(spec: PodSpec, at: FieldPath): readonly (readonly [AnyContainer, FieldPath])[] {
  const found: [AnyContainer, FieldPath][] = []
  for (const list of lists) {
    const containers: readonly AnyContainer[] = spec[list] ?? []
    if (containers.length === 0) continue
    const here = at.child(list)
    for (let i = 0; i < containers.length; i++) found.push([containers[i] as AnyContainer, here.index(i)])
  }
  return found
}
