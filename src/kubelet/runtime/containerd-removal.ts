import { readdir, readFile, rm } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { endProcess, isRunning, signalProcess } from '../../machinery/process-identity.js'
import { removeCgroup } from './cgroups.js'
import { removeCniAttachments } from './cni-removal.js'
import {
  type ContainerdOptions,
  findCniBinDir,
  readRecord,
  socketOf,
  startContainerd,
  stopGrace,
} from './containerd.js'
import { type CriClient, connectCri } from './cri-client.js'
import { findProcesses } from './find-processes.js'
import { listMounts, mountsBelow, unmountBelow } from './mounts.js'
import { isNotFound } from './runtime-error.js'

/** Stops and removes every pod with its containers, also containers without a pod. Returns how many pods there were. */
export async function removeAllPods(
  cri: CriClient,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<number> {
  const options = signal ? { signal } : {}
  const { items } = await cri.listPodSandbox({}, options)
  await Promise.all(
    items.map(async ({ id: podSandboxId }) => {
      await unlessGone(cri.stopPodSandbox({ podSandboxId }, options))
      await unlessGone(cri.removePodSandbox({ podSandboxId }, options))
    }),
  )
  const { containers } = await cri.listContainers({}, options)
  await Promise.all(
    containers.map(async ({ id: containerId }) => {
      await unlessGone(cri.stopContainer({ containerId }, options))
      await unlessGone(cri.removeContainer({ containerId }, options))
    }),
  )
  return items.length
}

const unlessGone = (call: Promise<unknown>): Promise<unknown> =>
  call.catch(error => {
    if (!isNotFound(error)) throw error
  })

/**
 * Removes a containerd with all it holds: pods (by CRI if it can be started, so that their networks are taken down
 * properly), then by force whatever is left of shims, containers, cgroups and mounts, at last both folders.
 * Throws if a mount below them withstands, before anything is deleted.
 */
export async function deleteContainerd(options: ContainerdOptions): Promise<void> {
  const folders = [options.root, options.state].map(folder => checkedFolder(folder))
  const bundles = await readBundles(options.state)
  const record = await readRecord(options.state)
  const running = record !== undefined && isRunning(record.process)
  if (running || bundles.length > 0) await removeByRuntime(options).catch(() => {})
  if (record) await endProcess(record.process, { graceMs: stopGrace })

  const socket = socketOf(options)
  const shims = await findProcesses(argv => isShimOf(argv, socket))
  for (const shim of shims) signalProcess(shim, 'SIGKILL')
  for (const { cgroup } of bundles) if (cgroup) await removeCgroup(cgroup)
  for (const cgroup of [options.cgroups?.shims, options.cgroups?.daemon]) if (cgroup) await removeCgroup(cgroup)
  const binDir = options.cniBinDir ?? (await findCniBinDir().catch(() => undefined))
  await removeCniAttachments(
    bundles.map(({ id }) => id),
    { binDir },
  )
  for (const folder of folders) await unmountBelow(folder)
  for (const { shimSocket } of bundles) if (shimSocket) await rm(shimSocket, { force: true })
  const mounts = await listMounts()
  const left = folders.flatMap(folder => mountsBelow(mounts, folder))
  if (left.length > 0) throw new Error(`cannot unmount ${left.join(', ')}`)
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
}

/** The folders are deleted with everything in them, so a slip must not name the machine's. */
function checkedFolder(folder: string): string {
  if (resolve(folder) !== folder || folder.split('/').length < 3) {
    throw new Error(`"${folder}" is no folder that can be deleted: give an absolute path at least two levels deep`)
  }
  return folder
}

async function removeByRuntime(options: ContainerdOptions): Promise<void> {
  await using containerd = await startContainerd(options)
  await containerd.ready
  using cri = connectCri(containerd.socket)
  await removeAllPods(cri, { signal: AbortSignal.timeout(60_000) })
}

/** containerd-shim-runc-v2 -namespace k8s.io -id ... -address <socket> */
const isShimOf = (argv: readonly string[], socket: string): boolean =>
  (argv[0] ?? '').includes('containerd-shim') && argv[argv.indexOf('-address') + 1] === socket

/** What a running container leaves outside containerd's folders. */
interface Bundle {
  /** Of the container. */
  readonly id: string
  /** Path of its cgroup below each hierarchy's root. */
  readonly cgroup: string | undefined
  /** The shim's socket, which lies in a folder common to all containerds. */
  readonly shimSocket: string | undefined
}

/**
 * The sockets of shims that a containerd with this state folder has started, in a folder common to all containerds. Who
 * kills a shim leaves it, and so does containerd.
 */
export const shimSockets = async (state: string): Promise<string[]> =>
  (await readBundles(state)).flatMap(({ shimSocket }) => shimSocket ?? [])

async function readBundles(state: string): Promise<Bundle[]> {
  const tasks = join(state, 'io.containerd.runtime.v2.task')
  const folders: string[] = []
  for (const namespace of await readdir(tasks).catch(() => [])) {
    const ids = await readdir(join(tasks, namespace)).catch(() => [])
    folders.push(...ids.map(id => join(tasks, namespace, id)))
  }
  return Promise.all(
    folders.map(async folder => {
      // Releases up to 1.6 note the shim's address as it is, later ones in a JSON object.
      const [config, ...addresses] = await Promise.all(
        ['config.json', 'address', 'bootstrap.json'].map(name => readFile(join(folder, name), 'utf8').catch(() => '')),
      )
      return {
        id: basename(folder),
        cgroup: cgroupOf(config ?? ''),
        shimSocket: /unix:\/\/(\/[^"\s]+)/.exec(addresses.join(' '))?.[1],
      }
    }),
  )
}

/** The cgroup of an OCI runtime configuration; undefined if it is in systemd's form, which systemd itself removes. */
function cgroupOf(configText: string): string | undefined {
  try {
    const path: unknown = JSON.parse(configText)?.linux?.cgroupsPath
    return typeof path === 'string' && path.startsWith('/') && path !== '/' ? path : undefined
  } catch {
    return undefined
  }
}
