import type { Node, Pod } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import type { EventRecorder } from '../client/events.js'
import type { Informers } from '../client/informers.js'
import { type Clock, systemClock } from '../machinery/clock.js'
import type { MetricsRegistry } from '../machinery/metrics/index.js'
import { isNotFound, StatusError } from '../machinery/status-error.js'
import { bind, permitted, reserve, unreserve } from './binding-cycle.js'
import { type Feasible, findFeasible, highest, totalScores } from './choose-node.js'
import { assignedPodEvent, type ClusterEvent, covers, hasSameSpec, nodeEvent } from './cluster-event.js'
import { ClusterState } from './cluster-state.js'
import type { Extender } from './extender.js'
import { extendedScores, filteredByExtenders } from './extender-calls.js'
import { Unschedulable } from './framework.js'
import { NominatedPods } from './nominated-pods.js'
import { type PodFailure, writeFailure } from './pod-failure.js'
import { postFilter } from './post-filter.js'
import type { Profile, ProfileDeclaration } from './profile.js'
import { Rankings } from './rankings.js'
import { keepRequest } from './resources.js'
import { type PointObserver, type PointStatus, type SchedulerMetrics, schedulerMetrics } from './scheduler-metrics.js'
import { SchedulingAttempt } from './scheduling-attempt.js'
import { SchedulingQueue } from './scheduling-queue.js'
import type { Surroundings } from './surroundings.js'

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

/** So long, in ms, pods are tried in one go before others on the event loop get their turn. */
const turn = 10

/**
 * Gives pods their nodes. It is told of pods and nodes (`podChanged`, `nodeChanged`), decides on its own picture of the
 * cluster, and writes bindings side by side: the next pod is placed while the last one's binding is on its way.
 */
export class Scheduler implements Disposable {
  readonly #state: ClusterState
  readonly #queue: SchedulingQueue
  readonly #profiles: ReadonlyMap<string, Profile>
  readonly #recorders = new Map<string, EventRecorder>()
  readonly #nominated = new NominatedPods(node => this.#state.nominationsChanged(node))
  readonly #extenders: readonly Extender[]
  readonly #client: Client
  readonly #clock: Clock
  readonly #random: () => number
  readonly #onError: (error: unknown) => void
  readonly #metrics: SchedulerMetrics | undefined
  /** By profile. */
  readonly #rankings = new Map<string, Rankings>()
  /** Attempts that have found a node and are not over yet, by the pod's uid. */
  readonly #binding = new Map<string, SchedulingAttempt>()
  #running = false
  #disposed = false
  /** Where the next search of nodes begins. */
  #start = 0

  constructor(options: SchedulerOptions) {
    const { client, informers, recorder, extenders = [], clock = systemClock, random = Math.random, onError } = options
    this.#client = client
    this.#clock = clock
    this.#random = random
    this.#onError = onError
    this.#extenders = extenders
    this.#state = new ClusterState(options.surroundings)
    this.#metrics = options.metrics && schedulerMetrics(options.metrics, () => this.figures())
    const handle = {
      client,
      informers,
      clock,
      random,
      extenders,
      onError,
      metrics: this.#metrics,
      nominated: this.#nominated,
      activate: (pod: Pod) => this.#queue.activate(pod.metadata.uid ?? ''),
      rejectWaiting: (uid: string, reason: string) => this.#rejectWaiting(uid, reason),
    }
    for (const { name } of options.profiles) {
      this.#recorders.set(name, recorder(name))
      this.#rankings.set(name, new Rankings(this.#state))
    }
    const profiles = options.profiles.map(({ name, make }) => make({ ...handle, events: recorder(name) }))
    this.#profiles = new Map(profiles.map(profile => [profile.name, profile]))
    const { initialBackoff, maximumBackoff } = options
    const compare = profiles[0]?.queueSort[0]?.queueSort
    this.#queue = new SchedulingQueue({
      clock,
      ready: () => this.#wake(),
      gate: pod => this.#gateOf(pod),
      mayHelp: (pod, plugins, event) => this.#mayHelp(pod, plugins, event),
      ...(compare ? { compare } : {}),
      ...(initialBackoff === undefined ? {} : { initialBackoff }),
      ...(maximumBackoff === undefined ? {} : { maximumBackoff }),
      ...(this.#metrics ? { moved: this.#metrics.queued } : {}),
    })
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    this.#queue.dispose()
    for (const attempt of this.#binding.values()) attempt.abort(new Error('the scheduler has been stopped'))
  }

