import type { Node, Pod } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import type { EventRecorder } from '../client/events.js'
import type { Informers } from '../client/informers.js'
import { type Clock, systemClock } from '../machinery/clock.js'
import type { MetricsRegistry } from '../machinery/metrics/index.js'
import { AttemptObserver } from './attempt-observer.js'
import { Bindings } from './bindings.js'
import { assignedPodEvent, type ClusterEvent, departureEvent, hasSameSpec, nodeEvent } from './cluster-event.js'
import { ClusterState } from './cluster-state.js'
import type { Extender } from './extender.js'
import { NodeSearch } from './node-search.js'
import { NominatedPods } from './nominated-pods.js'
import type { Profile, ProfileDeclaration } from './profile.js'
import { gateOf, mayHelp } from './queueing-hints.js'
import { keepRequest } from './resources.js'
import { type SchedulerMetrics, schedulerMetrics } from './scheduler-metrics.js'
import type { SchedulerParts } from './scheduler-parts.js'
import { SchedulingAttempt } from './scheduling-attempt.js'
import { SchedulingLoop } from './scheduling-loop.js'
import { SchedulingQueue, type TakenPod } from './scheduling-queue.js'
import type { Surroundings } from './surroundings.js'
import { UnplacedPods } from './unplaced-pods.js'

export interface SchedulerOptions {
  readonly client: Client
  readonly informers: Pick<Informers, 'of'>
  /** Where events of a profile's pods go, by the profile's name. */
  readonly recorder: (profile: string) => EventRecorder
  /** How pods are scheduled, by the scheduler they name; pods that name another are left alone. */
  readonly profiles: readonly ProfileDeclaration[]
  readonly extenders?: readonly Extender[]
  /** Namespaces, workloads, volumes; without them, there are none. */
  readonly surroundings?: Surroundings
  /** In ms. */
  readonly initialBackoff?: number
  readonly maximumBackoff?: number
  readonly metrics?: MetricsRegistry
  readonly clock?: Clock
  /** Between 0 and 1; breaks ties. */
  readonly random?: () => number
  readonly onError: (error: unknown) => void
}

/**
 * Gives pods their nodes. It is told of pods and nodes (`podChanged`, `nodeChanged`) and keeps its own picture of the
 * cluster by that. A pod's way: the queue, the search for a node, the binding; or, if there is no node for it, the queue
 * again.
 */
export class Scheduler implements Disposable {
  readonly #state: ClusterState
  readonly #queue: SchedulingQueue
  readonly #nominated: NominatedPods
  readonly #profiles: ReadonlyMap<string, Profile>
  readonly #metrics: SchedulerMetrics | undefined
  readonly #random: () => number
  readonly #loop: SchedulingLoop
  readonly #search: NodeSearch
  readonly #unplaced: UnplacedPods
  readonly #bindings: Bindings

  constructor(options: SchedulerOptions) {
    const { client, informers, recorder, extenders = [], clock = systemClock, random = Math.random, onError } = options
    const state = new ClusterState(options.surroundings)
    const nominated = new NominatedPods(node => state.nominationsChanged(node))
    const metrics = options.metrics && schedulerMetrics(options.metrics, () => this.figures())
    const recorders = new Map(options.profiles.map(({ name }) => [name, recorder(name)]))
    const handle = {
      ...{ client, informers, clock, random, extenders, onError, metrics, nominated },
      activate: (pod: Pod) => this.#queue.activate(pod.metadata.uid ?? ''),
      rejectWaiting: (uid: string, reason: string) => this.#bindings.reject(uid, reason),
    }
    const profiles = options.profiles.map(({ name, make }) => make({ ...handle, events: recorder(name) }))
    const profileOf = ({ spec }: Pod) => this.#profiles.get(spec.schedulerName ?? '')
    const { initialBackoff, maximumBackoff } = options
    const compare = profiles[0]?.queueSort[0]?.queueSort
    const queue = new SchedulingQueue({
      clock,
      ready: () => this.#loop.wake(),
      gate: pod => gateOf(profileOf(pod), pod),
      mayHelp: (pod, plugins, event) => mayHelp(profileOf(pod), pod, plugins, event, metrics),
      ...(compare ? { compare } : {}),
      ...(initialBackoff === undefined ? {} : { initialBackoff }),
      ...(maximumBackoff === undefined ? {} : { maximumBackoff }),
      ...(metrics ? { measure: metrics } : {}),
    })
    const parts: SchedulerParts = {
      ...{ client, clock, random, state, queue, nominated, extenders, recorders, metrics, onError },
    }
    this.#state = state
    this.#queue = queue
    this.#nominated = nominated
    this.#metrics = metrics
    this.#random = random
    this.#profiles = new Map(profiles.map(profile => [profile.name, profile]))
    this.#search = new NodeSearch(parts)
    this.#unplaced = new UnplacedPods(parts)
    this.#bindings = new Bindings(parts, this.#unplaced)
    this.#loop = new SchedulingLoop({ take: () => queue.take(), schedule: taken => this.#schedule(taken), onError })
  }

