import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A file that a node needs, and Debian's package that has it. */
export interface Requirement {
  readonly package: string
  /** Programs, searched for along PATH and in the system's own folders. */
  readonly programs: readonly string[]
  /** CNI plugins, searched for in their own folders. */
  readonly cniPlugins?: readonly string[]
  /** What Typernetes does with it. */
  readonly purpose: string
}

/** Everything a node needs beyond Node.js and Debian's essential packages. kubectl is the user's own. */
export const NODE_REQUIREMENTS: readonly Requirement[] = [
  { package: 'containerd', programs: ['containerd', 'containerd-shim-runc-v2'], purpose: 'runs containers' },
  { package: 'runc', programs: ['runc'], purpose: 'starts containers' },
  {
    package: 'containernetworking-plugins',
    programs: [],
    cniPlugins: ['bridge', 'host-local', 'loopback', 'portmap', 'ptp'],
    purpose: 'connects pods to the network',
  },
  { package: 'nftables', programs: ['nft'], purpose: 'routes services and enforces network policies' },
  { package: 'iptables', programs: ['iptables'], purpose: 'maps ports of the node to pods' },
  { package: 'iproute2', programs: ['ip'], purpose: 'sets up links and routes' },
  { package: 'conntrack', programs: ['conntrack'], purpose: 'forgets connections to removed endpoints' },
  { package: 'catatonit', programs: ['catatonit'], purpose: 'holds the namespaces of a pod' },
]

/** Where Debian puts what only root runs, which is not on everybody's PATH. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** Where distributions and upstream's archives put CNI plugins. */
const CNI_FOLDERS = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni']

export interface SearchOptions {
  /** The PATH to search; this process's by default. */
  readonly path?: string
  readonly systemFolders?: readonly string[]
  readonly cniFolders?: readonly string[]
}

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** The full path of a program; undefined if it is not installed. */
export const findProgram = (name: string, options: SearchOptions = {}): string | undefined => {
  const { path = process.env['PATH'] ?? '', systemFolders = SYSTEM_FOLDERS } = options
  const folders = [...path.split(delimiter).filter(folder => folder.startsWith('/')), ...systemFolders]
  return folders.map(folder => join(folder, name)).find(isExecutable)
}

/** The folder that has all the CNI plugins a node needs; undefined if none has. */
export const findCniPlugins = ({ cniFolders = CNI_FOLDERS }: SearchOptions = {}): string | undefined => {
  const needed = NODE_REQUIREMENTS.flatMap(({ cniPlugins = [] }) => cniPlugins)
  return cniFolders.find(folder => needed.every(plugin => isExecutable(join(folder, plugin))))
}

/** The requirements that this machine does not meet. */
export const missingRequirements = (options: SearchOptions = {}): Requirement[] =>
  NODE_REQUIREMENTS.filter(
    ({ programs, cniPlugins }) =>
      programs.some(name => !findProgram(name, options)) || (cniPlugins !== undefined && !findCniPlugins(options)),
  )

/** The Debian packages to install so that this machine can be a node. */
export const missingPackages = (options: SearchOptions = {}): string[] =>
  missingRequirements(options).map(requirement => requirement.package)
