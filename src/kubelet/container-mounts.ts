import { chmod, mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Container, Pod, VolumeMount } from '../api/core/v1/index.js'
import { ConfigError } from './container/config-error.js'
import { volumeMount } from './container/container-config.js'
import { expand } from './container/expansion.js'
import { podHostname } from './container/hostname.js'
import { hostsFile } from './container/hosts-file.js'
import type { ImageRequest } from './images/image-puller.js'
import type { NodeContext } from './node-context.js'
import type { Device, Mount } from './runtime/cri-messages.js'
import { messageFile } from './termination-message.js'
import { imageVolumeFolder } from './volumes/image-volumes.js'
import { bindDescriptor, unmountBelow } from './volumes/mounts.js'
import type { ReadyVolume } from './volumes/pod-volumes.js'
import { existingSubPath, holdInside, resolveSubPath } from './volumes/sub-path.js'
import { VolumeError } from './volumes/volume-error.js'

export interface MountsInput {
  readonly pod: Pod
  readonly container: Container
  readonly restartCount: number
  readonly volumes: ReadonlyMap<string, ReadyVolume>
  readonly environment: ReadonlyMap<string, string>
  readonly podIps: readonly string[]
  /** Sees to it that the image of an image volume is there. */
  readonly pull: (request: Pick<ImageRequest, 'image' | 'policy'>) => Promise<string>
}

type Context = Pick<NodeContext, 'podsFolder' | 'dns' | 'hostsFile' | 'features' | 'volumes'>

/**
 * All that a container sees of the host: its volumes, /etc/hosts and the file for its last words. Makes the files it
 * needs. Throws `ConfigError` for mounts that are not possible.
 */
export async function containerMounts(context: Context, input: MountsInput): Promise<readonly Mount[]> {
  const { container, pod, restartCount } = input
  const mounts: Mount[] = []
  for (const [index, mount] of (container.volumeMounts ?? []).entries())
    mounts.push(await mountOf(context, input, mount, index))
  const taken = new Set(mounts.map(({ containerPath }) => containerPath.replace(/\/+$/, '')))
  if (!taken.has('/etc/hosts') && (pod.spec.hostNetwork || input.podIps.length > 0))
    mounts.push({ containerPath: '/etc/hosts', hostPath: await writeHostsFile(context, input) })
  if (container.terminationMessagePath && !taken.has(container.terminationMessagePath)) {
    const file = messageFile(context.podsFolder, pod.metadata.uid ?? '', container.name, restartCount)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, '')
    // The container may run as anybody.
    await chmod(file, 0o666)
    mounts.push({ containerPath: container.terminationMessagePath, hostPath: file })
  }
  return mounts
}

/** Raw block volumes. */
export function containerDevices({
  container,
  volumes,
}: Pick<MountsInput, 'container' | 'volumes'>): readonly Device[] {
  return (container.volumeDevices ?? []).map(({ name, devicePath }) => {
    const volume = volumes.get(name)
    if (volume?.type !== 'device') throw new ConfigError(`volume ${name} is not a block volume`)
    return { containerPath: devicePath, hostPath: volume.path, permissions: volume.readOnly ? 'r' : 'mrw' }
  })
}

async function mountOf(context: Context, input: MountsInput, mount: VolumeMount, index: number): Promise<Mount> {
  const volume = input.volumes.get(mount.name)
  if (!volume || volume.type === 'device')
    throw new ConfigError(`cannot find volume "${mount.name}" to mount into container "${input.container.name}"`)
  const subPath = mount.subPathExpr ? expandSubPath(mount.subPathExpr, input.environment) : (mount.subPath ?? '')
  if (volume.type === 'image')
    return imageMount(context, input, mount, { image: volume.reference, policy: volume.pullPolicy }, subPath)
  const readOnly = volume.readOnly || mount.readOnly === true
  const recursive = isRecursivelyReadOnly(context, mount) ? { recursiveReadOnly: true } : {}
  if (!subPath) return { ...volumeMount(mount, volume.path, readOnly), ...recursive }
  try {
    const resolved = await resolveSubPath(volume.path, subPath)
    // What only we write cannot change under the runtime's feet.
    const path = volume.ours ? resolved : await bindSubPath(context, input, mount, index, volume.path, resolved)
    return { ...volumeMount(mount, path, readOnly), ...recursive }
  } catch (error) {
    throw subPathError(error, input, mount)
  }
}

