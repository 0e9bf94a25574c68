import type { ObjectReference } from '../api/core/v1/index.js'
import type { EventType } from './events.js'

/** Who reports: `kubelet` on some host, `deployment-controller`. */
export interface EventSource {
  readonly component: string
  readonly host?: string
}

/** One thing that happened, before it is known whether it happened before. */
export interface Occurrence {
  readonly source: EventSource
  readonly object: ObjectReference
  readonly type: EventType
  readonly reason: string
  readonly message: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** An occurrence counted up with those like it. `first` when it is the first of them. */
export interface CorrelatedEvent extends Occurrence {
  /** The same for occurrences that are one event. */
  readonly key: string
  readonly count: number
  readonly firstAt: number
}

interface Counted {
  count: number
  readonly firstAt: number
}

interface Similar {
  readonly messages: Set<string>
  lastAt: number
}

interface Bucket {
  tokens: number
  filledAt: number
}

/** Events about one object that may come at once, and the time in ms after which one more may. */
const burst = 25
const refillEvery = 5 * 60_000
/** So many messages of one reason within so many ms, and they are combined into one event. */
const distinctMessages = 10
const similarWithin = 10 * 60_000
const remembered = 4096
const combined = '(combined from similar events): '

/** Counts up equal events, combines similar ones and cuts off floods. Pure but for its memory, which is bounded. */
export class EventCorrelator {
  readonly #buckets = new Recent<Bucket>(remembered)
  readonly #similar = new Recent<Similar>(remembered)
  readonly #counted = new Recent<Counted>(remembered)

  /** What to write for an occurrence; undefined if there have been too many about its object. */
  observe(occurrence: Occurrence): CorrelatedEvent | undefined {
    const { source, object, type, reason, at } = occurrence
    const about = [
      source.component,
      source.host,
      object.apiVersion,
      object.kind,
      object.namespace,
      object.name,
      object.uid,
    ]
    const spamKey = about.join('\0')
    const similarKey = [...about, type, reason].join('\0')
    const { key, message } = this.#combine(similarKey, occurrence)
    if (!this.#allowed(spamKey, at)) return undefined
    const counted = this.#counted.get(key) ?? { count: 0, firstAt: at }
    counted.count++
    this.#counted.set(key, counted)
    return { ...occurrence, message, key, count: counted.count, firstAt: counted.firstAt }
  }

  #combine(similarKey: string, { message, object, at }: Occurrence): { key: string; message: string } {
    let similar = this.#similar.get(similarKey)
    if (!similar || at - similar.lastAt > similarWithin) similar = { messages: new Set(), lastAt: at }
    similar.lastAt = at
    if (similar.messages.size < distinctMessages) similar.messages.add(message)
    this.#similar.set(similarKey, similar)
    if (similar.messages.size < distinctMessages)
      return { key: [similarKey, object.fieldPath, message].join('\0'), message }
    return { key: similarKey, message: combined + message }
  }

  #allowed(key: string, at: number): boolean {
    const bucket = this.#buckets.get(key) ?? { tokens: burst, filledAt: at }
    bucket.tokens = Math.min(burst, bucket.tokens + (at - bucket.filledAt) / refillEvery)
    bucket.filledAt = at
    this.#buckets.set(key, bucket)
    if (bucket.tokens < 1) return false
    bucket.tokens--
    return true
  }
}

/** A map that forgets what was not used for longest. */
class Recent<V> {
  readonly #entries = new Map<string, V>()

  constructor(readonly capacity: number) {}

  get(key: string): V | undefined {
    return this.#entries.get(key)
  }

  set(key: string, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.capacity) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }
}
