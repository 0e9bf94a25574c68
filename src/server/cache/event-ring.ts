import type { ApiObject } from '../../machinery/object.js'
import type { CacheEvent } from './cache-event.js'

/** The latest events of one resource, for watchers to resume from; bounded in number and bytes. */
export class EventRing<T extends ApiObject> {
  #events: CacheEvent<T>[] = []
  #bytes = 0
  #start = 0

  constructor(
    private readonly maximumEvents = 1024,
    private readonly maximumBytes = 8 << 20,
  ) {}

  /** Every event after this revision is here. */
  get start(): number {
    return this.#start
  }

  /** Forgets everything: events after `revision` will come. */
  restart(revision: number): void {
    this.#events = []
    this.#bytes = 0
    this.#start = revision
  }

  push(event: CacheEvent<T>): void {
    this.#events.push(event)
    this.#bytes += event.stored.line.length
    // Trimmed by halves: dropping one at a time would move all the others for every event.
    if (this.#events.length > 2 * this.maximumEvents || this.#bytes > 2 * this.maximumBytes) this.#trim()
  }

  /** The events after `revision`, oldest first; all that there were, if it is not before `start`. */
  after(revision: number): readonly CacheEvent<T>[] {
    let from = this.#events.length
    for (; from > 0; from--) if ((this.#events[from - 1] as CacheEvent<T>).revision <= revision) break
    return this.#events.slice(from)
  }

  #trim(): void {
    let from = this.#events.length
    let bytes = 0
    while (from > 0 && this.#events.length - from < this.maximumEvents) {
      const size = (this.#events[from - 1] as CacheEvent<T>).stored.line.length
      if (bytes + size > this.maximumBytes) break
      bytes += size
      from--
    }
    this.#start = this.#events[from - 1]?.revision ?? this.#start
    this.#events = this.#events.slice(from)
    this.#bytes = bytes
  }
}
