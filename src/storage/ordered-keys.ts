import { compareKeys } from './keys.js'

const maxRun = 128
/** So many keys may wait to be sorted in: few enough for nobody to notice. */
const maxAdded = 512

/**
 * A set of keys in byte order.
 *
 * Kept as a list of short sorted runs, a B+ tree of two levels: inserting moves at most `maxRun` references, which is
 * faster than the pointer chasing of a balanced tree up to millions of keys, a range is walked at array speed, and what
 * is left of a range is counted run by run. One sorted array would move every key behind an insertion; an array sorted
 * when it is read would sort all of it for each list between two writes. What has just been added waits until the set
 * is read, or enough has gathered.
 */
export class OrderedKeys {
  readonly #runs: string[][] = []
  /** Keys that are in no run yet. */
  #added: string[] = []
  #size = 0
  /** As long as no key has characters for which it matters, JavaScript's own order, which is much faster, will do. */
  #isBefore: (a: string, b: string) => boolean = isBeforeInUnits

  get size(): number {
    return this.#size
  }

  /**
   * Adds a key that is not in the set. What has been sliced from another string is compared many times as slowly as
   * what is a string of its own: see `ownKey`.
   */
  add(key: string): void {
    this.#size++
    if (highUnits.test(key)) this.#isBefore = isBeforeInBytes
    if (this.#added.push(key) >= maxAdded) this.#sortIn()
  }

  /** In order, since neighbours go the same way: most of the time of a lone key is waiting for memory. */
  #sortIn(): void {
    if (this.#added.length === 0) return
    const added = this.#added.sort((a, b) => (this.#isBefore(a, b) ? -1 : 1))
    this.#added = []
    for (const key of added) this.#insert(key)
  }

  #insert(key: string): void {
    // The first key may also go into the first run, hence never below run 0.
    const at = Math.max(0, this.#runOf(key))
    const run = this.#runs[at]
    if (!run) {
      this.#runs.push([key])
      return
    }
    const index = this.#lowerBound(run, key)
    // Unlike `splice`, this makes no array.
    for (let i = run.length; i > index; i--) run[i] = run[i - 1] as string
    run[index] = key
    if (run.length > maxRun) {
      // Keys mostly arrive in order; a run that grew at its end stays full.
      const cut = run[run.length - 1] === key ? maxRun : run.length >>> 1
      this.#runs.splice(at + 1, 0, run.splice(cut))
    }
  }

  /** Removes a key that is in the set. */
  delete(key: string): void {
    this.#sortIn()
    const at = this.#runOf(key)
    const run = this.#runs[at]
    if (!run) return
    const index = this.#lowerBound(run, key)
    if (run[index] !== key) return
    this.#size--
    run.splice(index, 1)
    if (run.length === 0) this.#runs.splice(at, 1)
  }

  /** Keys at `start` (behind it if `exclusive`) and later, in order. The set must not change meanwhile. */
  *from(start: string, exclusive = false): Generator<string> {
    this.#sortIn()
    let at = Math.max(0, this.#runOf(start))
    const first = this.#runs[at]
    if (!first) return
    let index = this.#lowerBound(first, start)
    if (exclusive && first[index] === start) index++
    for (let run: string[] | undefined = first; run; run = this.#runs[++at]) {
      for (; index < run.length; index++) yield run[index] as string
      index = 0
    }
  }

  /** How many keys with `prefix` come after `key`, which has it too. */
  countAfter(key: string, prefix: string): number {
    this.#sortIn()
    let at = Math.max(0, this.#runOf(key))
    let count = 0
    for (let run = this.#runs[at]; run; run = this.#runs[++at]) {
      const first = run[0] as string
      const last = run[run.length - 1] as string
      if (first.startsWith(prefix) && last.startsWith(prefix) && this.#isBefore(key, first)) {
        count += run.length
        continue
      }
      for (const other of run) if (other.startsWith(prefix) && this.#isBefore(key, other)) count++
      if (this.#isBefore(key, last) && !last.startsWith(prefix)) break
    }
    return count
  }

  /** Index of the last run that starts at or before `key`, -1 if none does. */
  #runOf(key: string): number {
    let low = 0
    let high = this.#runs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#isBefore(key, (this.#runs[middle] as string[])[0] as string)) high = middle
      else low = middle + 1
    }
    return low - 1
  }

  #lowerBound(run: readonly string[], key: string): number {
    let low = 0
    let high = run.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#isBefore(run[middle] as string, key)) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The same key as a string of its own. */
export const ownKey = (key: string): string => Buffer.from(key).toString()

/** Surrogates and what comes behind them, whose order in UTF-16 is not that of their bytes in UTF-8. */
const highUnits = /[\ud800-\uffff]/
const isBeforeInUnits = (a: string, b: string): boolean => a < b
const isBeforeInBytes = (a: string, b: string): boolean => compareKeys(a, b) < 0
