import type { Service, ServicePort } from '../../api/core/v1/index.js'
import type { EndpointSlice } from '../../api/discovery/v1/index.js'
import { type Cidr, cidrContains, formatCidr, parseCidr, urlHost } from '../../machinery/ip-address.js'
import { dropChain, markForMasquerade, type NftChain, type NftSet, type Plan, rejectChain } from './ruleset.js'
import {
  canonicalIp,
  endpointsByPort,
  isPort,
  type PortEndpoint,
  portKey,
  type UsableEndpoints,
  usableEndpoints,
} from './service-endpoints.js'

/** One service's part of the ruleset. */
export interface ServiceRules {
  readonly chains: ReadonlyMap<string, NftChain>
  readonly affinities: ReadonlyMap<string, NftSet>
  readonly clusterIps: readonly string[]
  /** `address . protocol . port` -> verdict, of cluster addresses. */
  readonly clusterFrontends: ReadonlyMap<string, string>
  /** The same of external and load balancer addresses. */
  readonly otherFrontends: ReadonlyMap<string, string>
  /** `protocol . port` -> verdict. */
  readonly nodePorts: ReadonlyMap<string, string>
  /** Addresses of endpoints on this node. */
  readonly hairpins: readonly string[]
  readonly udp: ReadonlyMap<string, ReadonlySet<string>>
  /** Where a load balancer asks this node whether it has endpoints of its own. */
  readonly healthCheck?: { readonly port: number; readonly localEndpoints: number }
}

/** Set on a service that another proxy implements. */
const otherProxyLabel = 'service.kubernetes.io/service-proxy-name'

const defaultAffinitySeconds = 10_800

/** The rules of one service on one node; undefined if the proxy has nothing to do with it. */
export function serviceRules(service: Service, slices: Iterable<EndpointSlice>, plan: Plan): ServiceRules | undefined {
  const { metadata, spec, status } = service
  if (spec.type === 'ExternalName' || metadata.labels?.[otherProxyLabel] !== undefined) return undefined
  const addresses = (spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP]).flatMap(
    address => canonicalIp(address, plan.version) ?? [],
  )
  if (!addresses.length) return undefined
  const id = `${metadata.namespace ?? ''}/${metadata.name ?? ''}`
  // The API accepts no other names; nothing else may get into a script that root runs.
  if (!/^[a-z0-9.-]+\/[a-z0-9.-]+$/.test(id)) return undefined

  const balanced = spec.type === 'LoadBalancer'
  const external = (spec.externalIPs ?? []).flatMap(address => canonicalIp(address, plan.version) ?? [])
  const ingress = (balanced ? (status.loadBalancer.ingress ?? []) : [])
    // In the mode `Proxy` the load balancer wants the packets to come by itself.
    .filter(({ ipMode = 'VIP' }) => ipMode === 'VIP')
    .flatMap(({ ip }) => canonicalIp(ip, plan.version) ?? [])
  const frontends: Frontends = { cluster: addresses, external, ingress, sources: sourceRanges(service, plan) }

  const endpoints = endpointsByPort(slices, plan.version, plan)
  const rules = new RulesBuilder(service, id, plan)
  let localEndpoints = 0
  for (const port of spec.ports ?? []) {
    if (!isPort(port.port)) continue
    const all = endpoints.get(portKey(port.name, port.protocol)) ?? []
    const usable = usableEndpoints(all, plan)
    rules.add(port, usable, frontends)
    localEndpoints = Math.max(localEndpoints, all.filter(({ ready, local }) => ready && local).length)
  }
  const checked = balanced && spec.externalTrafficPolicy === 'Local' && isPort(spec.healthCheckNodePort)
  const { chains, affinities, clusterFrontends, otherFrontends, nodePorts, udp } = rules
  return {
    chains,
    affinities,
    clusterFrontends,
    otherFrontends,
    nodePorts,
    udp,
    clusterIps: addresses,
    hairpins: [...rules.hairpins],
    ...(checked ? { healthCheck: { port: spec.healthCheckNodePort ?? 0, localEndpoints } } : {}),
  }
}

