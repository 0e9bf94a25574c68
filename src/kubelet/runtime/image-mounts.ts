import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { Infer } from '../../schema/index.js'
import { Empty } from './containerd-events-messages.js'
import {
  MountsRequest,
  MountsResponse,
  RemoveSnapshotRequest,
  type SnapshotMount,
  ViewSnapshotRequest,
} from './containerd-snapshot-messages.js'
import type { CriClient } from './cri-client.js'
import { connectGrpc } from './grpc-connection.js'
import { imageTargetOf } from './images.js'
import { listMounts, mountsBelow, unmountBelow } from './mounts.js'
import { isAlreadyExists, isNotFound } from './runtime-error.js'

const run = promisify(execFile)

const service = '/containerd.services.snapshots.v1.Snapshots'
const view = { path: `${service}/View`, request: ViewSnapshotRequest, response: MountsResponse }
const mounts = { path: `${service}/Mounts`, request: MountsRequest, response: MountsResponse }
const remove = { path: `${service}/Remove`, request: RemoveSnapshotRequest, response: Empty }

/** What is in an image, as a folder of the machine. Mounts outlive whoever made them, until they are released. */
export interface ImageMounts extends Disposable {
  /** Mounts an image (by its id) read-only. A folder that is a mount point already is left alone. */
  mount(imageId: string, folder: string): Promise<void>
  /** Unmounts the folder. The image may then be removed. */
  release(folder: string): Promise<void>
}

/** Mounts images of a containerd whose CRI does not do that itself. */
export function imageMounts(socket: string, cri: Pick<CriClient, 'version' | 'status' | 'imageStatus'>): ImageMounts {
  const connection = connectGrpc(socket, { 'containerd-namespace': 'k8s.io' })
  const snapshotterName = async () => (await imageTargetOf(socket, cri)).snapshotter
  const keyOf = (folder: string) => `typernetes-image-volume:${folder}`

  return {
    async mount(imageId, folder) {
      if (mountsBelow(await listMounts(), folder).includes(folder)) return
      const snapshotter = await snapshotterName()
      const { info } = await cri.imageStatus({ image: { image: imageId }, verbose: true })
      const parent = chainIdOf(info['info'] ?? '')
      const key = keyOf(folder)
      // Without the label containerd would collect what no container uses.
      const labels = { 'containerd.io/gc.root': new Date().toISOString() }
      const made = await connection
        .call(view, { snapshotter, key, ...(parent ? { parent } : {}), labels })
        .catch(error => {
          if (!isAlreadyExists(error)) throw error
          return connection.call(mounts, { snapshotter, key })
        })
      await mkdir(folder, { recursive: true, mode: 0o755 })
      for (const part of made.mounts ?? []) {
        const { args, cwd } = mountCommand(part, folder)
        await run('mount', [...args], { cwd })
      }
    },

    async release(folder) {
      await unmountBelow(folder)
      await connection.call(remove, { snapshotter: await snapshotterName(), key: keyOf(folder) }).catch(error => {
        if (!isNotFound(error)) throw error
      })
    },

    [Symbol.dispose]: () => connection[Symbol.dispose](),
  }
}

/** Under which name the layers of an image lie, from what CRI says of it. Throws if it does not. */
export function chainIdOf(info: string): string {
  const { chainID }: { chainID?: unknown } = JSON.parse(info)
  if (typeof chainID !== 'string') throw new Error('the container runtime does not say where the image is')
  return chainID
}

/** The arguments of `mount`, and where to run it: relative paths keep many layers within the kernel's limit of a page. */
export function mountCommand(
  { type, source, options = [] }: Infer<typeof SnapshotMount>,
  folder: string,
): { readonly args: readonly string[]; readonly cwd: string } {
  const own = options.filter(option => !/^(?:rw|rbind|bind)$/.test(option))
  if (type === 'bind' || options.some(option => /^r?bind$/.test(option)))
    return { args: ['--bind', '-o', [...new Set(['ro', ...own])].join(), source, folder], cwd: '/' }
  const lower = own.find(option => option.startsWith('lowerdir='))?.slice('lowerdir='.length)
  const layers = lower?.split(':') ?? []
  // Snapshots of one containerd lie side by side: `<folder>/<number>/fs`.
  const cwd = dirname(dirname(layers[0] ?? '/'))
  const short = layers.map(layer => (layer.startsWith(`${cwd}/`) ? layer.slice(cwd.length + 1) : layer)).join(':')
  const shortened = own.map(option => (option.startsWith('lowerdir=') ? `lowerdir=${short}` : option))
  return { args: ['-t', type, '-o', [...new Set(['ro', ...shortened])].join(), source, folder], cwd }
}
