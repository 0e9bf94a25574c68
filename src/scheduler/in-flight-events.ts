import { type ClusterEvent, eventLabel } from './cluster-event.js'

/** What has happened while pods were being tried, kept as long as one of them may be helped by it. */
export class InFlightEvents {
  #events: ClusterEvent[] = []
  /** How many events there were before the first one kept. */
  #dropped = 0
  /** How many events there had been when each pod was taken; in that order. */
  readonly #began = new Map<string, number>()

  begin(uid: string): void {
    this.#began.delete(uid)
    this.#began.set(uid, this.#dropped + this.#events.length)
  }

  add(event: ClusterEvent): void {
    if (this.#began.size > 0) this.#events.push(event)
  }

  /** The pod's attempt is over: what has happened since it began. */
  end(uid: string): readonly ClusterEvent[] {
    const began = this.#began.get(uid)
    if (began === undefined) return []
    const since = this.#events.slice(began - this.#dropped)
    this.forget(uid)
    return since
  }

  /** How many are kept, by their labels. */
  counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const event of this.#events) {
      const label = eventLabel(event)
      counts.set(label, (counts.get(label) ?? 0) + 1)
    }
    return counts
  }

  /** As `end`, for who does not ask. */
  forget(uid: string): void {
    if (!this.#began.delete(uid)) return
    const [oldest] = this.#began.values()
    if (oldest === undefined) {
      this.#dropped += this.#events.length
      this.#events = []
    } else if (oldest - this.#dropped > 1024) {
      // Events that nobody in flight has missed go, many at a time.
      this.#events.splice(0, oldest - this.#dropped)
      this.#dropped = oldest
    }
  }
}
