import { ServiceCIDR } from '../../api/networking/v1/index.js'
import { type Cidr, cidrContains, formatIp, type IpAddress, parseCidr, parseIp } from '../../machinery/ip-address.js'
import type { Registries } from '../registry/registries.js'
import { dynamicBegin, Pool } from './pool.js'

export type IpFamily = 'IPv4' | 'IPv6'

/** Upper bound of addresses a pool looks at; larger networks are used from their beginning. */
const maximumAddresses = 1 << 20

/** Networks whose addresses services may have: the server's own, and every ServiceCIDR that is ready. */
export class ServiceNetworks {
  readonly #own: readonly AddressPool[]
  /** By the text of the network: pools outlive changes of the object that brought them. */
  readonly #others = new Map<string, AddressPool>()

  constructor(
    networks: readonly Cidr[],
    private readonly registries: Registries,
    private readonly inUse: (address: string) => boolean,
  ) {
    this.#own = networks.map(network => new AddressPool(network, inUse))
  }

  /** The families that services can have, the default one first. */
  get families(): readonly IpFamily[] {
    return [...new Set(this.#own.map(({ family }) => family))]
  }

  /** The pools that hand out addresses, the server's own first; those of networks that are to go do not. */
  get pools(): readonly AddressPool[] {
    const ready = new Set<AddressPool>()
    const going = new Set<AddressPool>()
    for (const { object } of this.registries.of(ServiceCIDR).cache.list()) {
      const { deletionTimestamp } = object.metadata
      if (deletionTimestamp) for (const pool of this.#poolsIn(object)) going.add(pool)
      else if (isReady(object)) for (const pool of this.#poolsIn(object)) ready.add(pool)
    }
    return [...new Set([...this.#own.filter(pool => !going.has(pool) || ready.has(pool)), ...ready])]
  }

  /** Those of a family. */
  poolsOf(family: IpFamily): readonly AddressPool[] {
    return this.pools.filter(pool => pool.family === family)
  }

  /** The pool an address belongs to, that of the smallest network if there are several. */
  poolFor(address: string): AddressPool | undefined {
    const parsed = parseIp(address)
    if (!parsed) return undefined
    const pools = this.poolsOf(familyOf(parsed)).filter(pool => pool.offsetOf(parsed) !== undefined)
    return pools.sort((a, b) => b.network.prefix - a.network.prefix)[0]
  }

  *#poolsIn({ spec }: ServiceCIDR): Iterable<AddressPool> {
    for (const text of spec.cidrs ?? []) {
      const network = parseCidr(text)
      if (!network) continue
      const own = this.#own.find(
        pool => pool.network.network === network.network && pool.network.prefix === network.prefix,
      )
      let pool = own ?? this.#others.get(text)
      if (!pool) this.#others.set(text, (pool = new AddressPool(network, this.inUse)))
      yield pool
    }
  }
}

const isReady = ({ status }: ServiceCIDR): boolean =>
  status.conditions?.some(condition => condition.type === 'Ready' && condition.status === 'True') ?? false

/** The addresses of a network, by their distance from its first; the first, and IPv4's last, belong to nobody. */
export class AddressPool {
  readonly family: IpFamily
  readonly #pool: Pool

  constructor(
    readonly network: Cidr,
    inUse: (address: string) => boolean,
  ) {
    this.family = `IPv${network.family}`
    const size = Math.min(2 ** ((network.family === 4 ? 32 : 128) - network.prefix), maximumAddresses)
    const range = { first: 1, last: Math.max(1, network.family === 4 ? size - 2 : size - 1) }
    this.#pool = new Pool(range, dynamicBegin(range, 16, 256), offset => inUse(this.#addressAt(offset)))
  }

  /** How many addresses it can hand out. */
  get size(): number {
    return this.#pool.range.last - this.#pool.range.first + 1
  }

  /** Undefined for what is no address of this pool. */
  offsetOf(address: IpAddress): number | undefined {
    if (!cidrContains(this.network, address)) return undefined
    const offset = Number(address.value - this.network.network)
    return this.#pool.has(offset) ? offset : undefined
  }

  /** Takes a certain address; false if somebody has it. */
  take(address: string): boolean {
    const offset = this.#offset(address)
    return offset !== undefined && this.#pool.take(offset)
  }

  /** Takes any free address; undefined if there is none. */
  takeAny(): string | undefined {
    const offset = this.#pool.takeAny()
    return offset === undefined ? undefined : this.#addressAt(offset)
  }

  release(address: string): void {
    const offset = this.#offset(address)
    if (offset !== undefined) this.#pool.release(offset)
  }

  #offset(address: string): number | undefined {
    const parsed = parseIp(address)
    return parsed && this.offsetOf(parsed)
  }

  #addressAt(offset: number): string {
    const { family, network } = this.network
    return formatIp({ family, value: network + BigInt(offset) })
  }
}

/** The family of an address, as services name it. */
export const familyOf = ({ family }: IpAddress): IpFamily => `IPv${family}`
