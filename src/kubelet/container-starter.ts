import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Container, Pod, Secret } from '../api/core/v1/index.js'
import type { EventType } from '../client/events.js'
import { ConfigError } from './container/config-error.js'
import { containerConfig } from './container/container-config.js'
import { containerEnvironment, environmentReferences } from './container/environment.js'
import { ownerOf } from './container/labels.js'
import type { Requirements } from './container/linux-resources.js'
import { containerDevices, containerMounts } from './container-mounts.js'
import { ImageError } from './images/image-puller.js'
import { type NodeContext, podLogFolder } from './node-context.js'
import type { ContainerStart } from './pod-actions.js'
import { newestRecord, type SandboxRecord } from './pod-runtime-state.js'
import type { PodSandboxConfig } from './runtime/cri-messages.js'
import { RuntimeError } from './runtime/runtime-error.js'
import type { PodVolumes, ReadyVolume } from './volumes/pod-volumes.js'
import { readInside } from './volumes/sub-path.js'

/** A container that did not start; `reason` and `message` say so in its status. */
export class StartError extends Error {
  override readonly name = 'StartError'

  constructor(
    readonly reason: string,
    message: string,
    /** Milliseconds since the epoch. */
    readonly retryAt?: number,
  ) {
    super(message)
  }
}

export interface StartInput {
  readonly pod: Pod
  readonly start: ContainerStart
  readonly sandbox: SandboxRecord
  readonly sandboxConfig: PodSandboxConfig
  readonly volumes: PodVolumes
  /** What is granted to the container, where that differs from what it asks for. */
  readonly requirements?: Requirements
  readonly record: (type: EventType, reason: string, message: string) => void
  readonly signal: AbortSignal
}

/**
 * Makes and starts one container and answers its id; it is in the runtime view by then. Throws `StartError`, or what the
 * runtime answers when it is down.
 */
export async function startContainer(context: NodeContext, input: StartInput): Promise<string> {
  const { pod, start, sandbox, sandboxConfig, record, signal } = input
  const { cri, view } = context
  const { spec } = start.container
  try {
    const secrets = await pullSecrets(input)
    const owner = pod.metadata.uid ?? ''
    const pull = (image: string, policy: string | undefined) =>
      context.images.ensure({ owner, image, policy, secrets, sandbox: sandboxConfig, record, signal })
    const image = await pull(spec.image ?? '', spec.imagePullPolicy)
    const podIps = pod.spec.hostNetwork ? context.machine.hostIps : sandbox.ips
    const environment = await environmentOf(context, input, podIps)
    const mounts = await containerMounts(context, {
      pod,
      container: spec,
      restartCount: start.restartCount,
      volumes: input.volumes.ready,
      environment,
      podIps,
      pull: async wanted => (await pull(wanted.image, wanted.policy)).ref,
    })
    const target = start.container.targetContainerName
    const targetId = target ? newestRecord(view.get(owner), target)?.id : undefined
    if (target && !targetId) throw new ConfigError(`unable to find target container ${target}`)
    const config = containerConfig(pod, start.container, {
      restartCount: start.restartCount,
      imageRef: image.ref,
      image: image.image,
      environment,
      mounts,
      memoryCapacity: context.machine.memoryCapacity,
      ...(input.requirements ? { requirements: input.requirements } : {}),
      seccompRoot: context.seccompFolder,
      ...(targetId ? { targetId } : {}),
    })
    const devices = containerDevices({ container: spec, volumes: input.volumes.ready })
    await mkdir(join(podLogFolder(context, pod), spec.name), { recursive: true, mode: 0o755 })
    signal.throwIfAborted()
    const make = async (): Promise<string> => {
      const { containerId } = await attempt('CreateContainerError', () =>
        cri.createContainer({ podSandboxId: sandbox.id, config: { ...config, devices }, sandboxConfig }),
      )
      view.expect(ownerOf(pod), containerId, sandbox.id)
      record('Normal', 'Created', 'Container created')
      try {
        await attempt('RunContainerError', () => cri.startContainer({ containerId }))
      } finally {
        await view.inspectContainer(containerId)
      }
      record('Normal', 'Started', 'Container started')
      return containerId
    }
    // What is half done goes before what has not begun, so that the first of many pods are ready soon.
    return await context.slots.run(make, signal, true)
  } catch (error) {
    const failure = startError(error)
    if (!failure) throw error
    record('Warning', 'Failed', `Error: ${error instanceof ImageError ? failure.reason : failure.message}`)
    throw failure
  }
}

const attempt = <T>(reason: string, call: () => Promise<T>): Promise<T> =>
  call().catch(error => {
    if (!(error instanceof RuntimeError) || error.code === 'Unavailable') throw error
    throw new StartError(reason, error.message)
  })

function startError(error: unknown): StartError | undefined {
  if (error instanceof StartError) return error
  if (error instanceof ConfigError) return new StartError(error.reason, error.message)
  if (error instanceof ImageError) return new StartError(error.reason, error.message, error.retryAt)
  return undefined
}

/** Secrets that do not exist are passed over: the image may be had without. */
async function pullSecrets({ pod, volumes, record }: StartInput): Promise<readonly Secret[]> {
  const found: Secret[] = []
  for (const { name = '' } of pod.spec.imagePullSecrets ?? []) {
    const secret = name ? await volumes.objects.secret(name) : undefined
    if (secret) found.push(secret)
    else
      record(
        'Warning',
        'FailedToRetrieveImagePullSecret',
        `Unable to retrieve some image pull secrets (${name}); attempting to pull the image may not succeed.`,
      )
  }
  return found
}

async function environmentOf(
  context: NodeContext,
  { pod, start, volumes, signal }: StartInput,
  podIps: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const container: Container = start.container.spec
  const references = environmentReferences(container)
  const objects = async <T>(names: Iterable<string>, get: (name: string) => Promise<T | undefined>) => {
    const found = new Map<string, T>()
    for (const name of names) {
      const object = await get(name)
      if (object) found.set(name, object)
    }
    return found
  }
  return containerEnvironment(pod, container, {
    services: await context.services.current(signal),
    configMaps: await objects(references.configMaps, name => volumes.objects.configMap(name)),
    secrets: await objects(references.secrets, name => volumes.objects.secret(name)),
    files: await objects(references.files, id => readVolumeFile(volumes.ready, id)),
    node: context.machine,
    podIps,
  })
}

async function readVolumeFile(ready: ReadonlyMap<string, ReadyVolume>, id: string): Promise<string | undefined> {
  const slash = id.indexOf('/')
  const volume = ready.get(id.slice(0, slash))
  if (volume?.type !== 'folder') return undefined
  return readInside(volume.path, id.slice(slash + 1))
}
