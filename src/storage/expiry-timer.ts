import type { Clock } from '../machinery/clock.js'

/** Calls `expire` once the earliest deadline it was told of has come. */
export class ExpiryTimer implements Disposable {
  #timer: Disposable | undefined
  #due = Number.POSITIVE_INFINITY

  constructor(
    readonly clock: Clock,
    readonly expire: () => void,
  ) {}

  /** The time at which an entry expires that is written now, in milliseconds since the epoch. */
  deadline(ttlSeconds: number | undefined): number | undefined {
    return ttlSeconds === undefined ? undefined : Math.ceil(this.clock.now() + ttlSeconds * 1000)
  }

  /** `expire` has to be called at `deadline`, at the latest. It may be called earlier and has to look. */
  wakeAt(deadline: number): void {
    if (deadline >= this.#due) return
    this.#timer?.[Symbol.dispose]()
    this.#due = deadline
    this.#timer = this.clock.after(Math.max(0, deadline - this.clock.now()), () => {
      this.#due = Number.POSITIVE_INFINITY
      this.#timer = undefined
      this.expire()
    })
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    this.#due = Number.NEGATIVE_INFINITY
  }
}
