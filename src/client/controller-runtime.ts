import { setMaxListeners } from 'node:events'
import { type Clock, sleep, systemClock } from '../machinery/clock.js'
import { messageOf } from '../machinery/message-of.js'
import type { OwnerReference } from '../machinery/meta/index.js'
import type { ApiObject } from '../machinery/object.js'
import { isAlreadyExists, isConflict, isNotFound } from '../machinery/status-error.js'
import type { Client } from './client.js'
import type { AnyKind, Cache, Controller, Key, ReconcileContext } from './controller.js'
import { EventWriter } from './event-recorder.js'
import type { ChangeHandler } from './informer.js'
import { Informers } from './informers.js'
import { OwnWrites } from './own-writes.js'
import { controllerOf, refersToKind } from './owners.js'
import { type RunningParts, runTogether } from './run-together.js'
import { WorkQueue, type WorkQueueMetrics } from './work-queue.js'

export interface ControllersOptions {
  readonly client: Client
  /** The client of each controller, by its name, where each has an identity of its own. */
  readonly clientOf?: (controller: string) => Client
  /** Shared with whoever else watches in this process; made, and disposed of, when absent. */
  readonly informers?: Informers
  /** Shared, too; made when absent. */
  readonly events?: EventWriter
  readonly clock?: Clock
  readonly random?: () => number
  /** Ends the controllers, like disposing of them. */
  readonly signal?: AbortSignal
  /** Under which the controllers' writes are recorded; `kube-controller-manager` by default. */
  readonly fieldManager?: string
  readonly onError?: (error: unknown, where: FaultPlace) => void
  /** Faults of runs are told to whoever looks at the object, too: as events `FailedReconcile`. */
  readonly faultsAsEvents?: boolean
  readonly metrics?: (controller: string) => WorkQueueMetrics
}

/** Where a fault happened; no controller when it is the informers'. */
export interface FaultPlace {
  readonly controller?: string
  readonly key?: Key
}

/** Controllers at work: `ready` once all caches are filled. */
export type RunningControllers = RunningParts

/**
 * Runs controllers as their declarations promise. Returns at once; a controller begins to work as soon as the caches of
 * all kinds it watches are filled. Dispose to end it: what runs is told by its signal and waited for.
 */
export function runControllers(controllers: readonly Controller[], options: ControllersOptions): RunningControllers {
  const clock = options.clock ?? systemClock
  const onError = options.onError ?? printFault
  const stopping = new AbortController()
  // Every run under way may listen to it.
  setMaxListeners(0, stopping.signal)
  const informers =
    options.informers ?? new Informers({ client: options.client, clock, onError: error => onError(error, {}) })
  const events =
    options.events ?? new EventWriter({ client: options.client, clock, onError: error => onError(error, {}) })
  const running = controllers.map(declared => new Running(declared, informers, events, stopping.signal, options))
  return runTogether(running, {
    ready: Promise.all(running.map(one => one.start())),
    signal: options.signal,
    stop: () => stopping.abort(),
    after: [options.events ? undefined : events, options.informers ? undefined : informers],
  })
}

/** One controller at work. */
class Running implements AsyncDisposable {
  readonly #queue: WorkQueue
  readonly #writes: OwnWrites
  readonly #context: Omit<ReconcileContext, 'client'>
  readonly #client: Client
  readonly #watching: Disposable[] = []
  /** Keys held back for the sake of their last run, and whether they are wanted meanwhile. */
  readonly #heldBack = new Map<string, { wanted: boolean }>()

