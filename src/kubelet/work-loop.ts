import type { Clock } from '../machinery/clock.js'

/** When to look again: at once, at a time (as the clock tells it), or when somebody wakes the loop. */
export type Again = 'at once' | number | undefined

export interface WorkLoopOptions {
  readonly clock: Clock
  /** Ends the loop: what is under way is not cut off, but nothing follows. */
  readonly signal: AbortSignal
  /** Looks and acts. */
  readonly round: () => Promise<Again>
  /** A round has thrown; answers when to look again. */
  readonly failed: (error: unknown) => Again
}

/** One round at a time, whenever somebody wakes it: several causes during a round make one more. */
export class WorkLoop {
  #dirty = false
  #working: Promise<void> | undefined
  #timer: Disposable | undefined

  constructor(private readonly options: WorkLoopOptions) {
    options.signal.addEventListener('abort', () => this.#timer?.[Symbol.dispose](), { once: true })
  }

  /** Something may have changed. Answers whether a round was under way already. */
  wake(): boolean {
    if (this.options.signal.aborted) return false
    this.#dirty = true
    if (this.#working) return true
    this.#working = this.#work()
    return false
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#working
  }

  async #work(): Promise<void> {
    const { signal, round, failed } = this.options
    // Whoever wakes a loop goes on first: several causes at once make one round.
    await Promise.resolve()
    while (this.#dirty && !signal.aborted) {
      this.#dirty = false
      this.#timer?.[Symbol.dispose]()
      this.#timer = undefined
      try {
        this.#look(await round())
      } catch (error) {
        if (!signal.aborted) this.#look(failed(error))
      }
    }
    this.#working = undefined
  }

  #look(again: Again): void {
    const { clock, signal } = this.options
    if (again === undefined || signal.aborted) return
    if (again === 'at once') this.#dirty = true
    else this.#timer = clock.after(again - clock.now(), () => this.wake())
  }
}
