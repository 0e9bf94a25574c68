import type { Clock } from '../machinery/clock.js'

const firstMs = 100
/** Who has lived so long, in ms, begins with the first pause again. */
const healthyMs = 60_000

/** Pauses before something is started anew: none at first, then longer and longer ones, as long as it does not last. */
export class RestartPause implements Disposable {
  #pauseMs = 0
  #begun: number
  #timer: Disposable | undefined

  constructor(
    private readonly clock: Clock,
    private readonly longestMs: number,
  ) {
    this.#begun = clock.now()
  }

  /** What was started has shown that it works. */
  reset(): void {
    this.#pauseMs = 0
  }

  /** Calls `start` after the pause that is due. */
  before(start: () => void): void {
    if (this.clock.now() - this.#begun >= healthyMs) this.#pauseMs = 0
    this.#timer = this.clock.after(this.#pauseMs, () => {
      this.#begun = this.clock.now()
      start()
    })
    this.#pauseMs = Math.min(Math.max(this.#pauseMs * 2, firstMs), this.longestMs)
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
  }
}
