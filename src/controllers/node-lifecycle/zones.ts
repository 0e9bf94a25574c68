import type { Node } from '../../api/core/v1/index.js'
import { readyStatus } from './node-health.js'

/** How much of a zone is lost: with many nodes gone at once it is rather the network, and pods are best left alone. */
export type Disruption = 'none' | 'partial' | 'full'

export interface Zone {
  readonly disruption: Disruption
  /** Nodes in it. */
  readonly size: number
}

export interface DisruptionLimits {
  /** Nodes per second of a zone whose pods are sent away. */
  readonly nodeEvictionRate: number
  /** The same in a large zone that is partly lost; in a small one it is 0. */
  readonly secondaryNodeEvictionRate: number
  /** Zones with more nodes are large. */
  readonly largeClusterSizeThreshold: number
  /** A zone is partly lost when so many of its nodes are not ready, and at least three. */
  readonly unhealthyZoneThreshold: number
}

const region = 'topology.kubernetes.io/region'
const zone = 'topology.kubernetes.io/zone'
const olderRegion = 'failure-domain.beta.kubernetes.io/region'
const olderZone = 'failure-domain.beta.kubernetes.io/zone'
const excluded = 'node.kubernetes.io/exclude-disruption'

/** The failure domain a node is in; empty if it does not say. */
export function zoneOf({ metadata: { labels = {} } }: Node): string {
  const parts = [labels[region] ?? labels[olderRegion] ?? '', labels[zone] ?? labels[olderZone] ?? '']
  return parts.some(part => part !== '') ? parts.join('\0') : ''
}

/** The state of every zone, by `zoneOf`. */
export function zonesOf(nodes: Iterable<Node>, { unhealthyZoneThreshold }: DisruptionLimits): Map<string, Zone> {
  const counts = new Map<string, { ready: number; lost: number }>()
  for (const node of nodes) {
    if (node.metadata.labels?.[excluded] !== undefined) continue
    const name = zoneOf(node)
    let count = counts.get(name)
    if (!count) counts.set(name, (count = { ready: 0, lost: 0 }))
    if (readyStatus(node) === 'True') count.ready++
    else count.lost++
  }
  const disruption = (ready: number, lost: number): Disruption => {
    if (ready === 0 && lost > 0) return 'full'
    return lost > 2 && lost / (lost + ready) >= unhealthyZoneThreshold ? 'partial' : 'none'
  }
  return new Map(
    [...counts].map(([name, { ready, lost }]) => [name, { disruption: disruption(ready, lost), size: ready + lost }]),
  )
}

/** Not one node is ready anywhere: it is we who are cut off. */
export const isEverythingLost = (zones: ReadonlyMap<string, Zone>): boolean =>
  zones.size > 0 && [...zones.values()].every(({ disruption }) => disruption === 'full')

/** Nodes per second of the zone whose pods may be sent away. */
export function evictionRate(zone: Zone | undefined, limits: DisruptionLimits): number {
  if (zone?.disruption !== 'partial') return limits.nodeEvictionRate
  return zone.size > limits.largeClusterSizeThreshold ? limits.secondaryNodeEvictionRate : 0
}

/** Lets one through at once and then so many a second. */
export class TokenBucket {
  #tokens = 1
  #filled: number

  constructor(now: number) {
    this.#filled = now
  }

  /** Takes a token at the time `now`, in ms, if there is one, at `rate` new ones per second. */
  take(rate: number, now: number): boolean {
    this.#fill(rate, now)
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** Gives back a token that was not used. */
  giveBack(): void {
    this.#tokens = Math.min(1, this.#tokens + 1)
  }

  /** Milliseconds until there may be a token; infinite at a rate of 0. */
  wait(rate: number, now: number): number {
    this.#fill(rate, now)
    return this.#tokens >= 1 ? 0 : rate > 0 ? Math.ceil(((1 - this.#tokens) / rate) * 1000) : Number.POSITIVE_INFINITY
  }

  #fill(rate: number, now: number): void {
    this.#tokens = Math.min(1, this.#tokens + (Math.max(0, now - this.#filled) / 1000) * rate)
    this.#filled = now
  }
}
