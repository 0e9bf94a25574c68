import { readConfig } from '../cluster/cluster-config.js'
import { terminationSignal } from '../cluster/daemon.js'
import { OperatorError } from '../cluster/operator-error.js'
import { clusterPaths, nodePaths } from '../cluster/paths.js'
import { showProgress } from '../cluster/progress.js'
import {
  type CriClient,
  connectCri,
  ImageArchiveError,
  imageTargetOf,
  isUnavailable,
  loadImage,
} from '../kubelet/runtime/index.js'

interface Flags {
  readonly name: string
  readonly root?: string
}

/** `t8s image load FILE` */
export async function load(file: string, flags: Flags): Promise<void> {
  using termination = terminationSignal()
  using progress = showProgress(process.stderr)
  const names = await withRuntime(flags, (cri, socket) =>
    progress.step(`loading ${file === '-' ? 'standard input' : file}`, async () =>
      loadImage(file === '-' ? process.stdin : file, await imageTargetOf(socket, cri), cri, {
        signal: termination.signal,
      }),
    ),
  )
  process.stdout.write(`${names.join('\n')}\n`)
}

/** `t8s image list` */
export async function list(flags: Flags): Promise<void> {
  const { images } = await withRuntime(flags, cri => cri.listImages({}))
  const rows = images
    .flatMap(({ repoTags, repoDigests, size }) =>
      (repoTags.length > 0 ? repoTags : repoDigests).map(name => ({ name, size })),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const width = Math.max(5, ...rows.map(({ name }) => name.length))
  const lines = [
    `${'IMAGE'.padEnd(width)}  SIZE`,
    ...rows.map(({ name, size }) => `${name.padEnd(width)}  ${megabytes(size)}`),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

async function withRuntime<T>(flags: Flags, use: (cri: CriClient, socket: string) => Promise<T>): Promise<T> {
  const paths = clusterPaths(flags.name, { root: flags.root })
  const config = await readConfig(paths)
  if (!config) throw new OperatorError(`there is no cluster ${flags.name}`, '`t8s up` makes it.')
  const { containerdSocket } = nodePaths(paths, config.nodeName)
  using cri = connectCri(containerdSocket)
  try {
    return await use(cri, containerdSocket)
  } catch (error) {
    if (isUnavailable(error))
      throw new OperatorError(
        `the cluster ${flags.name} does not run: ${containerdSocket} does not answer`,
        'Start it with `t8s up`; `t8s status` says how it is.',
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
