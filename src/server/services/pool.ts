import { randomInt } from 'node:crypto'

/** Tries at random before the pool is searched from its beginning. */
const randomTries = 16

export interface Range {
  readonly first: number
  readonly last: number
}

/**
 * Numbers handed out once each (addresses of a network, ports of a range). What objects in the cache use is taken; what
 * a write under way was given is taken until it is released, when the write is over and the cache shows its outcome.
 */
export class Pool {
  readonly #taken = new Set<number>()

  constructor(
    readonly range: Range,
    /** Numbers below this one are chosen by clients; they are handed out only when all others are gone. */
    readonly dynamicFrom: number,
    private readonly inUse: (value: number) => boolean,
    private readonly random: (first: number, last: number) => number = (first, last) => randomInt(first, last + 1),
  ) {}

  has(value: number): boolean {
    return value >= this.range.first && value <= this.range.last
  }

  /** Takes a certain number; false if somebody has it. */
  take(value: number): boolean {
    if (this.#taken.has(value) || this.inUse(value)) return false
    this.#taken.add(value)
    return true
  }

  /** Takes any free number; undefined if there is none. */
  takeAny(): number | undefined {
    const { first, last } = this.range
    return this.#takeFrom(this.dynamicFrom, last) ?? this.#takeFrom(first, this.dynamicFrom - 1)
  }

  /** The write that took a number is over. */
  release(value: number): void {
    this.#taken.delete(value)
  }

  #takeFrom(first: number, last: number): number | undefined {
    if (first > last) return undefined
    for (let i = 0; i < randomTries; i++) {
      const value = this.random(first, last)
      if (this.take(value)) return value
    }
    for (let value = first; value <= last; value++) if (this.take(value)) return value
    return undefined
  }
}

/** Where the part of a range begins that is handed out without being asked for: the part before is left to clients. */
export function dynamicBegin({ first, last }: Range, share: number, most: number): number {
  const size = last - first + 1
  const reserved = Math.min(Math.max(16, Math.floor(size / share)), most)
  return reserved < size ? first + reserved : first
}
