import { Event, type EventInit } from '../api/events/v1/index.js'
import { rfc3339Micro } from '../machinery/clock.js'
import type { Client } from './client.js'
import { type EventStyle, type EventTally, eventName, type Occurrence, Recent, tallyOf } from './event-tally.js'

/** What has not happened again for so many ms is over: the next time is another event. */
const overAfter = 6 * 60_000
/** So often, in ms, those that go on are written, so that they outlive the time for which events are kept. */
const refreshEvery = 30 * 60_000
const remembered = 16_384
/** Bytes of a note that the server takes. */
const longestNote = 1024
const cut = ' ...'

/**
 * Events of events.k8s.io, as the scheduler, the service proxy and the server itself write them: what happens again
 * within minutes is a series. It is written when it begins, at times while it goes on, and when it is over. What it
 * remembers is bounded.
 */
export class EventSeries implements EventStyle {
  readonly #tallies = new Recent<EventTally>(remembered)
  #refreshedAt = Number.NEGATIVE_INFINITY

  /** There are events that may yet become a series, or end. */
  get pending(): boolean {
    return this.#tallies.size > 0
  }

  observe(occurrence: Occurrence): EventTally | undefined {
    const key = keyOf(occurrence)
    const known = this.#tallies.get(key)
    if (known) {
      known.count++
      known.lastAt = occurrence.at
      return known.count === 2 ? known : undefined
    }
    const message = noteOf(occurrence.message)
    const tally = tallyOf({ ...occurrence, message }, eventName(occurrence))
    this.#tallies.set(key, tally)
    return tally
  }

  /** What is to be written because time has passed; forgets what is over. To be called every few minutes. */
  review(now: number): readonly EventTally[] {
    const isTimeToRefresh = now - this.#refreshedAt >= refreshEvery
    if (isTimeToRefresh) this.#refreshedAt = now
    const stale: EventTally[] = []
    for (const [key, tally] of this.#tallies) {
      const isOver = tally.lastAt < now - overAfter
      if (isOver) this.#tallies.delete(key)
      if (tally.count > tally.written && tally.count > 1 && (isOver || isTimeToRefresh)) stale.push(tally)
    }
    return stale
  }

  create(client: Client, tally: EventTally, signal: AbortSignal): Promise<unknown> {
    return client.create(Event, eventOf(tally), { signal })
  }

  update(client: Client, tally: EventTally, signal: AbortSignal): Promise<unknown> {
    return client.patch(Event, tally, { type: 'strategic', body: { series: seriesOf(tally) } }, { signal })
  }
}

function keyOf({ source, object, related, type, reason, action }: Occurrence): string {
  const about = [object, related].flatMap(one => [
    one?.apiVersion,
    one?.kind,
    one?.namespace,
    one?.name,
    one?.uid,
    one?.resourceVersion,
    one?.fieldPath,
  ])
  return [source.component, source.host, type, reason, action, ...about].join('\0')
}

function noteOf(message: string): string {
  const bytes = Buffer.from(message)
  if (bytes.length <= longestNote) return message
  // What is left of a character that is cut through is dropped.
  return bytes.toString('utf8', 0, longestNote - cut.length).replace(/\uFFFD$/, '') + cut
}

const seriesOf = ({ count, lastAt }: EventTally) => ({ count, lastObservedTime: rfc3339Micro(lastAt) })

function eventOf(tally: EventTally): EventInit {
  const { source, object, type, reason, action = reason, related, at } = tally.first
  return {
    metadata: { namespace: tally.namespace, name: tally.name },
    eventTime: rfc3339Micro(at),
    ...(tally.count > 1 ? { series: seriesOf(tally) } : {}),
    reportingController: source.component,
    reportingInstance: source.host ?? source.component,
    action,
    reason,
    regarding: object,
    ...(related ? { related } : {}),
    note: tally.message,
    type,
  }
}