  [Symbol.dispose](): void {
    this.#loop[Symbol.dispose]()
    this.#unplaced[Symbol.dispose]()
    this.#queue.dispose()
    this.#bindings[Symbol.dispose]()
  }

  /** The profiles in use. */
  get profiles(): Iterable<Profile> {
    return this.#profiles.values()
  }

  /** A pod has come, changed, or (`pod` undefined) gone. */
  podChanged(pod: Pod | undefined, old: Pod | undefined): void {
    const last = pod ?? old
    if (!last) return
    if (pod && old && hasSameSpec(pod, old)) keepRequest(pod, old)
    if (!pod || isFinished(pod)) this.#podGone(old?.spec.nodeName ? old : last)
    else if (pod.spec.nodeName) {
      this.#waitsNoMore(pod, 'the pod has a node')
      const known = old?.spec.nodeName ? old : undefined
      this.#state.setPod(pod)
      const event = assignedPodEvent(pod, known)
      if (event) this.#queue.event(event)
    } else if (this.#profiles.has(pod.spec.schedulerName ?? '') && !pod.metadata.deletionTimestamp) {
      const { uid = '' } = pod.metadata
      // The server's word of the binding is on its way.
      if (this.#state.isAssumed(uid) && !this.#queue.has(uid)) return
      this.#noteNomination(pod, old)
      this.#queue.offer(pod)
    } else this.#waitsNoMore(pod, 'the pod is being deleted')
  }

  /** A node has come, changed, or (`node` undefined) gone. */
  nodeChanged(node: Node | undefined, old: Node | undefined): void {
    const name = (node ?? old)?.metadata.name ?? ''
    if (node) this.#state.setNode(node)
    else this.#state.removeNode(name)
    if (!node) this.#bindings.nodeGone(name)
    const event = nodeEvent(node, old)
    if (event) this.#queue.event(event)
  }

  /** The labels of a namespace have changed. */
  namespaceChanged(): void {
    this.#state.namespaceChanged()
  }

  /** Something that plugins want to hear of has happened, other than to pods and nodes. */
  happened(event: ClusterEvent): void {
    this.#queue.event(event)
  }

  /** What metrics show. */
  figures() {
    return {
      pending: this.#queue.counts(),
      rejected: this.#queue.rejected(),
      inFlightEvents: this.#queue.inFlightEvents(),
      nodes: this.#state.nodes.length,
      ...this.#state.size,
    }
  }

  async #schedule(taken: TakenPod): Promise<void> {
    const { pod } = taken
    const profile = this.#profiles.get(pod.spec.schedulerName ?? '')
    if (!profile) return
    const observer = this.#metrics && new AttemptObserver(this.#metrics, profile.name, this.#random)
    const attempt = new SchedulingAttempt(taken, profile, this.#state, observer)
    try {
      const found = await this.#search.feasible(attempt)
      if (found.nodes.length === 0) return await this.#unplaced.infeasible(attempt, found)
      const node = await this.#search.best(attempt, found)
      this.#metrics?.decided(performance.now() - attempt.began)
      // It may be gone by now: whoever asks extenders waits for them.
      if (this.#queue.has(attempt.uid)) this.#bindings.begin(attempt, node)
    } catch (error) {
      this.#unplaced.failed(attempt, error)
    }
  }

  #podGone(pod: Pod): void {
    const { uid = '' } = pod.metadata
    const node = this.#state.nodeOf(uid) ?? pod.spec.nodeName
    this.#waitsNoMore(pod, 'the pod is gone')
    this.#state.removePod(uid)
    if (node) this.#queue.event(departureEvent(pod, node))
  }

  #waitsNoMore(pod: Pod, why: string): void {
    const { uid = '' } = pod.metadata
    this.#queue.remove(uid)
    this.#bindings.abort(uid, why)
    const promised = this.#nominated.nodeOf(uid)
    if (promised === undefined) return
    this.#nominated.delete(uid)
    // Others may have the room that was kept for it.
    if (promised !== pod.spec.nodeName) this.#queue.event(departureEvent(pod, promised))
  }

  /** Nominations are made here, taken back by anybody, and found by a scheduler that starts anew. */
  #noteNomination(pod: Pod, old: Pod | undefined): void {
    const { uid = '' } = pod.metadata
    const node = pod.status.nominatedNodeName
    const known = this.#nominated.nodeOf(uid)
    if (node) this.#nominated.set(pod, node)
    else if (known !== undefined && old?.status.nominatedNodeName) {
      this.#nominated.delete(uid)
      this.#queue.event(departureEvent(pod, known))
    } else if (known !== undefined) this.#nominated.set(pod, known)
  }
}

const isFinished = ({ status }: Pod): boolean => status.phase === 'Succeeded' || status.phase === 'Failed'
