import { cidrContains, cidrOf, formatCidr, parseIp } from '../../machinery/ip-address.js'
import { canonicalIp, type NodePlace } from './service-endpoints.js'
import type { ServiceRules } from './service-rules.js'

export interface RulesetOptions extends NodePlace {
  /** The nft table that is the proxy's own. */
  readonly tableName: string
  /** Addresses of the pods of this node. Its family is the family of all rules: a proxy is single-stack. */
  readonly podCidr: string
  /** Addresses of all pods. */
  readonly clusterCidr: string
  /** Addresses at which node ports are reached; all of the node's but the loopback's when absent. */
  readonly nodeAddresses?: readonly string[]
}

/** A chain of rules; one with a `hook` is entered by packets by itself. */
export interface NftChain {
  readonly hook?: string
  readonly rules: readonly string[]
}

/** A set, or a map if its elements have values. */
export interface NftSet {
  readonly kind: 'set' | 'map'
  /** What stands between the braces of its declaration. */
  readonly declaration: string
  /** Element -> its value, '' in a set. Undefined: the kernel adds and expires elements by itself. */
  readonly elements?: ReadonlyMap<string, string>
}

/** Everything the proxy wants the kernel to do, as data: what is printed for nft, and compared to find out what changed. */
export interface Ruleset {
  readonly family: 'ip' | 'ip6'
  readonly table: string
  readonly chains: ReadonlyMap<string, NftChain>
  readonly sets: ReadonlyMap<string, NftSet>
  /** `address:port`, or `:nodePort`, of each UDP port -> the endpoints (`address:port`) that may answer for it. */
  readonly udp: ReadonlyMap<string, ReadonlySet<string>>
}

/** Marks connections whose source address is to become the node's; the bit that Kubernetes uses. */
const masqueradeMark = '0x4000'
export const markForMasquerade = `meta mark set meta mark or ${masqueradeMark}`

/** Chains that services send their connections to; nft takes none of its own words for names. */
export const rejectChain = 'refuse'
export const dropChain = 'discard'

/** Parsed and checked options. */
export interface Plan extends NodePlace {
  readonly table: string
  readonly version: 4 | 6
  /** `ip` or `ip6`: the keyword of the family. */
  readonly ip: 'ip' | 'ip6'
  readonly podCidr: string
  readonly clusterCidr: string
  /** True of addresses of this node's pods. */
  readonly isOwnPod: (address: string) => boolean
  readonly nodeAddresses: readonly string[] | undefined
}

/** Throws if the options make no sense together. */
export function planOf(options: RulesetOptions): Plan {
  const { tableName, nodeName, zone, podCidr, clusterCidr, nodeAddresses } = options
  const pods = cidrOf(podCidr, '10.244.0.0/24')
  const cluster = cidrOf(clusterCidr, '10.244.0.0/24')
  if (pods.family !== cluster.family)
    throw new Error(`the pod network ${podCidr} and the cluster network ${clusterCidr} are of different IP families`)
  if (!/^[a-zA-Z][a-zA-Z0-9_.-]{0,100}$/.test(tableName))
    throw new Error(`"${tableName}" cannot be the name of a table`)
  const version = pods.family
  return {
    table: tableName,
    nodeName,
    ...(zone ? { zone } : {}),
    version,
    ip: version === 4 ? 'ip' : 'ip6',
    podCidr: formatCidr(pods),
    clusterCidr: formatCidr(cluster),
    isOwnPod(address) {
      const parsed = parseIp(address)
      return parsed !== undefined && cidrContains(pods, parsed)
    },
    nodeAddresses: nodeAddresses && [...new Set(nodeAddresses.flatMap(address => canonicalIp(address, version) ?? []))],
  }
}

