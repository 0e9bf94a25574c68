import type { Pod } from '../api/core/v1/index.js'
import type { Clock } from '../machinery/clock.js'
import { type ClusterEvent, eventLabel, waitingPodEvent } from './cluster-event.js'
import type { QueuedPod } from './framework.js'
import { Heap } from './heap.js'
import { InFlightEvents } from './in-flight-events.js'

/** First and longest wait, in ms, of a pod that could not be placed, unless the options say otherwise. */
const defaultInitialBackoff = 1_000
const defaultMaximumBackoff = 10_000
/** A pod nothing has helped is tried again after so long, in ms, in case a hint was missed. */
const forgottenAfter = 5 * 60_000

export type QueuePlace = 'active' | 'backoff' | 'unschedulable' | 'gated' | 'inFlight'

/** Hears what happens in the queue, in the words of upstream's metrics. */
export interface QueueMeasure {
  /** A pod has come to a place. */
  queued(place: QueuePlace, event: string): void
  /** All waiting pods have been asked whether an event may help them, which took so many ms. */
  eventHandled(event: string, ms: number): void
}

const unmeasured: QueueMeasure = { queued() {}, eventHandled() {} }

export interface SchedulingQueueOptions {
  readonly clock: Clock
  /** Called when a pod can be taken. */
  readonly ready: () => void
  /** Whose turn is first; by default the pod with the higher priority, then the one that has waited longer. */
  readonly compare?: (a: QueuedPod, b: QueuedPod) => number
  /** What holds a pod back before it is tried: the plugin that does. */
  readonly gate?: (pod: Pod) => string | undefined
  /** Whether an event may help a pod that these plugins have rejected; by default any may. */
  readonly mayHelp?: (pod: Pod, plugins: ReadonlySet<string>, event: ClusterEvent) => boolean
  /** In ms. */
  readonly initialBackoff?: number
  readonly maximumBackoff?: number
  readonly measure?: QueueMeasure
}

/** A place in a heap, valid as long as it is its pod's latest. */
interface Ticket extends QueuedPod {
  readonly waiting: Waiting
  /** When it may be tried again, in ms since the epoch. */
  readonly due: number
}

interface Waiting {
  pod: Pod
  /** As of `QueuedPod`. */
  timestamp: number
  ticket: Ticket | undefined
  /** For its turn among equals that came in the same millisecond. */
  readonly order: number
  place: QueuePlace
  /** How often it has been taken. */
  attempts: number
  /** How often no node would have it, and how often in a row its attempts failed otherwise. */
  rejections: number
  errors: number
  /** When it was first tried, in ms since the epoch. */
  firstTried: number | undefined
  /** The plugins that have rejected it, or hold it back. */
  plugins: ReadonlySet<string>
  timer: Disposable | undefined
}

/** A pod taken from the queue. */
export interface TakenPod {
  readonly pod: Pod
  /** This one included. */
  readonly attempts: number
  /** When it was first tried, in ms since the epoch. */
  readonly firstTried: number
}

const nobody: ReadonlySet<string> = new Set()

/**
 * Pods that wait for a node. One that could not be placed sits out until something changes that may help, by the word of
 * the plugins that rejected it, and a little longer each time; while nobody else wants to be tried it need not sit out
 * the whole time. What happens while a pod is being tried counts when the attempt is over.
 */
export class SchedulingQueue {
  readonly #waiting = new Map<string, Waiting>()
  readonly #active: Heap<Ticket>
  /** Those that may be taken before their time, if nobody else wants to be. */
  readonly #backoff: Heap<Ticket>
  readonly #unschedulable = new Set<Waiting>()
  readonly #gated = new Set<Waiting>()
  readonly #inFlight = new InFlightEvents()
  readonly #options: Required<SchedulingQueueOptions>
  #order = 0

