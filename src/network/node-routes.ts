import { Node } from '../api/core/v1/index.js'
import type { Informers } from '../client/informers.js'
import { type Clock, systemClock } from '../machinery/clock.js'
import { cidrContains, parseCidr, parseIp } from '../machinery/ip-address.js'
import { type RunProgram, runProgram } from './run-program.js'

/** Packets to another node's pods are given to that node. */
export interface PodRoute {
  /** The addresses of the node's pods. */
  readonly destination: string
  /** The address of the node. */
  readonly gateway: string
}

/** How a node reaches the pods of all others: by the others' internal addresses of the same family, where they have one. */
export function podRoutes(nodes: Iterable<Node>, self: string): readonly PodRoute[] {
  const routes: PodRoute[] = []
  for (const { metadata, spec, status } of nodes) {
    if (metadata.name === self) continue
    const addresses = (status.addresses ?? []).filter(({ type }) => type === 'InternalIP')
    for (const destination of spec.podCIDRs?.length ? spec.podCIDRs : spec.podCIDR ? [spec.podCIDR] : []) {
      const family = parseCidr(destination)?.family
      const gateway = addresses.find(({ address }) => parseIp(address)?.family === family)?.address
      if (family !== undefined && gateway !== undefined) routes.push({ destination, gateway })
    }
  }
  return routes
}

export interface NodeRoutesOptions {
  /** May read nodes. */
  readonly informers: Informers
  readonly nodeName: string
  /** The addresses of all pods; routes within it that are ours and lead nowhere are removed. */
  readonly clusterCidr: string
  readonly clock?: Clock
  readonly onError: (error: unknown) => void
  readonly run?: RunProgram
}

/** What we put into the kernel's tables bears this number, so that nobody else's routes are taken away. */
const protocol = '196'
/** Links that go take their routes with them, and nobody tells. */
const repairMs = 30_000

/**
 * Keeps the kernel's routes to other nodes' pods in step with the cluster's nodes until disposed of. Nodes that are not
 * on one link with this one are left to the routers between. The routes stay when it ends.
 */
export function startNodeRoutes(options: NodeRoutesOptions): AsyncDisposable {
  const { informers, nodeName, clusterCidr, clock = systemClock, onError, run = runProgram } = options
  const nodes = informers.of(Node)
  let wanted: string | undefined
  let stopped = false
  let timer: Disposable | undefined
  let work = Promise.resolve()
  const apply = () => {
    timer?.[Symbol.dispose]()
    work = work
      .then(async () => {
        if (!stopped) await setRoutes(podRoutes(nodes.list(), nodeName), clusterCidr, run)
      })
      .catch(onError)
      .then(() => {
        timer?.[Symbol.dispose]()
        if (!stopped && nodes.size > 1) timer = clock.after(repairMs, apply)
      })
  }
  const following = nodes.onChange(() => {
    if (!nodes.hasSynced) return
    const now = JSON.stringify(podRoutes(nodes.list(), nodeName))
    if (now === wanted) return
    wanted = now
    apply()
  })
  // What was there at the start was announced before it was whole.
  nodes.synced().then(apply, () => {})
  return {
    async [Symbol.asyncDispose]() {
      stopped = true
      following[Symbol.dispose]()
      timer?.[Symbol.dispose]()
      await work
    },
  }
}

interface KernelRoute {
  readonly dst: string
  readonly gateway?: string
}

/** Makes the kernel's routes of ours within `clusterCidr` those that are wanted. */
async function setRoutes(wanted: readonly PodRoute[], clusterCidr: string, run: RunProgram): Promise<void> {
  const cluster = parseCidr(clusterCidr)
  const family = cluster?.family === 6 ? '-6' : '-4'
  const ip = async (...words: string[]) => JSON.parse((await run(['ip', '-j', family, ...words])) || '[]')
  const present = ((await ip('route', 'show', 'proto', protocol)) as KernelRoute[]).filter(({ dst }) => {
    const network = parseCidr(dst)
    return cluster && network && cidrContains(cluster, { family: network.family, value: network.network })
  })
  const kept = new Set<string>()
  for (const { destination, gateway } of wanted) {
    if (parseCidr(destination)?.family !== cluster?.family || !(await onLink(gateway, ip))) continue
    kept.add(destination)
    if (!present.some(route => route.dst === destination && route.gateway === gateway))
      await ip('route', 'replace', destination, 'via', gateway, 'proto', protocol)
  }
  for (const { dst } of present) if (!kept.has(dst)) await ip('route', 'delete', dst, 'proto', protocol)
}

/** True of neighbours, to whom packets need no router. */
async function onLink(address: string, ip: (...words: string[]) => Promise<unknown>): Promise<boolean> {
  const [route] = (await ip('route', 'get', address)) as { gateway?: string; type?: string }[]
  return route !== undefined && route.gateway === undefined && route.type !== 'local'
}
