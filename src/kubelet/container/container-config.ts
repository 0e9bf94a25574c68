import type { Pod, VolumeMount } from '../../api/core/v1/index.js'
import type { PodContainer } from '../pod-containers.js'
import { type ContainerConfig, type Mount, MountPropagation, Signal } from '../runtime/cri-messages.js'
import { expand } from './expansion.js'
import { containerAnnotations, containerLabels } from './labels.js'
import { containerResources, type Requirements } from './linux-resources.js'
import { containerSecurity, type ImageUser } from './security.js'

export interface ContainerOptions {
  readonly restartCount: number
  /** What the runtime is to run: the image as it resolved the pod's name for it. */
  readonly imageRef: string
  readonly image: ImageUser
  readonly environment: ReadonlyMap<string, string>
  /** The volume mounts, /etc/hosts and the termination message. */
  readonly mounts: readonly Mount[]
  /** The node's memory, bytes. */
  readonly memoryCapacity: number
  /** What is granted, where that differs from what is asked for. */
  readonly requirements?: Requirements
  readonly seccompRoot: string
  /** Id of the container whose process namespace an ephemeral container joins. */
  readonly targetId?: string
}

/** Where a container's output goes, below its pod's log folder. */
export const logPath = (container: string, restartCount: number): string => `${container}/${restartCount}.log`

/** What the runtime needs to create a container. Throws `ConfigError`. */
export function containerConfig(pod: Pod, container: PodContainer, options: ContainerOptions): ContainerConfig {
  const { spec } = container
  const { restartCount, environment } = options
  const expanded = (texts: readonly string[] = []) => texts.map(text => expand(text, name => environment.get(name)))
  const stopSignal = signalNumber(spec.lifecycle?.stopSignal)
  return {
    metadata: { name: spec.name, attempt: restartCount },
    image: { image: options.imageRef, ...(spec.image ? { userSpecifiedImage: spec.image } : {}) },
    command: expanded(spec.command),
    args: expanded(spec.args),
    workingDir: spec.workingDir ?? '',
    envs: [...environment].map(([key, value]) => ({ key, value })),
    mounts: options.mounts,
    labels: containerLabels(pod, container),
    annotations: containerAnnotations(pod, container, restartCount, options.requirements ?? spec.resources ?? {}),
    logPath: logPath(spec.name, restartCount),
    stdin: spec.stdin ?? false,
    stdinOnce: spec.stdinOnce ?? false,
    tty: spec.tty ?? false,
    linux: {
      resources: containerResources(pod, spec, options.memoryCapacity, options.requirements),
      securityContext: containerSecurity(pod, container, options.image, {
        seccompRoot: options.seccompRoot,
        ...(options.targetId ? { targetId: options.targetId } : {}),
      }),
    },
    ...(stopSignal ? { stopSignal } : {}),
  }
}

/** The API writes SIGRTMIN+1 what CRI calls SIGRTMINPLUS1. */
const signalNumber = (name: string | undefined): number | undefined =>
  name ? Signal[name.replace('+', 'PLUS').replace('-', 'MINUS')] : undefined

/** A volume mounted from a folder or file of the host. */
export function volumeMount(mount: VolumeMount, hostPath: string, readOnly: boolean): Mount {
  const propagation = {
    Bidirectional: MountPropagation.bidirectional,
    HostToContainer: MountPropagation.hostToContainer,
    None: MountPropagation.private,
  }
  return {
    containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
    hostPath,
    readonly: readOnly,
    propagation: propagation[(mount.mountPropagation ?? 'None') as keyof typeof propagation],
  }
}
