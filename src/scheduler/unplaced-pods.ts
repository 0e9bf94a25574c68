import type { Pod } from '../api/core/v1/index.js'
import { messageOf } from '../machinery/message-of.js'
import { isNotFound, StatusError } from '../machinery/status-error.js'
import type { Feasible } from './choose-node.js'
import { departureEvent } from './cluster-event.js'
import { type Infeasible, Unschedulable } from './framework.js'
import { type PodFailure, writeFailure } from './pod-failure.js'
import { postFilter } from './post-filter.js'
import type { Profile } from './profile.js'
import type { SchedulerParts } from './scheduler-parts.js'
import type { SchedulingAttempt } from './scheduling-attempt.js'

/** What becomes of pods whose attempt has not given them a node: they wait, and their status and an event tell why. */
export class UnplacedPods implements Disposable {
  #disposed = false

  constructor(private readonly parts: SchedulerParts) {}

  [Symbol.dispose](): void {
    this.#disposed = true
  }

  /** No node will do: perhaps one can be made to. */
  async infeasible(attempt: SchedulingAttempt, { infeasible, message }: Feasible): Promise<void> {
    const { state, queue, nominated, metrics, onError } = this.parts
    const { pod, uid, profile } = attempt
    const isEmpty = state.nodes.length === 0
    const began = performance.now()
    const after = isEmpty ? undefined : await postFilter(attempt, infeasible, onError)
    if (after) attempt.observer?.point('PostFilter', after.status, performance.now() - began)
    metrics?.attempted(profile.name, 'unschedulable', performance.now() - attempt.began)
    queue.unschedulable(uid, isEmpty ? new Set(profile.filter.map(({ name }) => name)) : rejecting(infeasible))
    if (!queue.has(uid)) return
    const nominatedNode = after?.nominatedNode
    const promised = nominated.nodeOf(uid)
    if (nominatedNode) nominated.set(pod, nominatedNode)
    else if (nominatedNode === '') nominated.delete(uid)
    // Others may have the room that was kept for it.
    if (promised && nominated.nodeOf(uid) !== promised) queue.event(departureEvent(pod, promised))
    const text = after?.message ? `${message} ${after.message}` : message
    this.#tell(pod, profile, { reason: 'Unschedulable', message: text, nominatedNode })
  }

  /** A plugin rejected the pod late, or something went wrong. */
  failed(attempt: SchedulingAttempt, error: unknown): void {
    if (this.#disposed) return
    const { queue, metrics } = this.parts
    const { uid, profile, pod } = attempt
    const result = error instanceof Unschedulable ? 'unschedulable' : 'error'
    metrics?.attempted(profile.name, result, performance.now() - attempt.began)
    if (!queue.has(uid)) return
    if (error instanceof StatusError && isNotFound(error) && error.details?.kind === 'pods') {
      queue.remove(uid)
      return
    }
    const message = messageOf(error)
    if (error instanceof Unschedulable) {
      queue.unschedulable(uid, new Set([error.plugin]))
      const text = `0/1 nodes are available: 1 ${message}.`
      this.#tell(pod, profile, { reason: 'Unschedulable', message: text, nominatedNode: undefined })
      return
    }
    queue.failed(uid)
    this.#tell(pod, profile, { reason: 'SchedulerError', message, nominatedNode: undefined })
  }

  #tell(pod: Pod, profile: Profile, failure: PodFailure): void {
    const { client, clock, recorders, onError } = this.parts
    recorders.get(profile.name)?.record(pod, 'Warning', 'FailedScheduling', failure.message, { action: 'Scheduling' })
    writeFailure(client, clock, pod, failure).catch(error => {
      if (!isNotFound(error) && !this.#disposed) onError(error)
    })
  }
}

/** The plugins that have rejected nodes; those that narrowed the search have had their say as well. */
function rejecting({ counts, others, filters }: Infeasible): ReadonlySet<string> {
  const plugins = new Set<string>()
  for (const { plugin } of counts.keys()) if (plugin) plugins.add(plugin)
  if (others?.plugin) plugins.add(others.plugin)
  for (const plugin of filters?.narrowedBy ?? []) plugins.add(plugin)
  return plugins
}