  constructor(
    readonly declared: Controller,
    readonly informers: Informers,
    events: EventWriter,
    readonly signal: AbortSignal,
    readonly options: ControllersOptions,
  ) {
    const { name, concurrency = 8, eventSource = `${name}-controller`, eventSeries = false } = declared
    const clock = options.clock ?? systemClock
    this.#writes = new OwnWrites(informers, clock)
    this.#client = options.clientOf?.(name) ?? options.client
    const cache: Cache = {
      get: (kind, ref) => informers.get(kind, ref),
      list: (kind, how) => informers.list(kind, how),
      count: (kind, namespace) => informers.count(kind, namespace),
      ownedBy: (kind, uid) => informers.ownedBy(kind, uid),
      by: (index, key) => informers.by(index, key),
    }
    const recorder = eventSeries ? events.seriesRecorder(eventSource) : events.recorder({ component: eventSource })
    this.#context = { ...cache, clock, events: recorder, signal }
    this.#queue = new WorkQueue({
      work: key => this.#work(key),
      concurrency,
      clock,
      ...(options.random ? { random: options.random } : {}),
      ...(options.metrics ? { metrics: options.metrics(name) } : {}),
    })
  }

  get idle(): boolean {
    if (!this.#queue.idle) return false
    for (const { wanted } of this.#heldBack.values()) if (wanted) return false
    return true
  }

  async start(): Promise<void> {
    const { for: main, concerns = () => true, owns = [], also = [], reads = [] } = this.declared.watches
    const owned = owns.map(one => ('owned' in one ? one : { owned: one, matters: () => true }))
    const kinds: AnyKind[] = [main, ...owned.map(one => one.owned), ...reads, ...also.map(({ kind }) => kind)]
    // Deciding on half a cache would mean making again what is there: all of them first.
    await Promise.all(kinds.map(kind => this.informers.of(kind).synced()))
    if (this.signal.aborted) return
    this.#watch(main, object => {
      if (concerns(object, this.#context)) this.#add(keyOfObject(object))
    })
    for (const { owned: kind, matters } of owned)
      this.#watch(kind, (object, old, change) => {
        const owner = this.#ownerOf(object)
        const before = old && change === 'modified' ? this.#ownerOf(old) : undefined
        if (old && before && before.uid !== owner?.uid) this.#addOwner(old, before)
        // Most objects are other controllers' own: what has changed of them is not looked at.
        if (owner && (!old || before?.uid !== owner.uid || matters(object, old))) this.#addOwner(object, owner)
      })
    for (const { kind, keys } of also)
      this.#watch(kind, (object, old) => {
        for (const key of keys(object, old, this.#context)) this.#add(key)
      })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const watching of this.#watching) watching[Symbol.dispose]()
    await this.#queue[Symbol.asyncDispose]()
  }

  #watch(kind: AnyKind, handler: ChangeHandler<ApiObject>): void {
    this.#watching.push(this.informers.of(kind).onChange(handler))
  }

  /** Holds a key back until `over`; it is worked on then if it is wanted. */
  #hold(key: string, over: Promise<void>, wanted: boolean): void {
    const held = { wanted }
    this.#heldBack.set(key, held)
    const release = () => {
      this.#heldBack.delete(key)
      if (held.wanted) this.#queue.add(key)
    }
    over.then(release, release)
  }

  /** The reference of what is owned to an object that is reconciled. */
  #ownerOf(object: ApiObject): OwnerReference | undefined {
    const owner = controllerOf(object)
    return owner && refersToKind(owner, this.declared.watches.for) ? owner : undefined
  }

  #addOwner({ metadata }: ApiObject, { name }: OwnerReference): void {
    const { namespaced } = this.declared.watches.for
    this.#add({ namespace: namespaced ? (metadata.namespace ?? '') : '', name })
  }

  #add({ namespace, name }: Key): void {
    this.#queue.add(`${namespace}/${name}`)
  }

  async #work(key: string): Promise<void> {
    const held = this.#heldBack.get(key)
    if (held) {
      held.wanted = true
      return
    }
    const unseen = this.#writes.unseen(key, this.signal)
    if (unseen) {
      this.#hold(key, unseen, true)
      return
    }
    const parsed = parseKey(key)
    try {
      const client = this.#writes.client(this.#client, key, {
        fieldManager: this.options.fieldManager ?? 'kube-controller-manager',
      })
      const again = await this.declared.reconcile(parsed, { ...this.#context, client })
      this.#queue.forget(key)
      if (again) this.#queue.addAfter(key, again.after)
      const { pace } = this.declared
      if (pace && this.#writes.has(key)) this.#hold(key, sleep(this.#context.clock, pace, this.signal), false)
    } catch (error) {
      if (this.signal.aborted) return
      this.#queue.retry(key)
      if (!saysCacheIsBehind(error) || this.#queue.failures(key) > quietFailures) this.#report(error, parsed)
    }
  }

  #report(error: unknown, key: Key): void {
    const { onError = printFault, faultsAsEvents } = this.options
    onError(error, { controller: this.declared.name, key })
    if (!faultsAsEvents) return
    const object = this.informers.get(this.declared.watches.for, key)
    if (object) this.#context.events.record(object, 'Warning', 'FailedReconcile', messageOf(error))
  }
}

/**
 * Whether an error says that a controller's caches were behind what it wrote to: nothing is wrong, and the next run does
 * better.
 */
export const saysCacheIsBehind = (error: unknown): boolean =>
  isConflict(error) || isAlreadyExists(error) || isNotFound(error)

/** Times in a row that a run may find the caches behind before that is reported. */
const quietFailures = 5

const keyOfObject = ({ metadata: { namespace = '', name = '' } }: ApiObject): Key => ({ namespace, name })

function parseKey(key: string): Key {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** Prints a fault to standard error: what is done with faults unless told otherwise. */
export function printFault(error: unknown, { controller, key }: FaultPlace): void {
  const where = controller ? `controller ${controller}, ${key?.namespace ? `${key.namespace}/` : ''}${key?.name}: ` : ''
  console.error(`${where}${messageOf(error)}`)
}
