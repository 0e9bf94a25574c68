import { createHash } from 'node:crypto'
import type { Container, Pod } from '../api/core/v1/index.js'

/**
 * - `init`: runs to completion before the next one starts.
 * - `sidecar`: an init container with restart policy Always; started in turn, then kept alive beside the others.
 * - `ephemeral`: added to a running pod for debugging; never restarted, never probed.
 */
export type ContainerRole = 'init' | 'sidecar' | 'regular' | 'ephemeral'

/** A container of a pod and the part it plays. */
export interface PodContainer {
  readonly role: ContainerRole
  readonly spec: Container
  /** Where events say they come from, e.g. `spec.containers{web}`. */
  readonly fieldPath: string
  /** Of an ephemeral container: whose process namespace it joins. */
  readonly targetContainerName?: string
}

/** Init containers and sidecars in the order in which they start. */
export const initContainers = (pod: Pod): readonly PodContainer[] =>
  (pod.spec.initContainers ?? []).map(spec => ({
    role: spec.restartPolicy === 'Always' ? ('sidecar' as const) : ('init' as const),
    spec,
    fieldPath: `spec.initContainers{${spec.name}}`,
  }))

export const regularContainers = (pod: Pod): readonly PodContainer[] =>
  pod.spec.containers.map(spec => ({ role: 'regular' as const, spec, fieldPath: `spec.containers{${spec.name}}` }))

export const ephemeralContainers = (pod: Pod): readonly PodContainer[] =>
  (pod.spec.ephemeralContainers ?? []).map(({ targetContainerName, ...spec }) => ({
    role: 'ephemeral' as const,
    spec,
    fieldPath: `spec.ephemeralContainers{${spec.name}}`,
    ...(targetContainerName ? { targetContainerName } : {}),
  }))

/** Every container of a pod, in the order init, regular, ephemeral. */
export const podContainers = (pod: Pod): readonly PodContainer[] => [
  ...initContainers(pod),
  ...regularContainers(pod),
  ...ephemeralContainers(pod),
]

export const findContainer = (pod: Pod, name: string): PodContainer | undefined =>
  podContainers(pod).find(({ spec }) => spec.name === name)

/** Changes when a running container no longer is what its pod asks for. Resources are not part: they change in place. */
export const containerHash = ({ name, image }: Pick<Container, 'name' | 'image'>): string =>
  createHash('sha256')
    .update(JSON.stringify([name, image]))
    .digest('hex')
    .slice(0, 8)
