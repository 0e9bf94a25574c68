import type { Pod } from '../api/core/v1/index.js'
import type { Clock } from '../machinery/clock.js'

/** First and longest wait, in ms, of a pod that could not be placed. */
const initialBackoff = 1_000
const maximumBackoff = 10_000
/** A pod nothing has helped is tried again after so long, in ms, in case a hint was missed. */
const forgottenAfter = 5 * 60_000

interface Waiting {
  pod: Pod
  /** When it first came, for its turn among equals. */
  readonly order: number
  attempts: number
  /** Where it is: to be tried, held until its back-off is over, or until something changes. */
  place: 'active' | 'backoff' | 'unschedulable' | 'gated' | 'inFlight'
  /** Something changed while it was being tried. */
  moved: boolean
  timer: Disposable | undefined
}

/**
 * Pods that wait for a node: the one with the highest priority first, then the one that waited longest. One that could
 * not be placed sits out until something changes that may help, and a little longer each time.
 */
export class SchedulingQueue {
  readonly #waiting = new Map<string, Waiting>()
  readonly #active: Waiting[] = []
  #order = 0

  constructor(
    private readonly clock: Clock,
    /** Called when a pod can be taken. */
    private readonly ready: () => void,
  ) {}

  /** Takes in a pod without a node, or its newer version. `gate` holds it back altogether. */
  offer(pod: Pod, gate: string | undefined): void {
    const uid = pod.metadata.uid ?? ''
    const known = this.#waiting.get(uid)
    if (!known) {
      const waiting: Waiting = {
        pod,
        order: this.#order++,
        attempts: 0,
        place: gate ? 'gated' : 'active',
        moved: false,
        timer: undefined,
      }
      this.#waiting.set(uid, waiting)
      if (!gate) this.#push(waiting)
      return
    }
    const changed = known.pod.spec !== pod.spec && JSON.stringify(known.pod.spec) !== JSON.stringify(pod.spec)
    known.pod = pod
    if (known.place === 'gated' && !gate) this.#activate(known)
    else if (changed && known.place === 'unschedulable') this.#activate(known)
    else if (changed && known.place === 'inFlight') known.moved = true
  }

  /** The pod is gone, or has a node. */
  remove(uid: string): void {
    const waiting = this.#waiting.get(uid)
    if (!waiting) return
    waiting.timer?.[Symbol.dispose]()
    this.#waiting.delete(uid)
    // An entry left in the heap is skipped when its turn comes.
    waiting.place = 'inFlight'
  }

  /** The pod whose turn it is; undefined if none can be tried now. */
  take(): Pod | undefined {
    for (;;) {
      const next = this.#pop()
      if (!next) return undefined
      if (next.place !== 'active' || this.#waiting.get(next.pod.metadata.uid ?? '') !== next) continue
      next.place = 'inFlight'
      next.attempts++
      next.moved = false
      return next.pod
    }
  }

  /** Nothing would have it: it waits for a change, or only for its back-off if one came while it was being tried. */
  unschedulable(uid: string): void {
    const waiting = this.#waiting.get(uid)
    if (!waiting) return
    if (waiting.moved) this.#backoff(waiting)
    else {
      waiting.place = 'unschedulable'
      waiting.timer = this.clock.after(forgottenAfter, () => this.#activate(waiting))
    }
  }

  /** The attempt failed for a reason of its own (the binding was refused): again after the back-off. */
  retry(uid: string): void {
    const waiting = this.#waiting.get(uid)
    if (waiting) this.#backoff(waiting)
  }

  /** Something changed in the cluster: pods it may help, by `helps`, are tried again. */
  wake(helps: (pod: Pod) => boolean = () => true): void {
    for (const waiting of this.#waiting.values()) {
      if (waiting.place === 'inFlight') waiting.moved = true
      else if (waiting.place === 'unschedulable' && helps(waiting.pod)) this.#backoff(waiting)
    }
  }

  /** Pods by place, for metrics. */
  counts(): { readonly [place: string]: number } {
    const counts: Record<string, number> = { active: 0, backoff: 0, unschedulable: 0, gated: 0, inFlight: 0 }
    for (const { place } of this.#waiting.values()) counts[place] = (counts[place] ?? 0) + 1
    return counts
  }

  dispose(): void {
    for (const { timer } of this.#waiting.values()) timer?.[Symbol.dispose]()
    this.#waiting.clear()
    this.#active.length = 0
  }

  #backoff(waiting: Waiting): void {
    const wait = Math.min(maximumBackoff, initialBackoff * 2 ** Math.max(0, waiting.attempts - 1))
    waiting.timer?.[Symbol.dispose]()
    waiting.place = 'backoff'
    waiting.timer = this.clock.after(wait, () => this.#activate(waiting))
  }

  #activate(waiting: Waiting): void {
    waiting.timer?.[Symbol.dispose]()
    waiting.timer = undefined
    waiting.place = 'active'
    this.#push(waiting)
  }

  #push(waiting: Waiting): void {
    const heap = this.#active
    let at = heap.push(waiting) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (!above || !before(waiting, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = waiting
    this.ready()
  }

  #pop(): Waiting | undefined {
    const heap = this.#active
    const first = heap[0]
    const last = heap.pop()
    if (!first || !last || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      const left = heap[child]
      if (!left) break
      const right = heap[child + 1]
      if (right && before(right, left)) child++
      const smaller = heap[child]
      if (!smaller || !before(smaller, last)) break
      heap[at] = smaller
      at = child
    }
    heap[at] = last
    return first
  }
}

function before(a: Waiting, b: Waiting): boolean {
  const [left, right] = [a.pod.spec.priority ?? 0, b.pod.spec.priority ?? 0]
  return left === right ? a.order < b.order : left > right
}
