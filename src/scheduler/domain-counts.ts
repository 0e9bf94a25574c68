/** Pods by domain of a topology, and the least of them in any domain, without looking at all domains again. */
export class DomainCounts {
  readonly #counts = new Map<string, number>()
  /** How many domains have so many pods. */
  readonly #domains = new Map<number, number>()
  #least = Number.POSITIVE_INFINITY

  /** How many domains there are. */
  get size(): number {
    return this.#counts.size
  }

  /** Infinite if there is no domain. */
  get least(): number {
    return this.#least
  }

  of(domain: string): number {
    return this.#counts.get(domain) ?? 0
  }

  has(domain: string): boolean {
    return this.#counts.has(domain)
  }

  /** Adds pods to a domain, which there is from now on. */
  add(domain: string, pods: number): void {
    const before = this.#counts.get(domain)
    const after = (before ?? 0) + pods
    this.#counts.set(domain, after)
    if (before === after) return
    this.#domains.set(after, (this.#domains.get(after) ?? 0) + 1)
    if (before !== undefined) {
      const left = (this.#domains.get(before) ?? 0) - 1
      if (left > 0) this.#domains.set(before, left)
      else this.#domains.delete(before)
    }
    if (after < this.#least) this.#least = after
    else if (before === this.#least && !this.#domains.has(before)) {
      this.#least = Number.POSITIVE_INFINITY
      for (const count of this.#domains.keys()) if (count < this.#least) this.#least = count
    }
  }
}