interface Frontends {
  readonly cluster: readonly string[]
  readonly external: readonly string[]
  readonly ingress: readonly string[]
  /** Who may come through the load balancer; anybody when undefined. */
  readonly sources: readonly string[] | undefined
}

function sourceRanges({ spec }: Service, { version }: Plan): readonly string[] | undefined {
  const ranges = spec.loadBalancerSourceRanges
  if (spec.type !== 'LoadBalancer' || !ranges?.length) return undefined
  const cidrs = ranges.flatMap(range => parseCidr(range.trim()) ?? []).filter(({ family }) => family === version)
  if (cidrs.some(({ prefix }) => prefix === 0)) return undefined
  // nft refuses networks that lie within each other.
  const widest: Cidr[] = []
  for (const cidr of cidrs.toSorted((a, b) => a.prefix - b.prefix))
    if (!widest.some(wide => cidrContains(wide, { family: version, value: cidr.network }))) widest.push(cidr)
  return widest.map(formatCidr).sort()
}

class RulesBuilder {
  readonly chains = new Map<string, NftChain>()
  readonly affinities = new Map<string, NftSet>()
  readonly clusterFrontends = new Map<string, string>()
  readonly otherFrontends = new Map<string, string>()
  readonly nodePorts = new Map<string, string>()
  readonly hairpins = new Set<string>()
  readonly udp = new Map<string, ReadonlySet<string>>()
  readonly #internalLocal: boolean
  readonly #externalLocal: boolean
  readonly #affinitySeconds: number

  constructor(
    { spec }: Service,
    private readonly id: string,
    private readonly plan: Plan,
  ) {
    this.#internalLocal = spec.internalTrafficPolicy === 'Local'
    this.#externalLocal = spec.externalTrafficPolicy === 'Local'
    const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds
    this.#affinitySeconds = spec.sessionAffinity === 'ClientIP' ? seconds : 0
  }

  /** Adds a port of the service. Chains are made only where something leads to them. */
  add(port: ServicePort, usable: UsableEndpoints, frontends: Frontends): void {
    const protocol = (port.protocol || 'TCP').toLowerCase()
    if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') return
    const name = `${this.id}/${protocol}/${port.port}`
    // Whoever made the slice may not have said on which node the pod is.
    for (const { address, local } of [...usable.cluster, ...usable.local])
      if (local || this.plan.isOwnPod(address)) this.hairpins.add(address)

    const internal = this.#internalLocal ? usable.local : usable.cluster
    const toInternal = this.#verdict(usable, internal, () => this.#balance(name, protocol, usable, internal))
    for (const address of frontends.cluster)
      this.clusterFrontends.set(`${address} . ${protocol} . ${port.port}`, toInternal)

    const nodePorts = isPort(port.nodePort) ? [port.nodePort] : []
    if (nodePorts.length || frontends.external.length || frontends.ingress.length) {
      const toExternal = this.#verdict(usable, usable.cluster, () => this.#external(name, protocol, usable))
      for (const nodePort of nodePorts) this.nodePorts.set(`${protocol} . ${nodePort}`, toExternal)
      for (const address of frontends.external)
        this.otherFrontends.set(`${address} . ${protocol} . ${port.port}`, toExternal)
      const toIngress =
        frontends.sources && frontends.ingress.length ? this.#guarded(name, frontends.sources, toExternal) : toExternal
      for (const address of frontends.ingress)
        this.otherFrontends.set(`${address} . ${protocol} . ${port.port}`, toIngress)
    }
    if (protocol === 'udp') this.#noteUdp(port.port, nodePorts, usable, internal, frontends)
  }

