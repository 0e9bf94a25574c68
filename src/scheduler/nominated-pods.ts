import type { Pod } from '../api/core/v1/index.js'

const nobody: readonly Pod[] = []

/**
 * Pods without a node for which preemption has made, or is making, room on one. Whoever is scheduled after them leaves
 * them their room, unless it has a higher priority.
 */
export class NominatedPods {
  readonly #nodes = new Map<string, string>()
  readonly #pods = new Map<string, Pod[]>()

  /** `changed` is told of every node for which nominations have changed. */
  constructor(private readonly changed: (node: string) => void = () => {}) {}

  /** Where a pod is nominated to. */
  nodeOf(uid: string): string | undefined {
    return this.#nodes.get(uid)
  }

  on(node: string): readonly Pod[] {
    return this.#pods.get(node) ?? nobody
  }

  get size(): number {
    return this.#nodes.size
  }

  /** Takes in a nomination, or a newer version of the pod. */
  set(pod: Pod, node: string): void {
    const { uid = '' } = pod.metadata
    const known =
      this.#nodes.get(uid) === node ? this.#pods.get(node)?.find(({ metadata }) => metadata.uid === uid) : undefined
    // Most changes of a pod are of no interest to others.
    if (known?.spec === pod.spec && known?.metadata.labels === pod.metadata.labels) return
    this.delete(uid)
    this.#nodes.set(uid, node)
    const pods = this.#pods.get(node)
    if (pods) pods.push(pod)
    else this.#pods.set(node, [pod])
    this.changed(node)
  }

  delete(uid: string): void {
    const node = this.#nodes.get(uid)
    if (node === undefined) return
    this.#nodes.delete(uid)
    const left = (this.#pods.get(node) ?? []).filter(({ metadata }) => metadata.uid !== uid)
    if (left.length > 0) this.#pods.set(node, left)
    else this.#pods.delete(node)
    this.changed(node)
  }
}
