/** Time as an argument, so that tests move it instead of waiting for it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls `action` once after `ms`; disposing of the timer before then cancels it. Never keeps the process alive. */
  after(ms: number, action: () => void): Disposable
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, action) {
    // setTimeout overflows beyond 2^31-1 ms and would fire at once.
    const timer = setTimeout(action, Math.min(Math.max(ms, 0), 0x7fffffff))
    timer.unref()
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
}

/** A clock for tests: stands still until `advance`, which runs what falls due in order. */
export class ManualClock implements Clock {
  #now: number
  #timers: { due: number; action: () => void }[] = []

  constructor(now = Date.parse('2026-01-01T00:00:00Z')) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  after(ms: number, action: () => void): Disposable {
    const timer = { due: this.#now + Math.max(ms, 0), action }
    this.#timers.push(timer)
    return {
      [Symbol.dispose]: () => {
        this.#timers = this.#timers.filter(other => other !== timer)
      },
    }
  }

  /** Moves time by `ms`, running due timers on the way, also those that a timer sets. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      let next: { due: number; action: () => void } | undefined
      for (const timer of this.#timers) if (timer.due <= end && (!next || timer.due < next.due)) next = timer
      if (!next) break
      const due = next
      this.#timers = this.#timers.filter(other => other !== due)
      this.#now = Math.max(this.#now, due.due)
      due.action()
    }
    this.#now = end
  }
}

/** Resolves after `ms`; rejects with the signal's reason if it aborts first. */
export const sleep = (clock: Clock, ms: number, signal?: AbortSignal): Promise<void> => pause(clock, ms, 1, signal)

/**
 * For patience with others: as `sleep`, but time in which this process was held up, or the machine slept, hardly counts.
 * What they have said meanwhile is heard first.
 */
export const sleepAwake = (clock: Clock, ms: number, signal?: AbortSignal): Promise<void> =>
  pause(clock, ms, 10, signal)

/** Sleeps in so many pieces: being held up ends one of them, however long it lasts. */
function pause(clock: Clock, ms: number, pieces: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    let timer: Disposable
    const sleepOn = (left: number) => {
      if (left > 0) timer = clock.after(ms / pieces, () => sleepOn(left - 1))
      else {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
    }
    const onAbort = () => {
      timer[Symbol.dispose]()
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    sleepOn(pieces)
  })
}

let lastSecond = Number.NaN
let lastText = ''

/** RFC 3339 with seconds in UTC: how Kubernetes writes `metav1.Time`. */
export function rfc3339(ms: number): string {
  // Mostly it is the same second as before.
  const second = Math.floor(ms / 1000)
  if (second !== lastSecond) {
    lastText = `${new Date(ms).toISOString().slice(0, 19)}Z`
    lastSecond = second
  }
  return lastText
}

/** RFC 3339 with six fractional digits: how Kubernetes writes `metav1.MicroTime`. */
export const rfc3339Micro = (ms: number): string => `${new Date(ms).toISOString().slice(0, 23)}000Z`