  /** The profiles in use. */
  get profiles(): Iterable<Profile> {
    return this.#profiles.values()
  }

  /** A pod has come, changed, or (`pod` undefined) gone. */
  podChanged(pod: Pod | undefined, old: Pod | undefined): void {
    const uid = pod?.metadata.uid ?? old?.metadata.uid ?? ''
    if (pod && old && hasSameSpec(pod, old)) keepRequest(pod, old)
    if (!pod || isFinished(pod)) this.#podGone(uid, pod, old)
    else if (pod.spec.nodeName) {
      this.#forgetWaiting(uid, new Error('the pod has a node'))
      const known = old?.spec.nodeName ? old : undefined
      this.#state.setPod(pod)
      const event = assignedPodEvent(pod, known)
      if (event) this.#queue.event(event)
    } else if (this.#profiles.has(pod.spec.schedulerName ?? '') && !pod.metadata.deletionTimestamp) {
      // The server's word of the binding is on its way.
      if (this.#state.isAssumed(uid) && !this.#queue.has(uid)) return
      this.#noteNomination(pod, old)
      this.#queue.offer(pod)
    } else {
      this.#forgetWaiting(uid, new Error('the pod is being deleted'))
    }
  }

  /** A node has come, changed, or (`node` undefined) gone. */
  nodeChanged(node: Node | undefined, old: Node | undefined): void {
    if (node) this.#state.setNode(node)
    else this.#state.removeNode(old?.metadata.name ?? '')
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
      nodes: this.#state.nodes.length,
      ...this.#state.size,
    }
  }

