import { compareKeys } from './keys.js'

/**
 * How the store stood at one past revision: for every key written since, what it held then. Keys that are not in here
 * hold now what they held then. `T` is how the driver refers to what a key held.
 */
export class PastState<T> {
  readonly #then = new Map<string, T | undefined>()
  #through: number

  constructor(readonly revision: number) {
    this.#through = revision
  }

  /** The last write this knows of. */
  get through(): number {
    return this.#through
  }

  /** Tells of the next write: what it was at `revision` that replaced `previous` of the key. */
  apply(key: string, revision: number, previous: T | undefined): void {
    if (!this.#then.has(key)) this.#then.set(key, previous)
    this.#through = revision
  }

  /**
   * What keys with `prefix` behind `after` held then, in order. `now` is what they held at any revision between the one
   * this is about and `through`, as they were when the walk starts.
   */
  *merge(now: Iterable<readonly [string, T]>, prefix: string, after: string | undefined): Generator<[string, T]> {
    const changed = this.#changed(prefix, after)
    let next = 0
    for (const [key, state] of now) {
      for (let past = changed[next]; past && compareKeys(past[0], key) < 0; past = changed[++next]) yield past
      if (changed[next]?.[0] === key) next++
      // Not from `changed`: this may have learned of more writes since that was made.
      const then = this.#then.has(key) ? this.#then.get(key) : state
      if (then !== undefined) yield [key, then]
    }
    for (let past = changed[next]; past; past = changed[++next]) yield past
  }

  /** How many more keys with `prefix` behind `after` there were then than there are now. */
  excess(prefix: string, after: string, existsNow: (key: string) => boolean): number {
    let excess = 0
    for (const [key, then] of this.#then) {
      if (!key.startsWith(prefix) || compareKeys(key, after) <= 0) continue
      excess += (then === undefined ? 0 : 1) - (existsNow(key) ? 1 : 0)
    }
    return excess
  }

  /** What existed then and was written since. */
  #changed(prefix: string, after: string | undefined): [string, T][] {
    const changed: [string, T][] = []
    for (const [key, then] of this.#then) {
      if (then === undefined || !key.startsWith(prefix)) continue
      if (after === undefined || compareKeys(key, after) > 0) changed.push([key, then])
    }
    return changed.sort((a, b) => compareKeys(a[0], b[0]))
  }
}
