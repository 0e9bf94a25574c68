import { hostname } from 'node:os'
import { type Clock, sleep, systemClock } from '../machinery/clock.js'
import { isAlreadyExists, isNotFound, StatusError } from '../machinery/status-error.js'
import type { Client } from './client.js'
import { CountedEvents } from './counted-events.js'
import { EventSeries } from './event-series.js'
import { type EventSource, type EventStyle, type EventTally, referenceTo } from './event-tally.js'
import type { EventRecorder } from './events.js'

export interface EventWriterOptions {
  readonly client: Client
  readonly clock?: Clock
  readonly random?: () => number
  /** Hears of events that could not be written. */
  readonly onError?: (error: unknown) => void
}

/** Events that may wait to be written: a bound for a server that is away. More are dropped, as nothing may wait for them. */
const capacity = 50_000
/**
 * So many are on their way to the server at once: they share its ways to the disk, and leave these to the work that they
 * tell of while there is much of it.
 */
const atOnce = 4
/** A server that cannot be reached is tried so often, so many ms apart. */
const maximumTries = 12
const retryEvery = 10_000
/** So often, in ms, is looked which series are over. */
const reviewEvery = 6 * 60_000

/**
 * Writes the events of a process in the background, several at a time; what happens again before it is written is written
 * once, with its count. Dispose of it to drop what is not written.
 */
export class EventWriter implements AsyncDisposable {
  readonly #counted = new CountedEvents()
  readonly #series = new EventSeries()
  /** In the order in which they came. */
  readonly #waiting = new Map<EventTally, EventStyle>()
  /** The next write of an event waits for the last. */
  readonly #writing = new Set<EventTally>()
  readonly #stopping = new AbortController()
  readonly #clock: Clock
  /** There is something to write. */
  #running: PromiseWithResolvers | undefined
  #review: Disposable | undefined

  constructor(private readonly options: EventWriterOptions) {
    this.#clock = options.clock ?? systemClock
  }

  /** A recorder for one source of events of the core group. */
  recorder(source: EventSource): EventRecorder {
    return this.#recorder(source, this.#counted)
  }

  /** A recorder for a component on this host that writes events of events.k8s.io. */
  seriesRecorder(component: string): EventRecorder {
    return this.#recorder({ component, host: `${component}-${hostname()}` }, this.#series)
  }

  /** Resolves once everything recorded so far is written or given up. */
  async flushed(): Promise<void> {
    await this.#running?.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    this.#review?.[Symbol.dispose]()
    this.#waiting.clear()
    await this.#running?.promise
  }

  #recorder(source: EventSource, style: EventStyle): EventRecorder {
    return {
      record: (object, type, reason, message, { fieldPath, action, related } = {}) => {
        if (this.#stopping.signal.aborted) return
        const tally = style.observe({
          ...{ source, type, reason, message, at: this.#clock.now() },
          object: { ...referenceTo(object), ...(fieldPath ? { fieldPath } : {}) },
          ...(action ? { action } : {}),
          ...(related ? { related: referenceTo(related) } : {}),
        })
        if (tally) this.#write(tally, style)
      },
    }
  }

  #write(tally: EventTally, style: EventStyle): void {
    if (this.#waiting.size >= capacity && !this.#waiting.has(tally)) return
    this.#waiting.set(tally, style)
    if (this.#series.pending) this.#review ??= this.#clock.after(reviewEvery, () => this.#reviewSeries())
    if (this.#running) return
    this.#running = withResolvers()
    // The caller goes on first: recording is never what takes its time.
    queueMicrotask(() => this.#next())
  }

  #reviewSeries(): void {
    const series = this.#series
    this.#review = undefined
    for (const tally of series.review(this.#clock.now())) this.#write(tally, series)
    if (series.pending) this.#review ??= this.#clock.after(reviewEvery, () => this.#reviewSeries())
  }

  #next(): void {
    for (const [tally, style] of this.#waiting) {
      if (this.#writing.size >= atOnce) return
      if (this.#writing.has(tally)) continue
      this.#waiting.delete(tally)
      this.#writing.add(tally)
      void this.#put(tally, style).then(() => {
        this.#writing.delete(tally)
        this.#next()
      })
    }
    if (this.#writing.size > 0) return
    this.#running?.resolve()
    this.#running = undefined
  }

  async #put(tally: EventTally, style: EventStyle): Promise<void> {
    const { random = Math.random, onError } = this.options
    for (let tries = 1; !this.#stopping.signal.aborted; tries++) {
      try {
        await this.#tryPut(tally, style)
        return
      } catch (error) {
        if (!temporary(error) || tries >= maximumTries) {
          // Nothing is written into a namespace that is on its way out, and nobody is surprised.
          if (!(error instanceof StatusError && (error.code === 403 || error.code === 404))) onError?.(error)
          return
        }
      }
      await sleep(this.#clock, retryEvery * (0.5 + random() / 2), this.#stopping.signal).catch(() => {})
    }
  }

  async #tryPut(tally: EventTally, style: EventStyle): Promise<void> {
    const { client } = this.options
    const { signal } = this.#stopping
    const { count } = tally
    if (tally.written > 0) {
      try {
        await style.update(client, tally, signal)
        tally.written = count
        return
      } catch (error) {
        // It has outlived its time: what is there to tell is written anew.
        if (!isNotFound(error)) throw error
      }
    }
    try {
      await style.create(client, tally, signal)
    } catch (error) {
      // A try that seemed to fail came through after all.
      if (!isAlreadyExists(error)) throw error
    }
    tally.written = count
  }
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>
  readonly resolve: () => void
}

function withResolvers(): PromiseWithResolvers {
  let resolve = () => {}
  const promise = new Promise<void>(settle => {
    resolve = settle
  })
  return { promise, resolve }
}

const temporary = (error: unknown): boolean =>
  error instanceof StatusError && (error.code === 429 || error.code >= 500 || error.reason === 'Conflict')
