import { statusOf } from './attempt-observer.js'
import { bind, permitted, reserve, unreserve } from './binding-cycle.js'
import { departureEvent } from './cluster-event.js'
import { Unschedulable } from './framework.js'
import type { PointStatus } from './scheduler-metrics.js'
import type { SchedulerParts } from './scheduler-parts.js'
import type { SchedulingAttempt } from './scheduling-attempt.js'
import type { UnplacedPods } from './unplaced-pods.js'

interface Binding {
  readonly attempt: SchedulingAttempt
  readonly node: string
}

/**
 * Attempts that have found a node: the pod counts there at once, and is bound while the next pods are tried. What goes
 * wrong until then takes all of it back.
 */
export class Bindings implements Disposable {
  /** By the pod's uid. */
  readonly #bindings = new Map<string, Binding>()

  constructor(
    private readonly parts: SchedulerParts,
    private readonly unplaced: UnplacedPods,
  ) {}

  [Symbol.dispose](): void {
    for (const { attempt } of this.#bindings.values()) attempt.abort('the scheduler has been stopped')
  }

  /** Gives the pod the node. Throws what a plugin throws that cannot reserve what the pod needs there. */
  begin(attempt: SchedulingAttempt, node: string): void {
    this.parts.state.assume(attempt.pod, node)
    this.#bindings.set(attempt.uid, { attempt, node })
    let waits: readonly Promise<void>[]
    try {
      waits = reserve(attempt, node)
    } catch (error) {
      this.#takeBack(attempt, node)
      throw error
    }
    void this.#bind(attempt, node, waits)
  }

  /** The pod needs no node any more: what is waited for before it is bound ends. */
  abort(uid: string, why: string): void {
    this.#bindings.get(uid)?.attempt.abort(why)
  }

  /** As `abort`, of a pod that is to be tried again; false if there is no such attempt. */
  reject(uid: string, reason: string): boolean {
    const binding = this.#bindings.get(uid)
    binding?.attempt.abort(new Unschedulable(reason))
    return binding !== undefined
  }

  /** The node is gone: pods that are not bound to it yet need another one. */
  nodeGone(name: string): void {
    for (const { attempt, node } of this.#bindings.values())
      if (node === name) attempt.abort(`node ${JSON.stringify(name)} not found`)
  }

  async #bind(attempt: SchedulingAttempt, node: string, waits: readonly Promise<void>[]): Promise<void> {
    const { queue, nominated, extenders, recorders, metrics, clock } = this.parts
    const { pod, uid, profile, taken } = attempt
    const { name, namespace } = pod.metadata
    try {
      if (waits.length > 0) await this.#permitted(attempt, waits)
      const extender = extenders.find(each => each.bind && each.concerns(pod))
      if (extender?.bind) await extender.bind(pod, node)
      else await bind(attempt, node)
      metrics?.attempted(profile.name, 'scheduled', performance.now() - attempt.began)
      metrics?.scheduled(taken.attempts, clock.now() - taken.firstTried)
      this.#bindings.delete(uid)
      queue.remove(uid)
      const promised = nominated.nodeOf(uid)
      nominated.delete(uid)
      if (promised && promised !== node) queue.event(departureEvent(pod, promised))
      const message = `Successfully assigned ${namespace}/${name} to ${node}`
      recorders.get(profile.name)?.record(pod, 'Normal', 'Scheduled', message, { action: 'Binding' })
    } catch (error) {
      this.#takeBack(attempt, node)
      this.unplaced.failed(attempt, error)
    }
  }

  async #permitted(attempt: SchedulingAttempt, waits: readonly Promise<void>[]): Promise<void> {
    const { clock, metrics } = this.parts
    const began = performance.now()
    let result: PointStatus = 'Success'
    try {
      await permitted(attempt, waits, (ms, action) => clock.after(ms, action))
    } catch (error) {
      result = statusOf(error)
      throw error
    } finally {
      metrics?.permitWaited(result, performance.now() - began)
    }
  }

  /** The pod leaves the node it was to have, and others may have what it took. */
  #takeBack(attempt: SchedulingAttempt, node: string): void {
    const { state, queue, onError } = this.parts
    const { pod, uid } = attempt
    this.#bindings.delete(uid)
    try {
      unreserve(attempt, node)
    } catch (error) {
      onError(error)
    }
    if (!state.isAssumed(uid)) return
    state.forget(uid)
    queue.event(departureEvent(pod, node))
  }
}
