/** How much of the past is kept at least. */
const kept = 4096

/** What has changed, in order; only the recent past is kept. */
export class ChangeLog<T> {
  #items: T[] = []
  /** How many were there before the first that is kept. */
  #dropped = 0

  /** How many changes there have been. */
  get end(): number {
    return this.#dropped + this.#items.length
  }

  add(item: T): void {
    if (this.#items.length >= 2 * kept) {
      this.#items = this.#items.slice(kept)
      this.#dropped += kept
    }
    this.#items.push(item)
  }

  /** What changed after `end` was this, each once; undefined if that is too long ago. */
  since(end: number): ReadonlySet<T> | undefined {
    return end < this.#dropped ? undefined : new Set(this.#items.slice(end - this.#dropped))
  }
}
