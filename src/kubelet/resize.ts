import type { Container, Pod } from '../api/core/v1/index.js'
import { compareQuantities } from '../machinery/quantity.js'
import type { Requirements } from './container/linux-resources.js'
import type { ContainerRecord } from './pod-runtime-state.js'

/** What can change while a container runs. */
const resizable = ['cpu', 'memory'] as const
type Resizable = (typeof resizable)[number]

/** What a container of this pod is granted, by container name. */
export type Grants = ReadonlyMap<string, Requirements>

/** Containers whose resources may change in place: regular ones and sidecars. */
export const resizableContainers = ({ spec }: Pod): readonly Container[] => [
  ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
  ...spec.containers,
]

/** What the pod asks for, as it is declared. */
export const askedGrants = (pod: Pod): Grants =>
  new Map(resizableContainers(pod).map(({ name, resources = {} }) => [name, resources]))

/** The pod with what it is granted in place of what it asks for. */
export function grantedPod(pod: Pod, grants: Grants): Pod {
  const granted = (container: Container): Container => {
    const resources = grants.get(container.name)
    return resources ? { ...container, resources: { ...container.resources, ...resources } } : container
  }
  const { containers, initContainers } = pod.spec
  return {
    ...pod,
    spec: {
      ...pod.spec,
      containers: containers.map(granted),
      ...(initContainers ? { initContainers: initContainers.map(granted) } : {}),
    },
  }
}

/** Whether two containers' requirements mean the same, however they are written. */
const sameRequirements = (a: Requirements, b: Requirements): boolean => changedResources(a, b).length === 0

export const sameGrants = (a: Grants, b: Grants): boolean =>
  a.size === b.size && [...a].every(([name, requirements]) => sameRequirements(requirements, b.get(name) ?? {}))

/** The resources in which two containers' requirements differ. */
function changedResources(a: Requirements, b: Requirements): readonly Resizable[] {
  const same = (x: string | undefined, y: string | undefined) =>
    x === undefined || y === undefined ? x === y : compareQuantities(x, y) === 0
  return resizable.filter(
    name => !same(a.requests?.[name], b.requests?.[name]) || !same(a.limits?.[name], b.limits?.[name]),
  )
}

/**
 * How a running container gets from what it has to what it is granted: as it is, by being told, or by a restart where it
 * asks for one (https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/).
 */
export function resizeMode(
  container: Container,
  has: Requirements,
  granted: Requirements,
): 'none' | 'update' | 'restart' {
  const changed = changedResources(has, granted)
  if (changed.length === 0) return 'none'
  const restarts = (container.resizePolicy ?? []).some(
    ({ resourceName, restartPolicy }) =>
      restartPolicy === 'RestartContainer' && changed.some(name => name === resourceName),
  )
  return restarts ? 'restart' : 'update'
}

/** A container that does not have what it is granted. */
export interface Resize {
  readonly container: Container
  readonly record: ContainerRecord
  readonly mode: 'update' | 'restart'
}

/** What is to be done so that all running containers have what they are granted. */
export function resizes(
  pod: Pod,
  containers: readonly ContainerRecord[],
  grants: Grants,
  has: (record: ContainerRecord) => Requirements,
): readonly Resize[] {
  return resizableContainers(pod).flatMap(container => {
    const record = containers.find(({ name }) => name === container.name)
    if (record?.state !== 'running') return []
    const mode = resizeMode(container, has(record), grants.get(container.name) ?? container.resources ?? {})
    return mode === 'none' ? [] : [{ container, record, mode }]
  })
}

/** What a pod's containers ask for, as events about its resizing tell it. */
export function resourceSummary({ spec, metadata }: Pod, error?: string): string {
  const summaries = (containers: readonly Container[] = []) =>
    containers.map(({ name, resources: { limits, requests, claims } = {} }) => ({
      name,
      resources: { ...(limits && { limits }), ...(requests && { requests }), ...(claims && { claims }) },
    }))
  const initContainers = summaries(spec.initContainers)
  return JSON.stringify({
    ...(initContainers.length && { initContainers }),
    containers: summaries(spec.containers),
    generation: metadata.generation ?? 0,
    ...(error && { error }),
  })
}