/** An image as a volume: mounted by the runtime if it can, else by us. */
async function imageMount(
  context: Context,
  input: MountsInput,
  mount: VolumeMount,
  wanted: Parameters<MountsInput['pull']>[0],
  subPath: string,
): Promise<Mount> {
  const ref = await input.pull(wanted)
  if (context.features().imageVolumes)
    return { ...volumeMount(mount, '', true), image: { image: ref }, ...(subPath ? { imageSubPath: subPath } : {}) }
  const volumeFolder = imageVolumeFolder(context.podsFolder, input.pod.metadata.uid ?? '', mount.name)
  const folder = join(volumeFolder, ref.replace(/^.*:/, ''))
  await context.volumes.imageMounts.mount(ref, folder)
  try {
    return volumeMount(mount, subPath ? await existingSubPath(folder, subPath) : folder, true)
  } catch (error) {
    throw subPathError(error, input, mount)
  }
}

function subPathError(error: unknown, { container }: MountsInput, { name }: VolumeMount): unknown {
  if (!(error instanceof VolumeError)) return error
  return new ConfigError(
    `failed to prepare subPath for volumeMount "${name}" of container "${container.name}": ${error.message}`,
  )
}

/** Whether mounts below a read-only one are to be read-only, too. Throws `ConfigError` where they must, but cannot. */
function isRecursivelyReadOnly(
  { features }: Pick<NodeContext, 'features'>,
  { name, readOnly, recursiveReadOnly = 'Disabled' }: VolumeMount,
): boolean {
  if (!readOnly || recursiveReadOnly === 'Disabled') return false
  const isPossible = features().recursiveReadOnly
  if (recursiveReadOnly === 'Enabled' && !isPossible)
    throw new ConfigError(`volume mount "${name}" must be read-only recursively, which the runtime cannot do`)
  return isPossible
}

function expandSubPath(expression: string, environment: ReadonlyMap<string, string>): string {
  const missing: string[] = []
  const path = expand(expression, name => {
    const value = environment.get(name)
    if (value === undefined) missing.push(name)
    return value
  })
  if (missing.length)
    throw new ConfigError(
      `failed to expand subPath expression "${expression}": missing value for ${missing.join(', ')}`,
    )
  if (path.startsWith('/')) throw new ConfigError(`subPath "${path}" must not be an absolute path`)
  if (path.split('/').includes('..')) throw new ConfigError(`subPath "${path}" must not contain '..'`)
  return path
}

async function bindSubPath(
  { podsFolder }: Context,
  { pod, container }: MountsInput,
  mount: VolumeMount,
  index: number,
  volume: string,
  resolved: string,
): Promise<string> {
  const target = join(podsFolder, pod.metadata.uid ?? '', 'volume-subpaths', mount.name, container.name, String(index))
  await unmountBelow(target)
  const { handle, stats } = await holdInside(volume, resolved)
  try {
    await mkdir(stats.isDirectory() ? target : dirname(target), { recursive: true })
    if (!stats.isDirectory()) await (await open(target, 'a')).close()
    await bindDescriptor(handle.fd, target)
  } finally {
    await handle.close()
  }
  return target
}

async function writeHostsFile(context: Context, { pod, podIps }: MountsInput): Promise<string> {
  const path = join(context.podsFolder, pod.metadata.uid ?? '', 'etc-hosts')
  const hostFile = pod.spec.hostNetwork ? await context.hostsFile() : ''
  const text = hostsFile(pod, podHostname(pod, context.dns.clusterDomain), podIps, hostFile)
  const before = await readFile(path, 'utf8').catch(() => undefined)
  if (before === text) return path
  await mkdir(dirname(path), { recursive: true })
  // In place: containers that run have this very file mounted.
  await writeFile(path, text, { mode: 0o644 })
  return path
}