  #podGone(uid: string, pod: Pod | undefined, old: Pod | undefined): void {
    const promised = this.#nominated.nodeOf(uid)
    this.#forgetWaiting(uid, new Error('the pod is gone'))
    this.#state.removePod(uid)
    const last = old?.spec.nodeName ? old : (pod ?? old)
    const node = last?.spec.nodeName ?? promised
    // What it took, or was promised, is free now.
    if (last && node) this.#freed(last, node)
  }

  #freed(pod: Pod, nodeName: string): void {
    const event = assignedPodEvent(undefined, { ...pod, spec: { ...pod.spec, nodeName } })
    if (event) this.#queue.event(event)
  }

  #forgetWaiting(uid: string, why: Error): void {
    this.#nominated.delete(uid)
    this.#queue.remove(uid)
    this.#binding.get(uid)?.abort(why)
  }

  /** Nominations are made here, taken back by anybody, and found by a scheduler that starts anew. */
  #noteNomination(pod: Pod, old: Pod | undefined): void {
    const { uid = '' } = pod.metadata
    const node = pod.status.nominatedNodeName
    const known = this.#nominated.nodeOf(uid)
    if (node) this.#nominated.set(pod, node)
    else if (known !== undefined && old?.status.nominatedNodeName) this.#nominated.delete(uid)
    else if (known !== undefined) this.#nominated.set(pod, known)
  }

  #rejectWaiting(uid: string, reason: string): boolean {
    const attempt = this.#binding.get(uid)
    attempt?.abort(new Unschedulable(reason))
    return attempt !== undefined
  }

  #gateOf(pod: Pod): string | undefined {
    const profile = this.#profiles.get(pod.spec.schedulerName ?? '')
    return profile?.preEnqueue.find(({ preEnqueue }) => preEnqueue(pod) !== undefined)?.name
  }

  #mayHelp(pod: Pod, plugins: ReadonlySet<string>, event: ClusterEvent): boolean {
    // What a pod gives back because it was rejected late does not help itself.
    if (event.of !== 'waitingPod' && event.old?.metadata.uid === pod.metadata.uid) return false
    const profile = this.#profiles.get(pod.spec.schedulerName ?? '')
    for (const { name, events } of profile?.plugins ?? []) {
      if (!plugins.has(name)) continue
      if (!events) return true
      for (const interest of events) if (covers(interest, event) && (interest.helps?.(pod, event) ?? true)) return true
    }
    return false
  }

  #wake(): void {
    if (this.#running || this.#disposed) return
    this.#running = true
    setImmediate(() => {
      this.#work().catch(this.#onError)
    })
  }

  async #work(): Promise<void> {
    try {
      let began = performance.now()
      while (!this.#disposed) {
        const taken = this.#queue.take()
        if (!taken) return
        const profile = this.#profiles.get(taken.pod.spec.schedulerName ?? '')
        if (profile) await this.#schedule(new SchedulingAttempt(taken, profile, this.#state))
        if (performance.now() - began < turn) continue
        await new Promise<void>(resolve => setImmediate(resolve))
        began = performance.now()
      }
    } finally {
      this.#running = false
    }
  }

  async #schedule(attempt: SchedulingAttempt): Promise<void> {
    const { pod, uid } = attempt
    try {
      const found = await this.#findFeasible(attempt)
      this.#start = (this.#start + found.evaluated) % Math.max(1, this.#state.nodes.length)
      const [first] = found.nodes
      if (!first) return await this.#infeasible(attempt, found)
      const node = found.nodes.length === 1 ? first.name : await this.#best(attempt, found)
      this.#metrics?.decided(performance.now() - attempt.began)
      // It may be gone by now: whoever asks extenders waits for them.
      if (!this.#queue.has(uid)) return
      this.#state.assume(pod, node)
      this.#binding.set(uid, attempt)
      let waits: readonly Promise<void>[]
      try {
        waits = reserve(attempt, node)
      } catch (error) {
        this.#takeBack(attempt, node)
        throw error
      }
      void this.#bind(attempt, node, waits)
    } catch (error) {
      this.#failed(attempt, error)
    }
  }

  async #findFeasible(attempt: SchedulingAttempt): Promise<Feasible> {
    const { pod, profile } = attempt
    const rankings = this.#extenders.length > 0 ? undefined : this.#rankings.get(profile.name)
    const found = findFeasible(attempt, profile.filter, {
      start: this.#start,
      nominated: this.#nominated,
      percentageOfNodesToScore: profile.percentageOfNodesToScore ?? 0,
      observe: this.#observe(profile),
      ...(rankings && {
        ranked: (filters, wanted) => rankings.find(attempt, filters, profile.score, wanted, this.#random),
      }),
    })
    if (found.nodes.length === 0 || this.#extenders.length === 0) return found
    return await filteredByExtenders(this.#extenders, pod, found, this.#state.nodes.length)
  }

  async #best(attempt: SchedulingAttempt, { nodes, worth }: Feasible): Promise<string> {
    const { pod, profile } = attempt
    const totals = totalScores(attempt, worth?.scores ?? profile.score, nodes, this.#observe(profile), worth?.totals)
    if (this.#extenders.length > 0) await extendedScores(this.#extenders, pod, nodes, totals, this.#onError)
    return highest(nodes, totals, this.#random)?.name ?? ''
  }

  async #bind(attempt: SchedulingAttempt, node: string, waits: readonly Promise<void>[]): Promise<void> {
    const { pod, uid, profile, taken } = attempt
    const { name, namespace } = pod.metadata
    try {
      if (waits.length > 0) await this.#permitted(attempt, waits)
      const began = performance.now()
      const extender = this.#extenders.find(each => each.bind && each.concerns(pod))
      if (extender?.bind) await extender.bind(pod, node)
      else await bind(attempt, node)
      this.#metrics?.extensionPoint('Bind', 'Success', profile.name, performance.now() - began)
      this.#metrics?.attempted(profile.name, 'scheduled', performance.now() - attempt.began)
      this.#metrics?.scheduled(taken.attempts, this.#clock.now() - taken.firstTried)
      this.#binding.delete(uid)
      this.#queue.remove(uid)
      this.#nominated.delete(uid)
      this.#recorders
        .get(profile.name)
        ?.record(pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node}`)
    } catch (error) {
      this.#takeBack(attempt, node)
      this.#failed(attempt, error)
    }
  }

  async #permitted(attempt: SchedulingAttempt, waits: readonly Promise<void>[]): Promise<void> {
    const began = performance.now()
    let result: PointStatus = 'Success'
    try {
      await permitted(attempt, waits, (ms, action) => this.#clock.after(ms, action))
    } catch (error) {
      result = error instanceof Unschedulable ? 'Unschedulable' : 'Error'
      throw error
    } finally {
      this.#metrics?.permitWaited(result, performance.now() - began)
    }
  }

  /** The pod leaves the node it was to have, and others may have what it took. */
  #takeBack(attempt: SchedulingAttempt, node: string): void {
    const { pod, uid } = attempt
    this.#binding.delete(uid)
    try {
      unreserve(attempt, node)
    } catch (error) {
      this.#onError(error)
    }
    if (!this.#state.isAssumed(uid)) return
    this.#state.forget(uid)
    this.#freed(pod, node)
  }

  /** A plugin rejected the pod late, or something went wrong. */
  #failed(attempt: SchedulingAttempt, error: unknown): void {
    if (this.#disposed) return
    const { uid, profile, pod } = attempt
    const result = error instanceof Unschedulable ? 'unschedulable' : 'error'
    this.#metrics?.attempted(profile.name, result, performance.now() - attempt.began)
    if (!this.#queue.has(uid)) return
    if (error instanceof StatusError && isNotFound(error) && error.details?.kind === 'pods') {
      this.#queue.remove(uid)
      return
    }
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof Unschedulable) {
      this.#queue.unschedulable(uid, new Set([error.plugin]))
      const text = `0/1 nodes are available: 1 ${message}.`
      this.#tell(pod, profile, { reason: 'Unschedulable', message: text, nominatedNode: undefined })
      return
    }
    this.#queue.failed(uid)
    this.#tell(pod, profile, { reason: 'SchedulerError', message, nominatedNode: undefined })
  }

  /** No node will do: perhaps one can be made to. */
  async #infeasible(attempt: SchedulingAttempt, { infeasible, message }: Feasible): Promise<void> {
    const { pod, uid, profile } = attempt
    const isEmpty = this.#state.nodes.length === 0
    const began = performance.now()
    const after = isEmpty ? undefined : await postFilter(attempt, infeasible, this.#onError)
    if (after) this.#metrics?.extensionPoint('PostFilter', after.status, profile.name, performance.now() - began)
    this.#metrics?.attempted(profile.name, 'unschedulable', performance.now() - attempt.began)
    const plugins = new Set<string>()
    if (isEmpty) for (const { name } of profile.filter) plugins.add(name)
    for (const { plugin } of infeasible.counts.keys()) if (plugin) plugins.add(plugin)
    if (infeasible.others?.plugin) plugins.add(infeasible.others.plugin)
    // Those that narrowed the search have had their say as well.
    for (const plugin of infeasible.filters?.narrowedBy ?? []) plugins.add(plugin)
    this.#queue.unschedulable(uid, plugins)
    if (!this.#queue.has(uid)) return
    const nominatedNode = after?.nominatedNode
    if (nominatedNode) this.#nominated.set(pod, nominatedNode)
    else if (nominatedNode === '') this.#nominated.delete(uid)
    const text = after?.message ? `${message} ${after.message}` : message
    this.#tell(pod, profile, { reason: 'Unschedulable', message: text, nominatedNode })
  }

  #tell(pod: Pod, profile: Profile, failure: PodFailure): void {
    this.#recorders.get(profile.name)?.record(pod, 'Warning', 'FailedScheduling', failure.message)
    writeFailure(this.#client, this.#clock, pod, failure).catch(error => {
      if (!isNotFound(error) && !this.#disposed) this.#onError(error)
    })
  }

  #observe({ name }: Profile): PointObserver | undefined {
    const metrics = this.#metrics
    return metrics && ((point, status, ms) => metrics.extensionPoint(point, status, name, ms))
  }
}

const isFinished = ({ status }: Pod): boolean => status.phase === 'Succeeded' || status.phase === 'Failed'
