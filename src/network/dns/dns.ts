import { networkInterfaces } from 'node:os'
import { Service } from '../../api/core/v1/index.js'
import { EndpointSlice } from '../../api/discovery/v1/index.js'
import type { Client } from '../../client/client.js'
import { Informers } from '../../client/informers.js'
import type { Clock } from '../../machinery/clock.js'
import { Forwarder } from './forwarder.js'
import { Responder } from './responder.js'
import { listenDns } from './server.js'
import { ServiceZone } from './zone.js'

export interface DnsOptions {
  readonly client: Client
  /** The process's informers, if it has some; the server makes its own otherwise. */
  readonly informers?: Informers
  /** One of this machine's own: with a wildcard, UDP answers might come from another address than was asked. */
  readonly address: string
  /** 0 picks a free one. */
  readonly port: number
  /** `cluster.local`. */
  readonly clusterDomain: string
  /** Names the servers that know everything else. */
  readonly resolvConf: string
  /** Where pods reach the server, to be told to those who ask for the domain's servers; `address` by default. */
  readonly serverAddresses?: readonly string[]
  readonly clock?: Clock
  readonly onError: (error: unknown) => void
  /** Where the servers of `resolvConf` listen; 53 but in tests. */
  readonly upstreamPort?: number
}

/** Counts since the start. */
export interface DnsStats {
  readonly queries: number
  /** Answers by name of their code: NOERROR, NXDOMAIN, SERVFAIL, ... */
  readonly responses: { readonly [code: string]: number }
  readonly forwarded: number
  readonly cacheHits: number
  /** Answers that are remembered now. */
  readonly cached: number
  /** Questions that no other server answered. */
  readonly upstreamFailures: number
}

export interface Dns extends AsyncDisposable {
  readonly address: string
  readonly port: number
  /**
   * Resolves when all services are known; names of the cluster are not answered before, others are. Rejects if the
   * server is stopped first.
   */
  readonly ready: Promise<void>
  readonly stats: DnsStats
}

/**
 * Serves the cluster's names by UDP and TCP, and asks other servers for the rest. Needs no answer from the API server to
 * start, and goes on with what it knows while there is none. Rejects if the port cannot be listened on.
 */
export async function startDns(options: DnsOptions): Promise<Dns> {
  const { client, address, clusterDomain, resolvConf, clock, onError, upstreamPort } = options
  const shared = { onError, ...(clock ? { clock } : {}) }
  const zone = new ServiceZone(clusterDomain, options.serverAddresses ?? (isWildcard(address) ? [] : [address]))
  const own = isWildcard(address)
    ? () => Object.values(networkInterfaces()).flatMap(found => (found ?? []).map(each => each.address))
    : () => [address]
  const isService = (other: string) => [...zone.owners(other)].some(({ endpoint }) => !endpoint)
  let port = options.port
  const forwarder = new Forwarder({
    resolvConf,
    // By its own address, or by that of a service in front of it.
    isSelf: server => (server.port === port && own().includes(server.address)) || isService(server.address),
    ...(upstreamPort === undefined ? {} : { port: upstreamPort }),
    ...shared,
  })
  const responder = new Responder({ zone, forwarder, onError })
  const listener = await listenDns({ address, port, handler: responder.respond, onError })
  port = listener.port

  const informers = options.informers ?? new Informers({ client, ...shared })
  const services = informers.of(Service)
  const slices = informers.of(EndpointSlice)
  const handlers = [
    services.onChange((service, _old, change) => {
      if (change === 'deleted') zone.removeService(service)
      else zone.putService(service)
    }),
    slices.onChange((slice, old, change) => {
      if (old) zone.removeSlice(old)
      if (change !== 'deleted') zone.putSlice(slice)
    }),
  ]
  const ready = Promise.all([services.synced(), slices.synced()]).then(() => responder.zoneIsKnown())
  // Whoever does not wait for it must not be struck by it.
  ready.catch(() => {})
  return {
    address,
    port,
    ready,
    get stats() {
      const { failures: upstreamFailures, ...cache } = forwarder.stats
      return { ...responder.stats, ...cache, upstreamFailures }
    },
    async [Symbol.asyncDispose]() {
      for (const handler of handlers) handler[Symbol.dispose]()
      if (!options.informers) await informers[Symbol.asyncDispose]()
      await listener[Symbol.asyncDispose]()
      await forwarder[Symbol.asyncDispose]()
    },
  }
}

const isWildcard = (address: string): boolean => address === '0.0.0.0' || address === '::'