/** Puts the rules of all services into one ruleset. What several services claim goes to the first by name. */
export function assemble(plan: Plan, services: Iterable<ServiceRules>): Ruleset {
  const { ip, version } = plan
  const chains = new Map<string, NftChain>(fixedChains(plan))
  const clusterIps = new Map<string, string>()
  const clusterFrontends = new Map<string, string>()
  const otherFrontends = new Map<string, string>()
  const nodePorts = new Map<string, string>()
  const hairpins = new Map<string, string>()
  const affinities = new Map<string, NftSet>()
  const udp = new Map<string, ReadonlySet<string>>()
  for (const rules of services) {
    for (const [name, chain] of rules.chains) chains.set(name, chain)
    for (const [name, set] of rules.affinities) affinities.set(name, set)
    for (const address of rules.clusterIps) clusterIps.set(address, '')
    for (const [key, verdict] of rules.clusterFrontends) claim(clusterFrontends, key, verdict)
    for (const [key, verdict] of rules.otherFrontends) claim(otherFrontends, key, verdict)
    for (const [key, verdict] of rules.nodePorts) claim(nodePorts, key, verdict)
    for (const address of rules.hairpins) hairpins.set(`${address} . ${address}`, '')
    for (const [frontend, endpoints] of rules.udp) {
      const known = udp.get(frontend)
      udp.set(frontend, known ? new Set([...known, ...endpoints]) : endpoints)
    }
  }
  // No service may take a cluster address from another one by calling it its external address.
  for (const [key, verdict] of clusterFrontends) otherFrontends.set(key, verdict)
  const address = `ipv${version}_addr`
  return {
    family: ip,
    table: plan.table,
    chains,
    sets: new Map<string, NftSet>([
      ['cluster-ips', { kind: 'set', declaration: `type ${address};`, elements: clusterIps }],
      ['hairpins', { kind: 'set', declaration: `type ${address} . ${address};`, elements: hairpins }],
      [
        'service-ips',
        {
          kind: 'map',
          declaration: `type ${address} . inet_proto . inet_service : verdict;`,
          elements: otherFrontends,
        },
      ],
      ['node-ports', { kind: 'map', declaration: 'type inet_proto . inet_service : verdict;', elements: nodePorts }],
      ...affinities,
    ]),
    udp,
  }
}

function claim(claims: Map<string, string>, key: string, verdict: string): void {
  const known = claims.get(key)
  if (known === undefined || verdict < known) claims.set(key, verdict)
}

function fixedChains({ ip, version, podCidr, clusterCidr, nodeAddresses }: Plan): [string, NftChain][] {
  const protocolAndPort = 'meta l4proto . th dport'
  const loopback = version === 4 ? '127.0.0.0/8' : '::1'
  const multicast = version === 4 ? '224.0.0.0/4' : 'ff00::/8'
  const toNode = nodeAddresses
    ? `${ip} daddr { ${nodeAddresses.join(', ')} }`
    : `fib daddr type local ${ip} daddr != ${loopback}`
  const masquerade = 'masquerade fully-random'
  return [
    ['nat-prerouting', { hook: 'type nat hook prerouting priority -100; policy accept;', rules: ['jump services'] }],
    ['nat-output', { hook: 'type nat hook output priority -100; policy accept;', rules: ['jump services'] }],
    [
      'nat-postrouting',
      {
        hook: 'type nat hook postrouting priority 100; policy accept;',
        rules: [
          `meta mark & ${masqueradeMark} != 0 meta mark set meta mark xor ${masqueradeMark} ${masquerade}`,
          // An endpoint that reached itself through a service would answer itself directly.
          `ct status dnat ${ip} saddr . ${ip} daddr @hairpins ${masquerade}`,
          // Nobody outside knows the way back to a pod.
          `${ip} saddr ${podCidr} ${ip} daddr != { ${clusterCidr}, ${multicast} } ${masquerade}`,
        ],
      },
    ],
    [
      'services',
      {
        rules: [
          // Who is no pod may have a route to the pods that does not lead back through this node.
          `${ip} daddr @cluster-ips ${ip} saddr != ${clusterCidr} ${markForMasquerade}`,
          `${ip} daddr . ${protocolAndPort} vmap @service-ips`,
          `${ip} daddr @cluster-ips goto ${rejectChain}`,
          ...(nodeAddresses?.length === 0 ? [] : [`${toNode} ${protocolAndPort} vmap @node-ports`]),
        ],
      },
    ],
    [
      rejectChain,
      {
        rules: [
          'meta l4proto tcp reject with tcp reset',
          `reject with ${version === 4 ? 'icmp' : 'icmpv6'} type port-unreachable`,
        ],
      },
    ],
    [dropChain, { rules: ['drop'] }],
  ]
}
