/** Ms between two replacements of failed pods on a node; doubled each time, up to the most. */
const first = 1_000
const most = 15 * 60_000

interface Replaced {
  readonly at: number
  readonly wait: number
}

/** How long each daemon set waits before it replaces another failed pod on the same node. */
export class FailedPodBackoff {
  readonly #replaced = new Map<string, Map<string, Replaced>>()

  /** Ms until a failed pod may be replaced. */
  remaining(set: string, node: string, now: number): number {
    const last = this.#replaced.get(set)?.get(node)
    return last === undefined ? 0 : Math.max(0, last.at + last.wait - now)
  }

  /** A failed pod is replaced now. */
  note(set: string, node: string, now: number): void {
    let nodes = this.#replaced.get(set)
    if (!nodes) this.#replaced.set(set, (nodes = new Map()))
    for (const [name, { at }] of nodes) if (now - at > 2 * most) nodes.delete(name)
    const last = nodes.get(node)
    nodes.set(node, { at: now, wait: last ? Math.min(most, last.wait * 2) : first })
  }

  forget(set: string): void {
    this.#replaced.delete(set)
  }
}
