import { Event, type EventInit } from '../api/core/v1/index.js'
import { rfc3339 } from '../machinery/clock.js'
import type { Client } from './client.js'
import { type EventStyle, type EventTally, eventName, type Occurrence, Recent, tallyOf } from './event-tally.js'

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

/**
 * Events of the core group, as most components write them: equal ones are counted up, similar ones combined, and a flood
 * about one object is cut off. What it remembers is bounded.
 */
export class CountedEvents implements EventStyle {
  readonly #buckets = new Recent<Bucket>(remembered)
  readonly #similar = new Recent<Similar>(remembered)
  readonly #tallies = new Recent<EventTally>(remembered)

  observe(occurrence: Occurrence): EventTally | undefined {
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
    const { key, message } = this.#combine([...about, type, reason].join('\0'), occurrence)
    const tally = this.#tallies.get(key) ?? { ...tallyOf(occurrence, eventName(occurrence)), count: 0 }
    this.#tallies.set(key, tally)
    if (!this.#allowed(about.join('\0'), at)) return undefined
    tally.count++
    tally.lastAt = at
    tally.message = message
    return tally
  }

  create(client: Client, tally: EventTally, signal: AbortSignal): Promise<unknown> {
    return client.create(Event, eventOf(tally), { signal })
  }

  update(client: Client, tally: EventTally, signal: AbortSignal): Promise<unknown> {
    const { count, message, lastAt } = tally
    const body = { count, message, lastTimestamp: rfc3339(lastAt) }
    return client.patch(Event, tally, { type: 'strategic', body }, { signal })
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

/** The object that tells of counted occurrences. */
function eventOf({ namespace, name, first, message, count, lastAt }: EventTally): EventInit {
  const { source, object, type, reason, at, related } = first
  return {
    metadata: { namespace, name },
    involvedObject: object,
    reason,
    message,
    source,
    firstTimestamp: rfc3339(at),
    lastTimestamp: rfc3339(lastAt),
    count,
    type,
    ...(related ? { related } : {}),
    reportingComponent: source.component,
    reportingInstance: source.host ?? '',
  }
}
