import { randomInt } from 'node:crypto'
import type { Clock } from '../../machinery/clock.js'

/** Tries at random before the pool is searched from its beginning. */
const randomTries = 16
/** A value taken by a write that then failed is free again after so many milliseconds. */
const pendingMs = 10_000

/**
 * Numbers handed out once each (addresses of a network, ports of a range). What objects in the cache use is taken;
 * what a write under way was given is taken until the cache shows it, or the write is surely over.
 */
export class Pool {
  readonly #pending = new Map<number, number>()

  constructor(
    /** First and last number of the pool. */
    readonly range: { readonly first: number; readonly last: number },
    private readonly inUse: (value: number) => boolean,
    private readonly clock: Clock,
  ) {}

  has(value: number): boolean {
    return value >= this.range.first && value <= this.range.last
  }

  /** Takes a certain number; false if somebody has it. */
  take(value: number): boolean {
    if (this.inUse(value) || this.#isPending(value)) return false
    this.#pending.set(value, this.clock.now() + pendingMs)
    return true
  }

  /** Takes any free number; undefined if there is none. */
  takeAny(): number | undefined {
    const { first, last } = this.range
    for (let i = 0; i < randomTries; i++) {
      const value = randomInt(first, last + 1)
      if (this.take(value)) return value
    }
    for (let value = first; value <= last; value++) if (this.take(value)) return value
    return undefined
  }

  #isPending(value: number): boolean {
    const until = this.#pending.get(value)
    if (until === undefined) return false
    if (until > this.clock.now()) return true
    this.#pending.delete(value)
    return false
  }
}
