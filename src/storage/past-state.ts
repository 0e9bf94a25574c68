import type { Clock } from '../machinery/clock.js'
import { compareKeys } from './keys.js'

interface PastKey<T> {
  readonly key: string
  /** What the key held then. */
  readonly before: T | undefined
  /** Whether it holds anything after the last write this knows of. */
  exists: boolean
}

/**
 * How the store stood at one past revision: for every key written since, what it held then. Keys that are not in here
 * hold now what they held then. `T` is how the driver refers to what a key held.
 */
export class PastState<T> {
  readonly #keys = new Map<string, PastKey<T>>()
  /** The same in order, but for what came since it was last asked for. */
  #sorted: PastKey<T>[] = []
  #unsorted: PastKey<T>[] = []
  #through: number

  constructor(readonly revision: number) {
    this.#through = revision
  }

  /** The last write this knows of. */
  get through(): number {
    return this.#through
  }

  /** Tells of the next write: `previous` is what it replaced, `exists` whether it left something behind. */
  apply(key: string, revision: number, previous: T | undefined, exists: boolean): void {
    const known = this.#keys.get(key)
    if (known) {
      known.exists = exists
    } else {
      const past = { key, before: previous, exists }
      this.#keys.set(key, past)
      this.#unsorted.push(past)
    }
    this.#through = revision
  }

  /**
   * What keys with `prefix` behind `after` held then, in order. `now` is what they held at any revision between the one
   * this is about and `through`, as they were when the walk starts.
   */
  *merge(now: Iterable<readonly [string, T]>, prefix: string, after: string | undefined): Generator<[string, T]> {
    const changed = this.#changed(prefix, after)
    let next = changed.next()
    for (const [key, state] of now) {
      for (; !next.done && compareKeys(next.value.key, key) < 0; next = changed.next()) {
        if (next.value.before !== undefined) yield [next.value.key, next.value.before]
      }
      if (!next.done && next.value.key === key) next = changed.next()
      // Not from `changed`: this may have learned of more writes since that was made.
      const past = this.#keys.get(key)
      const before = past ? past.before : state
      if (before !== undefined) yield [key, before]
    }
    for (; !next.done; next = changed.next()) {
      if (next.value.before !== undefined) yield [next.value.key, next.value.before]
    }
  }

  /** How many more keys with `prefix` behind `after` there were then than after the last write this knows of. */
  excess(prefix: string, after: string): number {
    let excess = 0
    for (const { before, exists } of this.#changed(prefix, after)) {
      excess += (before === undefined ? 0 : 1) - (exists ? 1 : 0)
    }
    return excess
  }

  /** Keys written since then, in order, as far as they are known when the walk starts. */
  *#changed(prefix: string, after: string | undefined): Generator<PastKey<T>, undefined> {
    const sorted = this.#sort()
    const start = after ?? prefix
    let low = 0
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const order = compareKeys((sorted[middle] as PastKey<T>).key, start)
      if (order < 0 || (order === 0 && after !== undefined)) low = middle + 1
      else high = middle
    }
    for (let past = sorted[low]; past?.key.startsWith(prefix); past = sorted[++low]) yield past
  }

  #sort(): readonly PastKey<T>[] {
    if (this.#unsorted.length > 0) {
      // A new array, since others may be on their way through the old one. Sorting makes use of what is in order.
      this.#sorted = [...this.#sorted, ...this.#unsorted].sort((a, b) => compareKeys(a.key, b.key))
      this.#unsorted = []
    }
    return this.#sorted
  }
}

const most = 4
const keptMs = 60_000

/** The past states that lists are paging through: a few, and only as long as they are used. */
export class PastStates<T> implements Disposable {
  /** The latest used last. */
  readonly #states = new Map<number, PastState<T>>()
  #timer: Disposable | undefined

  constructor(readonly clock: Clock) {}

  /** What is known of the state at `revision`; the caller tells it of the writes after its `through`. */
  at(revision: number): PastState<T> {
    const state = this.#states.get(revision) ?? new PastState<T>(revision)
    this.#states.delete(revision)
    this.#states.set(revision, state)
    for (const oldest of this.#states.keys()) {
      if (this.#states.size > most) this.#states.delete(oldest)
    }
    this.#timer?.[Symbol.dispose]()
    this.#timer = this.clock.after(keptMs, () => this.#states.clear())
    return state
  }

  /** Revisions before this one will not be asked for any more. */
  forgetBefore(revision: number): void {
    for (const past of this.#states.keys()) if (past < revision) this.#states.delete(past)
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
    this.#states.clear()
  }
}