  /** Nobody there at all: say so. Somebody, but not here: the packet is lost, as the policy wants. */
  #verdict({ cluster, local }: UsableEndpoints, chosen: readonly PortEndpoint[], chain: () => string): string {
    if (!cluster.length && !local.length) return `goto ${rejectChain}`
    return `goto ${chosen.length ? chain() : dropChain}`
  }

  #external(name: string, protocol: string, usable: UsableEndpoints): string {
    const chain = `external/${name}`
    const all = this.#balance(name, protocol, usable, usable.cluster)
    if (!this.#externalLocal) {
      this.chains.set(chain, { rules: [markForMasquerade, `goto ${all}`] })
      return chain
    }
    const { ip, clusterCidr } = this.plan
    this.chains.set(chain, {
      rules: [
        // Pods and the node itself are inside, whatever address they used: the policy is about those who are not.
        `${ip} saddr ${clusterCidr} goto ${all}`,
        `fib saddr type local ${markForMasquerade}`,
        `fib saddr type local goto ${all}`,
        usable.local.length ? `goto ${this.#balance(name, protocol, usable, usable.local)}` : 'drop',
      ],
    })
    return chain
  }

  #guarded(name: string, sources: readonly string[], verdict: string): string {
    const chain = `guarded/${name}`
    const refuse = sources.length ? [`${this.plan.ip} saddr != { ${sources.join(', ')} } drop`, verdict] : ['drop']
    this.chains.set(chain, { rules: refuse })
    return `goto ${chain}`
  }

  /** The chain that chooses one of `endpoints`. */
  #balance(name: string, protocol: string, { cluster }: UsableEndpoints, endpoints: readonly PortEndpoint[]): string {
    const chain = endpoints === cluster ? `service/${name}` : `local/${name}`
    if (this.chains.has(chain)) return chain
    const { ip } = this.plan
    if (!this.#affinitySeconds) {
      this.chains.set(chain, { rules: [`meta l4proto ${protocol} dnat ${ip} to ${choice(endpoints)}`] })
      return chain
    }
    const rules: string[] = []
    const targets: string[] = []
    for (const endpoint of endpoints) {
      const id = `${name}/${endpoint.address.replaceAll(':', '.')}/${endpoint.port}`
      const target = `endpoint/${id}`
      // A set cannot change its timeout, so another timeout is another set.
      const set = `affinity/${this.#affinitySeconds}/${id}`
      this.affinities.set(set, {
        kind: 'set',
        declaration: `type ipv${this.plan.version}_addr; flags dynamic,timeout; timeout ${this.#affinitySeconds}s;`,
      })
      this.chains.set(target, {
        rules: [`update @${set} { ${ip} saddr }`, `meta l4proto ${protocol} dnat ${ip} to ${socketAddress(endpoint)}`],
      })
      rules.push(`${ip} saddr @${set} goto ${target}`)
      targets.push(target)
    }
    const choices = targets.map((target, index) => `${index} : goto ${target}`)
    rules.push(
      targets.length === 1
        ? `goto ${targets[0]}`
        : `numgen random mod ${targets.length} vmap { ${choices.join(', ')} }`,
    )
    this.chains.set(chain, { rules })
    return chain
  }

  #noteUdp(
    port: number,
    nodePorts: readonly number[],
    { cluster, local }: UsableEndpoints,
    internal: readonly PortEndpoint[],
    { cluster: clusterIps, external, ingress }: Frontends,
  ): void {
    const texts = (endpoints: readonly PortEndpoint[]) => new Set(endpoints.map(socketAddress))
    const outside = texts(this.#externalLocal ? [...cluster, ...local] : cluster)
    for (const address of clusterIps) this.udp.set(frontend(address, port), texts(internal))
    for (const address of [...external, ...ingress]) this.udp.set(frontend(address, port), outside)
    for (const nodePort of nodePorts) this.udp.set(frontend('', nodePort), outside)
  }
}

const frontend = (address: string, port: number): string => socketAddress({ address, port })

/** `10.0.0.1:80`, `[fd00::1]:80`. */
export const socketAddress = ({ address, port }: { readonly address: string; readonly port: number }): string =>
  `${urlHost(address)}:${port}`

/** Where `dnat` leads: one endpoint, or any of several, all as likely. */
function choice(endpoints: readonly PortEndpoint[]): string {
  const [only] = endpoints
  if (only && endpoints.length === 1) return socketAddress(only)
  const choices = endpoints.map(({ address, port }, index) => `${index} : ${address} . ${port}`)
  return `numgen random mod ${endpoints.length} map { ${choices.join(', ')} }`
}
