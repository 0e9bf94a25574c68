/** Pods by domain of a topology: what filters and scores ask of them. */
export interface DomainTotals {
  /** How many domains there are; each has a node at least. */
  readonly size: number
  /** All pods in all domains. */
  readonly pods: number
  /** The fewest pods in any domain; infinite if there is no domain. */
  readonly least: number
  of(domain: string): number
  has(domain: string): boolean
  copy(): DomainCounts
}

/** Pods by domain of a topology, and the least of them in any domain, without looking at all domains again. */
export class DomainCounts implements DomainTotals {
  readonly #counts = new Map<string, number>()
  readonly #nodes = new Map<string, number>()
  /** How many domains have so many pods. */
  readonly #domains = new Map<number, number>()
  #least = Number.POSITIVE_INFINITY
  #pods = 0

  get size(): number {
    return this.#counts.size
  }

  get pods(): number {
    return this.#pods
  }

  get least(): number {
    return this.#least
  }

  of(domain: string): number {
    return this.#counts.get(domain) ?? 0
  }

  has(domain: string): boolean {
    return this.#counts.has(domain)
  }

  /** A node of a domain with so many pods. */
  addNode(domain: string, pods: number): void {
    this.#nodes.set(domain, (this.#nodes.get(domain) ?? 0) + 1)
    this.#set(domain, this.#counts.get(domain), this.of(domain) + pods)
  }

  /** The opposite of `addNode`. The last node takes its domain with it. */
  removeNode(domain: string, pods: number): void {
    const left = (this.#nodes.get(domain) ?? 0) - 1
    if (left > 0) {
      this.#nodes.set(domain, left)
      this.add(domain, -pods)
      return
    }
    this.#nodes.delete(domain)
    const before = this.#counts.get(domain)
    this.#counts.delete(domain)
    this.#pods -= before ?? 0
    this.#uncount(before)
  }

  /** Adds pods to a domain that there is. */
  add(domain: string, pods: number): void {
    const before = this.#counts.get(domain)
    if (before !== undefined && pods !== 0) this.#set(domain, before, before + pods)
  }

  copy(): DomainCounts {
    const copy = new DomainCounts()
    for (const [domain, pods] of this.#counts) copy.#counts.set(domain, pods)
    for (const [domain, nodes] of this.#nodes) copy.#nodes.set(domain, nodes)
    for (const [pods, domains] of this.#domains) copy.#domains.set(pods, domains)
    copy.#least = this.#least
    copy.#pods = this.#pods
    return copy
  }

  #set(domain: string, before: number | undefined, after: number): void {
    this.#counts.set(domain, after)
    this.#pods += after - (before ?? 0)
    if (before === after) return
    this.#domains.set(after, (this.#domains.get(after) ?? 0) + 1)
    if (after < this.#least) this.#least = after
    this.#uncount(before)
  }

  /** A domain has no longer so many pods. */
  #uncount(pods: number | undefined): void {
    if (pods === undefined) return
    const left = (this.#domains.get(pods) ?? 0) - 1
    if (left > 0) {
      this.#domains.set(pods, left)
      return
    }
    this.#domains.delete(pods)
    if (pods !== this.#least) return
    this.#least = Number.POSITIVE_INFINITY
    for (const count of this.#domains.keys()) if (count < this.#least) this.#least = count
  }
}

/** Counts as they would be if pods came or went: those that all share stay as they are. */
export class SupposedCounts {
  #counts: DomainTotals
  #own: DomainCounts | undefined

  constructor(shared: DomainTotals) {
    this.#counts = shared
  }

  get counts(): DomainTotals {
    return this.#counts
  }

  add(domain: string, pods: number): void {
    this.#own ??= this.#counts.copy()
    this.#counts = this.#own
    if (this.#own.has(domain)) this.#own.add(domain, pods)
    else this.#own.addNode(domain, pods)
  }
}
