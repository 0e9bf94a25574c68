import { initialDelay, longestDelay } from '../restart-back-off.js'

interface Entry {
  readonly until: number
  readonly delay: number
  readonly error: string
}

/** Which images were asked for in vain by whom, and when they may be asked for again. Times in milliseconds. */
export class PullBackOff {
  readonly #entries = new Map<string, Entry>()

  /** Until when to wait, and what failed; undefined if it may be tried. */
  waiting(key: string, now: number): Entry | undefined {
    const entry = this.#entries.get(key)
    return entry && entry.until > now ? entry : undefined
  }

  failed(key: string, error: string, now: number): Entry {
    const before = this.#entries.get(key)
    const isStale = !before || now - before.until > 2 * longestDelay
    const delay = isStale ? initialDelay : Math.min(before.delay * 2, longestDelay)
    const entry = { delay, until: now + delay, error }
    this.#entries.set(key, entry)
    return entry
  }

  succeeded(key: string): void {
    this.#entries.delete(key)
  }

  /** Forgets what is too old to matter. */
  sweep(now: number): void {
    for (const [key, { until }] of this.#entries) if (now - until > 2 * longestDelay) this.#entries.delete(key)
  }
}
