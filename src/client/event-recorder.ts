import { Event, type EventInit, type ObjectReference } from '../api/core/v1/index.js'
import { type Clock, rfc3339, sleep, systemClock } from '../machinery/clock.js'
import type { ApiObject } from '../machinery/object.js'
import { isNotFound, StatusError } from '../machinery/status-error.js'
import type { Client } from './client.js'
import { type CorrelatedEvent, EventCorrelator, type EventSource } from './event-correlator.js'
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
/** So many names of events that are there are remembered, to count on in them. */
const rememberedNames = 4096
/** A server that cannot be reached is tried so often, so many ms apart. */
const maximumTries = 12
const retryEvery = 10_000
const longestName = 253

/**
 * Writes the events of a process in the background, several at a time; what happens again before it is written is written
 * once, with its count. Dispose of it to drop what is not written.
 */
export class EventWriter implements AsyncDisposable {
  readonly #correlator = new EventCorrelator()
  readonly #names = new Map<string, string>()
  /** By key, in the order in which they came; the last of a key counts for all. */
  readonly #waiting = new Map<string, CorrelatedEvent>()
  /** Keys of those that are being written: the next of a key waits for the last. */
  readonly #writing = new Set<string>()
  readonly #stopping = new AbortController()
  readonly #clock: Clock
  /** There is something to write. */
  #running: PromiseWithResolvers | undefined
  #lastStamp = 0n

  constructor(private readonly options: EventWriterOptions) {
    this.#clock = options.clock ?? systemClock
  }

  /** A recorder for one source of events. */
  recorder(source: EventSource): EventRecorder {
    return {
      record: (object, type, reason, message, fieldPath) => {
        if (this.#stopping.signal.aborted) return
        const at = this.#clock.now()
        const event = this.#correlator.observe({
          source,
          object: { ...referenceTo(object), ...(fieldPath ? { fieldPath } : {}) },
          type,
          reason,
          message: message.slice(0, 1024),
          at,
        })
        if (!event || (this.#waiting.size >= capacity && !this.#waiting.has(event.key))) return
        this.#waiting.set(event.key, event)
        this.#begin()
      },
    }
  }

  /** Resolves once everything recorded so far is written or given up. */
  async flushed(): Promise<void> {
    await this.#running?.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    this.#waiting.clear()
    await this.#running?.promise
  }

  #begin(): void {
    if (this.#running) return
    this.#running = withResolvers()
    // The caller goes on first: recording is never what takes its time.
    queueMicrotask(() => this.#next())
  }

  #next(): void {
    for (const [key, event] of this.#waiting) {
      if (this.#writing.size >= atOnce) return
      if (this.#writing.has(key)) continue
      this.#waiting.delete(key)
      this.#writing.add(key)
      void this.#write(event).then(() => {
        this.#writing.delete(key)
        this.#next()
      })
    }
    if (this.#writing.size > 0) return
    this.#running?.resolve()
    this.#running = undefined
  }

  async #write(event: CorrelatedEvent): Promise<void> {
    const { random = Math.random, onError } = this.options
    for (let tries = 1; !this.#stopping.signal.aborted; tries++) {
      try {
        await this.#put(event)
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

  async #put(event: CorrelatedEvent): Promise<void> {
    const { client } = this.options
    const namespace = event.object.namespace || 'default'
    const known = this.#names.get(event.key)
    if (known !== undefined && event.count > 1) {
      try {
        const { count, message } = event
        await client.patch(
          Event,
          { namespace, name: known },
          { type: 'strategic', body: { count, message, lastTimestamp: rfc3339(event.at) } },
          { signal: this.#stopping.signal },
        )
        return
      } catch (error) {
        // It has outlived its time: the next one is written anew.
        if (!isNotFound(error)) throw error
      }
    }
    const name = this.#nameFor(event)
    await client.create(Event, eventOf(event, namespace, name), { signal: this.#stopping.signal })
    this.#remember(event.key, name)
  }

  /** `object.hex`, never the same twice. */
  #nameFor({ object, at }: CorrelatedEvent): string {
    const stamp = BigInt(at) * 1_000_000n
    this.#lastStamp = stamp > this.#lastStamp ? stamp : this.#lastStamp + 1n
    const suffix = `.${this.#lastStamp.toString(16)}`
    return (object.name ?? '').slice(0, longestName - suffix.length) + suffix
  }

  #remember(key: string, name: string): void {
    this.#names.delete(key)
    this.#names.set(key, name)
    if (this.#names.size <= rememberedNames) return
    const [oldest] = this.#names.keys()
    if (oldest !== undefined) this.#names.delete(oldest)
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

/** A reference as events carry it. */
export function referenceTo({ apiVersion, kind, metadata }: ApiObject): ObjectReference {
  const { namespace, name, uid, resourceVersion } = metadata
  return {
    ...(kind ? { kind } : {}),
    ...(namespace ? { namespace } : {}),
    ...(name ? { name } : {}),
    ...(uid ? { uid } : {}),
    ...(apiVersion ? { apiVersion } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
  }
}

/** The object that is written for an event. */
export function eventOf(event: CorrelatedEvent, namespace: string, name: string): EventInit {
  const { source, object, type, reason, message, at, firstAt, count } = event
  return {
    metadata: { namespace, name },
    involvedObject: object,
    reason,
    message,
    source,
    firstTimestamp: rfc3339(firstAt),
    lastTimestamp: rfc3339(at),
    count,
    type,
    reportingComponent: source.component,
    reportingInstance: source.host ?? '',
  }
}

const temporary = (error: unknown): boolean =>
  error instanceof StatusError && (error.code === 429 || error.code >= 500 || error.reason === 'Conflict')
