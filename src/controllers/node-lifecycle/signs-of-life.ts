import type { Clock } from '../../machinery/clock.js'

/** A timer that fires this much too late, in ms, tells that this process stood still, and heard nothing meanwhile. */
const standstill = 10_000
/** Whoever asks when to look again is not sent away for less, in ms. */
const soonest = 100

/**
 * Watches for signs of life. What counts is when a new one is seen here: the time it carries is another machine's. Time
 * passes by a timer, not by differences of the clock, which may be set. Dispose of it to stop its timer.
 */
export class SignsOfLife implements Disposable {
  #sign: string | undefined
  #timer: Disposable | undefined
  #due = 0
  #missing = false

  constructor(private readonly clock: Clock) {}

  /** The latest sign there is. If it is a new one, the next must be seen within `grace` milliseconds. */
  seen(sign: string, grace: number): void {
    if (sign === this.#sign) return
    this.#sign = sign
    this.#await(grace)
  }

  /** There has been no new sign for longer than allowed. */
  get missing(): boolean {
    return this.#missing
  }

  /** Milliseconds until signs may be missing. */
  get remaining(): number {
    return Math.max(soonest, this.#due - this.clock.now())
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
  }

  #await(grace: number): void {
    this.#timer?.[Symbol.dispose]()
    this.#missing = false
    this.#due = this.clock.now() + grace
    this.#timer = this.clock.after(grace, () => {
      if (this.clock.now() - this.#due > standstill) this.#await(grace)
      else this.#missing = true
    })
  }
}
