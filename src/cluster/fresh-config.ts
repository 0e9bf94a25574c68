import { cidrContains, cidrOf, formatCidr, formatIp } from '../machinery/ip-address.js'
import { type ClusterConfig, defaultConfig, readConfig } from './cluster-config.js'
import { OperatorError } from './operator-error.js'
import { clusterPaths, listClusters } from './paths.js'

const ports = ['apiPort', 'kubeletPort', 'dnsPort'] as const
const networks = ['serviceCidr', 'podCidr', 'nodeCidr'] as const

/**
 * The configurations of all clusters below `root`. Of those that are damaged `warn` is told, each once: a new cluster may
 * get their ports and addresses.
 */
export async function knownConfigs(
  root: string | undefined,
  warn: (text: string) => void,
): Promise<readonly ClusterConfig[]> {
  const names = await listClusters({ root })
  const configs = await Promise.all(
    names.map(name =>
      readConfig(clusterPaths(name, { root })).catch(error => {
        if (!(error instanceof OperatorError)) throw error
        warn(`${error.message}. Another cluster may get the same ports and addresses. ${error.remedy}`)
        return undefined
      }),
    ),
  )
  return configs.flatMap(config => config ?? [])
}

/** The configuration of a new cluster: the usual ports and addresses, or the next ones that no other cluster has. */
export function freshConfig(name: string, others: readonly ClusterConfig[]): ClusterConfig {
  const usual = defaultConfig(name)
  for (let place = 0; ; place++) {
    const config = place === 0 ? usual : shifted(usual, place)
    if (!others.some(other => collide(config, other))) return config
  }
}

function shifted(usual: ClusterConfig, place: number): ClusterConfig {
  const serviceCidr = following(usual.serviceCidr, place)
  return {
    ...usual,
    apiPort: usual.apiPort + place,
    kubeletPort: usual.kubeletPort + 100 * place,
    dnsPort: usual.dnsPort + place,
    serviceCidr,
    dnsAddress: dnsAddressIn(serviceCidr),
    podCidr: following(usual.podCidr, -place),
    nodeCidr: following(usual.nodeCidr, place),
  }
}

/** The address of the DNS service: the tenth, as installers of Kubernetes have it. Throws if `serviceCidr` is no network. */
export function dnsAddressIn(serviceCidr: string): string {
  const cidr = cidrOf(serviceCidr)
  return formatIp({ family: cidr.family, value: cidr.network + 10n })
}

/** The network of the same size so many places further on. */
function following(text: string, places: number): string {
  const cidr = cidrOf(text)
  return formatCidr({ ...cidr, network: cidr.network + (BigInt(places) << BigInt(32 - cidr.prefix)) })
}

const collide = (one: ClusterConfig, other: ClusterConfig): boolean =>
  ports.some(port => one[port] === other[port]) || networks.some(network => overlap(one[network], other[network]))

function overlap(one: string, other: string): boolean {
  const [a, b] = [cidrOf(one), cidrOf(other)]
  return (
    cidrContains(a, { family: b.family, value: b.network }) || cidrContains(b, { family: a.family, value: a.network })
  )
}
