import { type Clock, systemClock } from '../machinery/clock.js'
import { type BackOffRange, backOff } from './back-off.js'

/** What a queue reports of itself. */
export interface WorkQueueMetrics {
  /** Keys that wait for their turn, after a change of it. */
  depth?(keys: number): void
  /** A key's turn came after so many milliseconds. */
  waited?(ms: number): void
  /** Work on a key took so many milliseconds. */
  worked?(ms: number): void
  /** A key is to be tried again after a failure. */
  retried?(): void
}

export interface WorkQueueOptions {
  /** Works on one key; what it throws is its own concern, the queue goes on. */
  readonly work: (key: string) => Promise<void>
  /** Keys worked on at the same time; 1 by default. */
  readonly concurrency?: number
  /** Waits between failures of a key; 5 ms to 1000 s by default. */
  readonly backOff?: BackOffRange
  readonly clock?: Clock
  readonly random?: () => number
  readonly metrics?: WorkQueueMetrics
}

/** A key that keeps failing. */
interface Trouble {
  readonly failures: number
  /** When it is tried again, whatever happens. */
  readonly retryAt: number
}

const defaultBackOff = { initial: 5, maximum: 1_000_000 }

/**
 * Keys to work on: each at most once in the queue, never worked on twice at once, worked on again if it is added
 * meanwhile. What is added in one turn of the event loop starts in the next, so that a burst of changes is seen as one.
 */
export class WorkQueue implements AsyncDisposable {
  readonly #waiting = new Map<string, number>()
  readonly #running = new Map<string, Promise<void>>()
  /** Keys added while they were worked on. */
  readonly #again = new Set<string>()
  readonly #delayed = new Map<string, { readonly due: number; readonly timer: Disposable }>()
  readonly #failures = new Map<string, Trouble>()
  readonly #clock: Clock
  readonly #metrics: WorkQueueMetrics
  #starting: NodeJS.Immediate | undefined
  #disposed = false

  constructor(private readonly options: WorkQueueOptions) {
    this.#clock = options.clock ?? systemClock
    this.#metrics = options.metrics ?? {}
  }

  /** Keys that wait for their turn. */
  get depth(): number {
    return this.#waiting.size
  }

  /** Nothing waits and nothing is being worked on; delayed keys do not count. */
  get idle(): boolean {
    return this.#waiting.size === 0 && this.#running.size === 0
  }

  /** Works on the key soon. */
  add(key: string): void {
    if (this.#disposed) return
    if (this.#running.has(key)) this.#again.add(key)
    else if (!this.#waiting.has(key)) this.#wait(key)
  }

  /** Works on the key in `ms`, or sooner if that was asked for before. */
  addAfter(key: string, ms: number): void {
    if (this.#disposed) return
    if (ms <= 0) {
      this.add(key)
      return
    }
    const due = this.#clock.now() + ms
    const before = this.#delayed.get(key)
    if (before && before.due <= due) return
    before?.timer[Symbol.dispose]()
    const timer = this.#clock.after(ms, () => {
      this.#delayed.delete(key)
      this.add(key)
    })
    this.#delayed.set(key, { due, timer })
  }

  /**
   * Works on the key again after a failure: the more in a row, the later. A try that somebody's change brought before its
   * time leaves that time as it was, so that no key waits longer than its trouble has lasted already.
   */
  retry(key: string): void {
    this.#metrics.retried?.()
    const now = this.#clock.now()
    let trouble = this.#failures.get(key)
    if (!trouble || trouble.retryAt <= now) {
      const failures = (trouble?.failures ?? 0) + 1
      const { backOff: range = defaultBackOff, random = Math.random } = this.options
      trouble = { failures, retryAt: now + backOff(failures, range, random) }
      this.#failures.set(key, trouble)
    }
    this.addAfter(key, trouble.retryAt - now)
  }

  /** The key is well: its next failure is its first. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  /** Failures of the key in a row, but for those of tries that came before their time. */
  failures(key: string): number {
    return this.#failures.get(key)?.failures ?? 0
  }

  /** Drops what waits and resolves once what runs has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    clearImmediate(this.#starting)
    for (const { timer } of this.#delayed.values()) timer[Symbol.dispose]()
    this.#delayed.clear()
    this.#waiting.clear()
    this.#again.clear()
    await Promise.all(this.#running.values())
  }

  #wait(key: string): void {
    this.#waiting.set(key, this.#clock.now())
    this.#metrics.depth?.(this.#waiting.size)
    this.#startSoon()
  }

  #startSoon(): void {
    this.#starting ??= setImmediate(() => {
      this.#starting = undefined
      this.#start()
    })
  }

  #start(): void {
    const { concurrency = 1 } = this.options
    for (const [key, since] of this.#waiting) {
      if (this.#running.size >= concurrency || this.#disposed) return
      this.#waiting.delete(key)
      // Whoever works on the key decides anew when to look again.
      this.#delayed.get(key)?.timer[Symbol.dispose]()
      this.#delayed.delete(key)
      this.#metrics.depth?.(this.#waiting.size)
      this.#metrics.waited?.(this.#clock.now() - since)
      this.#running.set(key, this.#work(key))
    }
  }

  async #work(key: string): Promise<void> {
    const from = this.#clock.now()
    // The caller must be able to note the key as running before its work can end.
    await undefined
    try {
      await this.options.work(key)
    } catch {
      // The worker's own concern, as promised.
    }
    this.#running.delete(key)
    this.#metrics.worked?.(this.#clock.now() - from)
    if (this.#disposed) return
    if (this.#again.delete(key)) this.#wait(key)
    else if (this.#waiting.size > 0) this.#startSoon()
  }
}
