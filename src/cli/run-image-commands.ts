import { constants, createWriteStream } from 'node:fs'
import { access, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { commandFor } from '../cluster/command-for.js'
import { terminationSignal } from '../cluster/daemon.js'
import { localNodes } from '../cluster/local-nodes.js'
import { hasCode, OperatorError } from '../cluster/operator-error.js'
import { nodePaths } from '../cluster/paths.js'
import { showProgress } from '../cluster/progress.js'
import {
  type CriClient,
  connectCri,
  ImageArchiveError,
  imageTargetOf,
  isUnavailable,
  loadImage,
} from '../kubelet/runtime/index.js'
import { type ClusterFlags, existingCluster } from './existing-cluster.js'

/** `t8s image load FILE` */
export async function load(file: string, flags: ClusterFlags): Promise<void> {
  using termination = terminationSignal()
  using progress = showProgress(process.stderr)
  const nodes = await nodesOf(flags)
  await using archive = await archiveOf(file, nodes.length)
  const title = (node: string) =>
    `loading ${file === '-' ? 'standard input' : file}${nodes.length > 1 ? ` into ${node}` : ''}`
  const loaded = await Promise.all(
    nodes.map(({ name, socket }) =>
      withRuntime(flags, socket, cri =>
        progress.step(title(name), async () =>
          loadImage(archive.source, await imageTargetOf(socket, cri), cri, { signal: termination.signal }),
        ),
      ),
    ),
  )
  process.stdout.write(`${[...new Set(loaded.flat())].join('\n')}\n`)
}

/** `t8s image list` */
export async function list(flags: ClusterFlags): Promise<void> {
  const sizes = new Map<string, number>()
  for (const { socket } of await nodesOf(flags)) {
    const { images } = await withRuntime(flags, socket, cri => cri.listImages({}))
    for (const { repoTags, repoDigests, size } of images)
      for (const name of repoTags.length > 0 ? repoTags : repoDigests) sizes.set(name, size)
  }
  const rows = [...sizes].sort(([a], [b]) => (a < b ? -1 : 1))
  const width = Math.max(5, ...rows.map(([name]) => name.length))
  const lines = [
    `${'IMAGE'.padEnd(width)}  SIZE`,
    ...rows.map(([name, size]) => `${name.padEnd(width)}  ${megabytes(size)}`),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

async function nodesOf(flags: ClusterFlags): Promise<readonly { readonly name: string; readonly socket: string }[]> {
  const { paths, config } = await existingCluster(flags)
  return localNodes(config).map(({ name }) => ({ name, socket: nodePaths(paths, name).containerdSocket }))
}

/** Where an archive is read from as often as needed: standard input can be read once. */
async function archiveOf(
  file: string,
  times: number,
): Promise<AsyncDisposable & { readonly source: Readable | string }> {
  const nothing = async () => {}
  if (file !== '-') {
    const refuse = (trouble: string, cause?: unknown) =>
      new OperatorError(`the file ${file} ${trouble}`, 'Give an image archive, or - to read standard input.', { cause })
    await access(file, constants.R_OK).catch(error => {
      throw refuse(hasCode(error, 'ENOENT') ? 'does not exist' : 'cannot be read', error)
    })
    if ((await stat(file)).isDirectory()) throw refuse('is a folder')
    return { source: file, [Symbol.asyncDispose]: nothing }
  }
  if (times === 1) return { source: process.stdin, [Symbol.asyncDispose]: nothing }
  const folder = await mkdtemp(join(tmpdir(), 't8s-image-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  const source = join(folder, 'archive')
  try {
    await pipeline(process.stdin, createWriteStream(source))
  } catch (error) {
    await remove()
    throw error
  }
  return { source, [Symbol.asyncDispose]: remove }
}

async function withRuntime<T>(flags: ClusterFlags, socket: string, use: (cri: CriClient) => Promise<T>): Promise<T> {
  using cri = connectCri(socket)
  try {
    return await use(cri)
  } catch (error) {
    if (isUnavailable(error))
      throw new OperatorError(
        `the cluster ${flags.name} does not run: ${socket} does not answer`,
        `Start it with \`${commandFor(flags.name, 'up')}\`; \`${commandFor(flags.name, 'status')}\` says how it is.`,
        { cause: error },
      )
    if (error instanceof ImageArchiveError)
      throw new OperatorError(
        error.message,
        'Give a file that `docker save`, `skopeo copy ... oci-archive:` or the like has written.',
        { cause: error },
      )
    throw error
  }
}