  constructor(options: SchedulingQueueOptions) {
    const { compare = byPriority } = options
    this.#options = {
      compare,
      gate: () => undefined,
      mayHelp: () => true,
      initialBackoff: defaultInitialBackoff,
      maximumBackoff: defaultMaximumBackoff,
      measure: unmeasured,
      ...options,
    }
    const turn = (a: Ticket, b: Ticket) => compare(a, b) || a.waiting.order - b.waiting.order
    this.#active = new Heap(turn)
    this.#backoff = new Heap((a, b) => a.due - b.due || turn(a, b))
  }

  /** Takes in a pod without a node, or its newer version. */
  offer(pod: Pod): void {
    const uid = pod.metadata.uid ?? ''
    const known = this.#waiting.get(uid)
    if (!known) {
      const timestamp = this.#options.clock.now()
      const waiting: Waiting = {
        pod,
        timestamp,
        order: this.#order++,
        place: 'inFlight',
        attempts: 0,
        rejections: 0,
        errors: 0,
        firstTried: undefined,
        plugins: nobody,
        ticket: undefined,
        timer: undefined,
      }
      this.#waiting.set(uid, waiting)
      this.#enter(waiting, 'PodAdd')
      return
    }
    const old = known.pod
    known.pod = pod
    const event = waitingPodEvent(pod, old)
    if (known.place === 'gated') this.#enter(known, event ? eventLabel(event) : 'PodUpdate')
    else if (event && known.place === 'inFlight') this.#inFlight.add(event)
    else if (event && known.place === 'unschedulable') this.#help(known, event)
  }

  has(uid: string): boolean {
    return this.#waiting.has(uid)
  }

  /** The pod is gone, or has a node. */
  remove(uid: string): void {
    const waiting = this.#waiting.get(uid)
    if (!waiting) return
    this.#leave(waiting)
    this.#waiting.delete(uid)
    this.#inFlight.forget(uid)
  }

  /** The pod whose turn it is; undefined if none can be tried now. */
  take(): TakenPod | undefined {
    const waiting = (first(this.#active) ?? first(this.#backoff))?.waiting
    if (!waiting) return undefined
    this.#leave(waiting)
    this.#inFlight.begin(waiting.pod.metadata.uid ?? '')
    waiting.attempts++
    waiting.firstTried ??= this.#options.clock.now()
    return { pod: waiting.pod, attempts: waiting.attempts, firstTried: waiting.firstTried }
  }

  /**
   * The plugins would not have it on any node. It waits for a change that may help, or only for its back-off if one came
   * while it was being tried.
   */
  unschedulable(uid: string, plugins: ReadonlySet<string>): void {
    const waiting = this.#waiting.get(uid)
    if (waiting?.place !== 'inFlight') return
    waiting.plugins = plugins
    waiting.rejections++
    waiting.errors = 0
    waiting.timestamp = this.#options.clock.now()
    const since = this.#inFlight.end(uid)
    if (plugins.size === 0 || since.some(event => this.#options.mayHelp(waiting.pod, plugins, event)))
      this.#backOff(waiting, 'ScheduleAttemptFailure')
    else this.#sitOut(waiting, 'ScheduleAttemptFailure')
  }

  /** The attempt failed for a reason of its own (the binding was refused): again after the back-off. */
  failed(uid: string): void {
    const waiting = this.#waiting.get(uid)
    if (waiting?.place !== 'inFlight') return
    this.#inFlight.forget(uid)
    waiting.plugins = nobody
    waiting.errors++
    waiting.timestamp = this.#options.clock.now()
    this.#backOff(waiting, 'ScheduleAttemptFailure')
  }

  /** Something has happened: pods that it may help are tried again. */
  event(event: ClusterEvent): void {
    this.#inFlight.add(event)
    if (this.#unschedulable.size + this.#gated.size === 0) return
    const began = performance.now()
    for (const waiting of this.#unschedulable) this.#help(waiting, event)
    for (const waiting of this.#gated)
      if (this.#options.mayHelp(waiting.pod, waiting.plugins, event)) this.#enter(waiting, eventLabel(event))
    this.#options.measure.eventHandled(eventLabel(event), performance.now() - began)
  }

  /** Events that are kept for pods that are being tried, by their labels. */
  inFlightEvents(): ReadonlyMap<string, number> {
    return this.#inFlight.counts()
  }

  /** Tries a waiting pod again at once, whatever it waits for; gates hold it all the same. */
  activate(uid: string): void {
    const waiting = this.#waiting.get(uid)
    if (waiting && waiting.place !== 'inFlight' && waiting.place !== 'active') this.#enter(waiting, 'ForceActivate')
  }

  /** Pods by place, for metrics. */
  counts(): Record<QueuePlace, number> {
    const counts = { active: 0, backoff: 0, unschedulable: 0, gated: 0, inFlight: 0 }
    for (const { place } of this.#waiting.values()) counts[place]++
    return counts
  }

  /** How many pods each plugin keeps from being scheduled, by the scheduler they name. */
  rejected(): (readonly [plugin: string, scheduler: string, pods: number])[] {
    const counts = new Map<string, Map<string, number>>()
    for (const { pod, plugins } of [...this.#unschedulable, ...this.#gated])
      for (const plugin of plugins) {
        const scheduler = pod.spec.schedulerName ?? ''
        const known = counts.get(plugin) ?? new Map<string, number>()
        counts.set(plugin, known.set(scheduler, (known.get(scheduler) ?? 0) + 1))
      }
    return [...counts].flatMap(([plugin, byScheduler]) =>
      [...byScheduler].map(([scheduler, pods]) => [plugin, scheduler, pods] as const),
    )
  }

  dispose(): void {
    for (const waiting of this.#waiting.values()) this.#leave(waiting)
    this.#waiting.clear()
    this.#active.clear()
    this.#backoff.clear()
  }

  #help(waiting: Waiting, event: ClusterEvent): void {
    if (!this.#options.mayHelp(waiting.pod, waiting.plugins, event)) return
    this.#backOff(waiting, eventLabel(event))
  }

  /** To the active ones, unless its gates hold it. */
  #enter(waiting: Waiting, event: string): void {
    const plugin = this.#options.gate(waiting.pod)
    if (plugin !== undefined) {
      if (waiting.place === 'gated' && waiting.plugins.has(plugin)) return
      this.#leave(waiting)
      waiting.plugins = new Set([plugin])
      waiting.place = 'gated'
      this.#gated.add(waiting)
      this.#options.measure.queued('gated', event)
      return
    }
    this.#leave(waiting)
    waiting.plugins = nobody
    waiting.place = 'active'
    this.#active.push(ticketOf(waiting, 0))
    this.#options.measure.queued('active', event)
    this.#options.ready()
  }

  #backOff(waiting: Waiting, event: string): void {
    const { clock, initialBackoff, maximumBackoff, measure, ready } = this.#options
    const failures = waiting.errors || waiting.rejections
    const wait = failures === 0 ? 0 : Math.min(maximumBackoff, initialBackoff * 2 ** (failures - 1))
    const left = waiting.timestamp + wait - clock.now()
    if (left <= 0) {
      this.#enter(waiting, event)
      return
    }
    this.#leave(waiting)
    waiting.place = 'backoff'
    waiting.timer = clock.after(left, () => this.#enter(waiting, 'BackoffComplete'))
    measure.queued('backoff', event)
    // After trouble with the server even an idle scheduler lets it rest.
    if (waiting.errors > 0) return
    this.#backoff.push(ticketOf(waiting, waiting.timestamp + wait))
    ready()
  }

  #sitOut(waiting: Waiting, event: string): void {
    this.#leave(waiting)
    waiting.place = 'unschedulable'
    waiting.timer = this.#options.clock.after(forgottenAfter, () => this.#enter(waiting, 'UnschedulableTimeout'))
    this.#unschedulable.add(waiting)
    this.#options.measure.queued('unschedulable', event)
  }

  #leave(waiting: Waiting): void {
    waiting.timer?.[Symbol.dispose]()
    waiting.timer = undefined
    this.#unschedulable.delete(waiting)
    this.#gated.delete(waiting)
    waiting.place = 'inFlight'
    waiting.ticket = undefined
    first(this.#backoff)
  }
}

function ticketOf(waiting: Waiting, due: number): Ticket {
  const { pod, timestamp } = waiting
  return (waiting.ticket = { waiting, pod, timestamp, due })
}

/** The first valid ticket; those before it, which are not, are thrown away. */
function first(heap: Heap<Ticket>): Ticket | undefined {
  for (;;) {
    const ticket = heap.peek()
    if (!ticket || ticket.waiting.ticket === ticket) return ticket
    heap.pop()
  }
}

function byPriority(a: QueuedPod, b: QueuedPod): number {
  return (b.pod.spec.priority ?? 0) - (a.pod.spec.priority ?? 0) || a.timestamp - b.timestamp
}
