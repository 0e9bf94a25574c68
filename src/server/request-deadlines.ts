import type { Clock } from '../machinery/clock.js'

interface Deadline extends Disposable {
  readonly due: number
  readonly expire: () => void
}

class Open implements Deadline {
  constructor(
    readonly due: number,
    readonly expire: () => void,
    private readonly all: Set<Deadline>,
  ) {}

  [Symbol.dispose](): void {
    this.all.delete(this)
  }
}

/** How often it is looked whether something has expired, in milliseconds. */
const precision = 1000

/**
 * Deadlines of very many things that are nearly all done before: one timer for all of them, to the second. All have the
 * same time, so that the oldest is due first.
 */
export class RequestDeadlines {
  readonly #open = new Set<Deadline>()
  #timer: Disposable | undefined

  constructor(
    private readonly clock: Clock,
    private readonly timeoutMs: number,
  ) {}

  /** Calls `expire` once the time has passed, unless the deadline is disposed of before. */
  add(expire: () => void): Disposable {
    const deadline: Deadline = new Open(this.clock.now() + this.timeoutMs, expire, this.#open)
    this.#open.add(deadline)
    this.#timer ??= this.clock.after(Math.min(precision, this.timeoutMs), () => this.#look())
    return deadline
  }

  #look(): void {
    this.#timer = undefined
    const now = this.clock.now()
    for (const deadline of this.#open) {
      if (deadline.due > now) break
      this.#open.delete(deadline)
      deadline.expire()
    }
    if (this.#open.size > 0) this.#timer = this.clock.after(Math.min(precision, this.timeoutMs), () => this.#look())
  }
}
