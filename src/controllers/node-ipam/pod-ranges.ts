import { type Cidr, formatCidr, parseCidr } from '../../machinery/ip-address.js'

/** Splits the cluster's addresses into equal parts, one for each node. Pure but for remembering who has what. */
export class PodRanges {
  readonly #cluster: Cidr
  /** How many parts there are. */
  readonly size: number
  readonly #taken = new Map<number, string>()

  /** `prefix`: length of a part's network prefix; 24 gives a node 254 pods. Throws for a network that has no such part. */
  constructor(
    readonly clusterCidr: string,
    readonly prefix: number,
  ) {
    const cluster = parseCidr(clusterCidr)
    const bits = cluster?.family === 6 ? 128 : 32
    if (!cluster || prefix < cluster.prefix || prefix > bits)
      throw new Error(`${clusterCidr} cannot be split into networks with a prefix of ${prefix}`)
    this.#cluster = cluster
    // More parts than nodes there will ever be need no bookkeeping.
    this.size = 2 ** Math.min(prefix - cluster.prefix, 20)
  }

  /** Notes that a node has a part; networks that are none of ours are nobody's business. */
  occupy(network: string, node: string): void {
    const index = this.#indexOf(network)
    if (index !== undefined) this.#taken.set(index, node)
  }

  /** Gives a part back, if it is still this node's. */
  release(network: string, node: string): void {
    const index = this.#indexOf(network)
    if (index !== undefined && this.#taken.get(index) === node) this.#taken.delete(index)
  }

  /** The first free part, now this node's; undefined if all are taken. */
  take(node: string): string | undefined {
    for (let index = 0; index < this.size; index++) {
      if (this.#taken.has(index)) continue
      this.#taken.set(index, node)
      return this.#networkAt(index)
    }
    return undefined
  }

  #networkAt(index: number): string {
    const { family, network } = this.#cluster
    const address = network + (BigInt(index) << this.#hostBits)
    return formatCidr({ family, address, network: address, prefix: this.prefix })
  }

  #indexOf(network: string): number | undefined {
    const cidr = parseCidr(network)
    if (!cidr || cidr.family !== this.#cluster.family || cidr.prefix !== this.prefix) return undefined
    const index = (cidr.network - this.#cluster.network) >> this.#hostBits
    return index >= 0n && index < BigInt(this.size) ? Number(index) : undefined
  }

  get #hostBits(): bigint {
    return BigInt((this.#cluster.family === 4 ? 32 : 128) - this.prefix)
  }
}
