import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { hasCode, OperatorError } from './operator-error.js'

/** The cluster that commands mean when none is named. */
export const DEFAULT_CLUSTER = 'typernetes'

/** Where a cluster keeps everything, as absolute paths. Nothing of a cluster lies elsewhere but in the kernel. */
export interface ClusterPaths {
  readonly name: string
  /** What must survive a reboot: store, certificates, containers, volumes. */
  readonly data: string
  /** What must not: sockets, process identities, mounts. */
  readonly run: string
  readonly logs: string
  readonly pki: string
  readonly store: string
  /** How objects of the store are encrypted, with the keys. */
  readonly encryption: string
  readonly kubeconfigs: string
  readonly adminKubeconfig: string
  /** The admin socket of the control plane. */
  readonly controlSocket: string
}

/** Where one node of a cluster keeps its things. */
export interface NodePaths {
  readonly name: string
  readonly data: string
  readonly run: string
  /** The kubelet's root: volumes, plugins, checkpoints. */
  readonly kubelet: string
  readonly manifests: string
  readonly podLogs: string
  readonly cniConfig: string
  readonly cniState: string
  readonly containerdRoot: string
  readonly containerdState: string
  readonly containerdConfig: string
  readonly containerdSocket: string
}

export interface PathOptions {
  /** Puts everything below one folder instead of /var/lib, /run and /var/log; else `T8S_ROOT` does. */
  readonly root?: string | undefined
  readonly env?: { readonly [name: string]: string | undefined }
}

interface Bases {
  readonly data: string
  readonly run: string
  readonly logs: string
}

const bases = ({ root, env = process.env }: PathOptions): Bases => {
  const chosen = root || env['T8S_ROOT']
  if (!chosen) return { data: '/var/lib/typernetes', run: '/run/typernetes', logs: '/var/log/typernetes' }
  const absolute = resolve(chosen)
  return { data: join(absolute, 'lib'), run: join(absolute, 'run'), logs: join(absolute, 'log') }
}

// Names become folder names, host names and parts of interface names.
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

const checkName = (kind: string, name: string): string => {
  if (!NAME.test(name))
    throw new OperatorError(
      `${JSON.stringify(name)} cannot be the name of a ${kind}`,
      'Use lower case letters, digits and dashes, 63 at most, beginning and ending with a letter or digit.',
    )
  return name
}

/** `sun_path` holds 108 bytes including the closing zero. */
export const SOCKET_PATH_LIMIT = 107

/** Answers `path` if a Unix socket can have it. Throws if it is too long for the kernel. */
export const socketPath = (path: string): string => {
  const length = Buffer.byteLength(path)
  if (length > SOCKET_PATH_LIMIT)
    throw new OperatorError(
      `the socket path ${path} is ${length} bytes long; Linux allows ${SOCKET_PATH_LIMIT}`,
      `Choose a shorter --root (or T8S_ROOT) or a shorter name; ${length - SOCKET_PATH_LIMIT} bytes must go.`,
    )
  return path
}

/** The folders and files of the cluster `name`. Throws on a name or root that cannot be used. */
export const clusterPaths = (name = DEFAULT_CLUSTER, options: PathOptions = {}): ClusterPaths => {
  checkName('cluster', name)
  const base = bases(options)
  const data = join(base.data, name)
  const run = join(base.run, name)
  return {
    name,
    data,
    run,
    logs: join(base.logs, name),
    pki: join(data, 'pki'),
    store: join(data, 'store'),
    encryption: join(data, 'encryption.yaml'),
    kubeconfigs: join(data, 'kubeconfigs'),
    adminKubeconfig: join(data, 'kubeconfigs', 'admin.conf'),
    controlSocket: socketPath(join(run, 'control.sock')),
  }
}

/** The folders and files of one node. Throws on a name that cannot be used or makes a socket's path too long. */
export const nodePaths = (cluster: ClusterPaths, node: string): NodePaths => {
  // Node names may have dots, as host names do.
  for (const part of node.split('.')) checkName('node', part)
  const data = join(cluster.data, 'nodes', node)
  const run = join(cluster.run, 'nodes', node)
  return {
    name: node,
    data,
    run,
    kubelet: join(data, 'kubelet'),
    manifests: join(data, 'manifests'),
    podLogs: join(cluster.logs, 'nodes', node, 'pods'),
    cniConfig: join(data, 'cni', 'net.d'),
    cniState: join(data, 'cni', 'state'),
    containerdRoot: join(data, 'containerd'),
    containerdState: join(run, 'containerd'),
    containerdConfig: join(data, 'containerd.toml'),
    containerdSocket: socketPath(join(run, 'containerd.sock')),
  }
}

/** The names of the clusters that have data on this machine, sorted. */
export const listClusters = async (options: PathOptions = {}): Promise<string[]> => {
  try {
    const entries = await readdir(bases(options).data, { withFileTypes: true })
    return entries.flatMap(entry => (entry.isDirectory() && NAME.test(entry.name) ? [entry.name] : [])).sort()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}
