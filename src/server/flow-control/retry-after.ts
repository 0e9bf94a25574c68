import type { Clock } from '../../machinery/clock.js'

const longest = 32
/** For so many rejections a second, a second more to wait. */
const many = 3

/**
 * When clients that were sent away shall come back, in seconds: later while very many are, sooner when it calms down.
 */
export class RetryAfter {
  #seconds = 1
  #dropped = 0
  #since: number

  constructor(private readonly clock: Clock) {
    this.#since = clock.now()
  }

  /** Somebody is sent away: for how long? */
  next(): number {
    const now = this.clock.now()
    if (now - this.#since >= this.#seconds * 1000) {
      const calmFor = Math.floor((now - this.#since) / (this.#seconds * 1000)) - 1
      if (this.#dropped >= many * this.#seconds) this.#seconds = Math.min(longest, this.#seconds * 2)
      else if (this.#dropped < this.#seconds) this.#seconds--
      this.#seconds = Math.max(1, this.#seconds - calmFor)
      this.#dropped = 0
      this.#since = now
    }
    this.#dropped++
    return this.#seconds
  }
}
