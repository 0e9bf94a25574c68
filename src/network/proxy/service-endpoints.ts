import type { Endpoint, EndpointSlice } from '../../api/discovery/v1/index.js'
import { formatIp, parseIp } from '../../machinery/ip-address.js'

/** One address and port behind a service. */
export interface PortEndpoint {
  /** In canonical form. */
  readonly address: string
  readonly port: number
  readonly ready: boolean
  /** Able to answer although it is on its way out. */
  readonly lastResort: boolean
  /** On this node. */
  readonly local: boolean
  readonly hints: Endpoint['hints']
}

/** Where the node stands, for policies that prefer near endpoints. */
export interface NodePlace {
  readonly nodeName: string
  readonly zone?: string
}

/** What a node may send a service's connections to. */
export interface UsableEndpoints {
  /** For the traffic policy `Cluster`. */
  readonly cluster: readonly PortEndpoint[]
  /** For the traffic policy `Local`. */
  readonly local: readonly PortEndpoint[]
}

/** Identifies a service port among the ports of slices: a port without a name has the empty name. */
export const portKey = (name: string | undefined, protocol: string | undefined): string =>
  `${name ?? ''}/${protocol || 'TCP'}`

/** The endpoints of one IP family in all slices of a service, by `portKey`, in a stable order and each but once. */
export function endpointsByPort(
  slices: Iterable<EndpointSlice>,
  family: 4 | 6,
  { nodeName }: NodePlace,
): Map<string, PortEndpoint[]> {
  const found = new Map<string, Map<string, PortEndpoint>>()
  for (const slice of slices) {
    if (slice.addressType !== `IPv${family}`) continue
    for (const { name, protocol, port } of slice.ports ?? []) {
      if (!isPort(port)) continue
      const key = portKey(name, protocol)
      let endpoints = found.get(key)
      if (!endpoints) found.set(key, (endpoints = new Map()))
      for (const endpoint of slice.endpoints ?? []) {
        const address = canonicalIp(endpoint.addresses?.[0], family)
        if (!address) continue
        const id = `${address} ${port}`
        const known = endpoints.get(id)
        // While an endpoint moves from one slice to another it may be in both.
        if (known?.ready) continue
        const { ready = true, serving = ready, terminating = false } = endpoint.conditions ?? {}
        endpoints.set(id, {
          address,
          port,
          ready,
          lastResort: (serving && terminating) || (known?.lastResort ?? false),
          local: endpoint.nodeName === nodeName,
          hints: endpoint.hints,
        })
      }
    }
  }
  return new Map([...found].map(([key, endpoints]) => [key, [...endpoints.values()].sort(byAddress)]))
}

/** Ready endpoints, near ones if the hints say so; terminating ones that still serve if there are no others. */
export function usableEndpoints(endpoints: readonly PortEndpoint[], place: NodePlace): UsableEndpoints {
  const ready = endpoints.filter(endpoint => endpoint.ready)
  const local = ready.filter(endpoint => endpoint.local)
  return {
    cluster: ready.length ? near(ready, place) : endpoints.filter(endpoint => endpoint.lastResort),
    local: local.length ? local : endpoints.filter(endpoint => endpoint.local && endpoint.lastResort),
  }
}

/**
 * Hints count only if every endpoint has them and one of them means this place: anything else is a state of transition
 * (https://kubernetes.io/docs/concepts/services-networking/topology-aware-routing/#safeguards).
 */
function near(ready: readonly PortEndpoint[], { nodeName, zone }: NodePlace): readonly PortEndpoint[] {
  if (ready.every(({ hints }) => hints?.forNodes?.length)) {
    const mine = ready.filter(({ hints }) => hints?.forNodes?.some(({ name }) => name === nodeName))
    if (mine.length) return mine
  }
  if (zone && ready.every(({ hints }) => hints?.forZones?.length)) {
    const mine = ready.filter(({ hints }) => hints?.forZones?.some(({ name }) => name === zone))
    if (mine.length) return mine
  }
  return ready
}

/** An address of the family in canonical form; undefined if it is none. What is no address must never reach a rule. */
export function canonicalIp(text: string | undefined, family: 4 | 6): string | undefined {
  const address = text ? parseIp(text.trim()) : undefined
  return address?.family === family ? formatIp(address) : undefined
}

export const isPort = (port: number | undefined): port is number =>
  port !== undefined && Number.isInteger(port) && port > 0 && port < 65_536

const byAddress = (a: PortEndpoint, b: PortEndpoint): number =>
  a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port
