import { readFile } from 'node:fs/promises'
import { hostname, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { parseCidr } from '../machinery/ip-address.js'
import { writeFileAtomically } from './atomic-file.js'
import { commandFor } from './command-for.js'
import { hasCode, OperatorError } from './operator-error.js'
import type { ClusterPaths } from './paths.js'

/** What `t8s up` was told of a cluster, kept so that later starts are the same. */
export interface ClusterConfig {
  readonly name: string
  readonly apiPort: number
  /** The address of this machine that the cluster uses for itself. */
  readonly address: string
  readonly serviceCidr: string
  readonly podCidr: string
  /** How many nodes run pods: this machine and, beyond the first, network namespaces of it. */
  readonly nodes: number
  /** The addresses of nodes beyond the first. */
  readonly nodeCidr: string
  readonly clusterDomain: string
  /** Address of the cluster's DNS service. */
  readonly dnsAddress: string
  readonly nodeName: string
  readonly kubeletPort: number
  readonly dnsPort: number
  readonly simulatedNodes: number
  /** Versions of the API that are served or not, and features that are switched, as the flags of these names have them. */
  readonly runtimeConfig: string
  readonly featureGates: string
  /** The kubeconfig that got the cluster's context. */
  readonly kubeconfig?: string
  /** The `t8s.config.ts` with what it has beyond what every cluster has, and the digest of what that says. */
  readonly configFile?: string
  readonly configDigest?: string
}

export const defaultConfig = (name: string): ClusterConfig => ({
  name,
  apiPort: 6443,
  address: machineAddress(),
  serviceCidr: '10.96.0.0/16',
  podCidr: '10.244.0.0/16',
  nodes: 1,
  nodeCidr: '10.89.0.0/24',
  clusterDomain: 'cluster.local',
  dnsAddress: '10.96.0.10',
  nodeName: nodeNameOf(hostname()),
  kubeletPort: 10250,
  dnsPort: 10053,
  simulatedNodes: 0,
  runtimeConfig: '',
  featureGates: '',
})

/** Host names may have what node names may not. */
const nodeNameOf = (host: string): string =>
  host
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '') || 'node'

/** The first IPv4 address of this machine that others could reach it by. Throws if it has none. */
export function machineAddress(): string {
  for (const [name, addresses] of Object.entries(networkInterfaces()))
    for (const { family, internal, address } of addresses ?? [])
      if (family === 'IPv4' && !internal && !isOurs(name)) return address
  throw new OperatorError(
    'this machine has no IPv4 address besides the loopback',
    'Give one to a network interface, or name an address with --address.',
  )
}

/** Links that clusters make are not the machine's own. */
const isOurs = (link: string): boolean => /^(t8s|veth|cni|docker|br-)/.test(link)

const fileOf = (paths: ClusterPaths): string => join(paths.data, 'cluster.json')

/** The configuration of a cluster that exists; undefined if there is none. Throws an `OperatorError` if it is damaged. */
export async function readConfig(paths: ClusterPaths): Promise<ClusterConfig | undefined> {
  try {
    const said: unknown = JSON.parse(await readFile(fileOf(paths), 'utf8'))
    const config = { ...defaultConfig(paths.name), ...(said as ClusterConfig) }
    const fault = isObject(said) ? faultOf(config) : 'it holds no object'
    if (fault !== undefined) throw new SyntaxError(fault)
    return config
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    if (error instanceof SyntaxError)
      throw new OperatorError(
        `${fileOf(paths)} is damaged: ${error.message}`,
        `Repair it, or remove the cluster with \`${commandFor(paths.name, 'delete')}\`.`,
        { cause: error },
      )
    throw error
  }
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)

/** What in a configuration cannot be worked with; undefined if all can. */
function faultOf(config: ClusterConfig): string | undefined {
  for (const [setting, usual] of Object.entries(defaultConfig(config.name))) {
    const value = config[setting as keyof ClusterConfig]
    if (typeof value !== typeof usual) return `${setting} is ${JSON.stringify(value)}, and must be a ${typeof usual}`
  }
  for (const setting of ['serviceCidr', 'podCidr', 'nodeCidr'] as const)
    if (!parseCidr(config[setting])) return `${setting} is ${JSON.stringify(config[setting])}, which is no network`
  return undefined
}

export const writeConfig = (paths: ClusterPaths, config: ClusterConfig): Promise<void> =>
  writeFileAtomically(fileOf(paths), `${JSON.stringify(config, null, 2)}\n`, { mode: 0o644 })
