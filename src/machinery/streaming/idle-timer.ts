import type { Clock } from '../clock.js'

/** Calls `action` once, when `touch` has not been called for the limit. Ends with `stop`. */
export class IdleTimer {
  readonly #clock: Clock
  readonly #action: () => void
  #limit: number
  #lastUse: number
  #timer: Disposable | undefined

  /** `limit` in milliseconds; 0 or less means never. */
  constructor(clock: Clock, limit: number, action: () => void) {
    this.#clock = clock
    this.#limit = limit
    this.#action = action
    this.#lastUse = clock.now()
    this.#arm()
  }

  /** Counts as use. Cheap: the timer is set anew only when it runs out. */
  touch(): void {
    this.#lastUse = this.#clock.now()
  }

  /** From now on less patient: the lower of both limits holds, counted from now. */
  tighten(limit: number): void {
    this.touch()
    if (this.#limit > 0 && this.#limit <= limit) return
    this.#limit = limit
    this.#arm()
  }

  stop(): void {
    this.#timer?.[Symbol.dispose]()
    this.#limit = 0
  }

  #arm(): void {
    this.#timer?.[Symbol.dispose]()
    if (this.#limit <= 0) return
    const left = this.#lastUse + this.#limit - this.#clock.now()
    this.#timer = this.#clock.after(left, () => {
      if (this.#clock.now() - this.#lastUse >= this.#limit) this.#action()
      else this.#arm()
    })
  }
}
