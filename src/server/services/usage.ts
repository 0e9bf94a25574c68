import type { Service } from '../../api/core/v1/index.js'
import { canonicalIp } from '../../machinery/ip-address.js'
import type { ObjectCache } from '../cache/resource-cache.js'

/** What services use: addresses and node ports, counted as services come and go. */
export class ServiceUsage {
  readonly #addresses = new Map<string, number>()
  readonly #ports = new Map<number, number>()

  /** Begins to count with what the cache holds now. */
  constructor(cache: ObjectCache<Service>) {
    for (const { object } of cache.list()) this.#count(object, 1)
    cache.observe(({ type, stored, previous }) => {
      if (previous) this.#count(previous.object, -1)
      if (type !== 'DELETED') this.#count(stored.object, 1)
    })
  }

  /** All addresses of services, in their canonical form. */
  get addresses(): Iterable<string> {
    return this.#addresses.keys()
  }

  /** All node ports of services. */
  get ports(): Iterable<number> {
    return this.#ports.keys()
  }

  hasAddress(address: string): boolean {
    return this.#addresses.has(canonicalIp(address))
  }

  hasPort(port: number): boolean {
    return this.#ports.has(port)
  }

  #count({ spec }: Service, change: 1 | -1): void {
    for (const address of spec.clusterIPs ?? []) add(this.#addresses, canonicalIp(address), change)
    for (const { nodePort } of spec.ports ?? []) if (nodePort) add(this.#ports, nodePort, change)
    if (spec.healthCheckNodePort) add(this.#ports, spec.healthCheckNodePort, change)
  }
}

function add<K>(counts: Map<K, number>, key: K, change: number): void {
  const count = (counts.get(key) ?? 0) + change
  if (count > 0) counts.set(key, count)
  else counts.delete(key)
}
