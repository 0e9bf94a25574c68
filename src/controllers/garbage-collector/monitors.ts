import type { Client } from '../../client/client.js'
import type { AnyKind } from '../../client/controller.js'
import { discover, type ServedApi, type ServedResource } from '../../client/discovery.js'
import type { Informer } from '../../client/informer.js'
import type { Informers } from '../../client/informers.js'
import { apiVersionOf } from '../../client/owners.js'
import { type Clock, sleep } from '../../machinery/clock.js'
import type { ApiObject } from '../../machinery/object.js'

export interface MonitorsOptions {
  readonly client: Client
  readonly informers: Informers
  readonly clock: Clock
  /** An object of a followed kind is new or changed. */
  readonly onPut: (kind: AnyKind, object: ApiObject) => void
  readonly onRemove: (object: ApiObject) => void
  /** Objects that were there last are not followed any more: their kind is not served, or in another version. */
  readonly onForget: (kind: AnyKind, objects: readonly ApiObject[]) => void
  /** Other kinds are served than before. */
  readonly onKinds: () => void
  readonly onError: (error: unknown) => void
}

interface Monitor {
  readonly kind: AnyKind
  readonly informer: Informer<ApiObject>
  readonly following: Disposable
  /** Since when, in ms, the kind has not been served. */
  unserved?: number
}

/** The API is asked anew so often, in ms, and soon after a definition of some of it has changed. */
const refreshEvery = 30_000
const refreshSoon = 100
/** What is served follows its definition after a while. */
const refreshLater = 2_000
/** A kind that is not served any more is followed so long, in ms, if there are objects of it still to hear of. */
const patience = 30_000

/** Nobody owns events, and there are many. */
const ignored = new Set(['/events', 'events.k8s.io/events'])

/** Follows every object of every kind that can be deleted, also of kinds that come and go. Dispose of it to end that. */
export class Monitors implements AsyncDisposable {
  readonly #monitors = new Map<string, Monitor>()
  readonly #stopping = new AbortController()
  readonly #timers = new Map<string, Disposable>()
  #kinds = new Map<string, AnyKind>()
  #refreshing: Promise<void> | undefined
  #again = false

  constructor(private readonly options: MonitorsOptions) {}

  /** Learns what is served and follows it from then on. Resolves once that is known; rejects if it is stopped before. */
  async start(): Promise<void> {
    const { clock, onError } = this.options
    const { signal } = this.#stopping
    for (let wait = 100; ; wait = Math.min(2 * wait, refreshEvery)) {
      try {
        await this.#refresh()
        break
      } catch (error) {
        signal.throwIfAborted()
        onError(error)
        await sleep(clock, wait, signal)
      }
    }
    this.#schedule('periodic', refreshEvery)
  }

  /**
   * Resolves once all kinds followed are known, or after `ms` if some of them cannot be had. Rejects if it is stopped
   * before.
   */
  async synced(ms: number): Promise<void> {
    const { signal } = this.#stopping
    const known = new AbortController()
    const all = Promise.all([...this.#monitors.values()].map(({ informer }) => informer.synced()))
    try {
      await Promise.race([all, sleep(this.options.clock, ms, AbortSignal.any([known.signal, signal]))])
    } finally {
      known.abort()
      all.catch(() => {})
    }
  }

  /** Asks again what is served. Failures are reported, and what is followed stays. */
  async refresh(): Promise<void> {
    try {
      await this.#refresh()
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.options.onError(error)
    }
  }

  /** The kind that an owner reference names, if it is served. */
  kindOf(apiVersion: string, kind: string): AnyKind | undefined {
    return this.#kinds.get(`${apiVersion} ${kind}`)
  }

  /** Kinds whose objects are followed. */
  get kinds(): readonly AnyKind[] {
    return [...this.#monitors.values()].filter(({ unserved }) => unserved === undefined).map(({ kind }) => kind)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    for (const timer of this.#timers.values()) timer[Symbol.dispose]()
    this.#timers.clear()
    for (const { following } of this.#monitors.values()) following[Symbol.dispose]()
    await this.#refreshing?.catch(() => {})
  }

  #schedule(name: string, ms: number): void {
    if (this.#stopping.signal.aborted || this.#timers.has(name)) return
    const timer = this.options.clock.after(ms, () => {
      this.#timers.delete(name)
      if (name === 'periodic') this.#schedule(name, refreshEvery)
      void this.refresh()
    })
    this.#timers.set(name, timer)
  }

  /** One refresh at a time; one that is asked for meanwhile comes after it. */
  #refresh(): Promise<void> {
    if (this.#refreshing) {
      this.#again = true
      return this.#refreshing
    }
    const run = async (): Promise<void> => {
      do {
        this.#again = false
        const api = await discover(this.options.client, this.#stopping.signal)
        this.#stopping.signal.throwIfAborted()
        await this.#take(api)
      } while (this.#again)
    }
    this.#refreshing = run().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async #take(api: ServedApi): Promise<void> {
    const failed = new Set(api.failures.map(({ groupVersion }) => groupVersion))
    const before = this.#kinds
    this.#kinds = kindsByName(api, before, failed)
    const wanted = new Map(api.resources.filter(isFollowed).map(({ kind }) => [identity(kind), kind]))
    for (const [id, kind] of wanted) {
      const monitor = this.#monitors.get(id)
      if (monitor) delete monitor.unserved
      else this.#follow(id, kind)
    }
    for (const [id, monitor] of this.#monitors)
      if (!wanted.has(id) && !failed.has(apiVersionOf(monitor.kind.gvk))) await this.#abandon(id, monitor)
    if (before.size !== this.#kinds.size || [...this.#kinds.keys()].some(name => !before.has(name)))
      this.options.onKinds()
  }

  #follow(id: string, kind: AnyKind): void {
    const { informers, onPut, onRemove } = this.options
    const informer = informers.metadataOf(kind)
    const defines = isDefinition(kind)
    const following = informer.onChange((object, _old, change) => {
      if (change === 'deleted') onRemove(object)
      else onPut(kind, object)
      if (!defines || !informer.hasSynced) return
      this.#schedule('soon', refreshSoon)
      this.#schedule('later', refreshLater)
    })
    this.#monitors.set(id, { kind, informer, following })
  }

  async #abandon(id: string, monitor: Monitor): Promise<void> {
    const { informers, clock, onForget } = this.options
    const { kind, informer, following } = monitor
    monitor.unserved ??= clock.now()
    // Its objects are deleted with it, which is still to be heard of.
    if (informer.size > 0 && clock.now() - monitor.unserved < patience) {
      this.#schedule('later', refreshLater)
      return
    }
    this.#monitors.delete(id)
    following[Symbol.dispose]()
    const left = informer.list()
    // Others who watch the whole objects go on.
    if (!informers.find(kind)) await informers.forget(kind)
    if (left.length > 0) onForget(kind, left)
  }
}

const identity = ({ gvk, plural }: AnyKind): string => `${gvk.group}/${gvk.version}/${plural}`

const isFollowed = ({ kind, verbs, preferred }: ServedResource): boolean =>
  preferred &&
  ['list', 'watch', 'delete'].every(verb => verbs.includes(verb)) &&
  !ignored.has(`${kind.gvk.group}/${kind.plural}`)

/** Whether objects of this kind decide what else is served. */
const isDefinition = ({ gvk, plural }: AnyKind): boolean =>
  (gvk.group === 'apiextensions.k8s.io' && plural === 'customresourcedefinitions') ||
  (gvk.group === 'apiregistration.k8s.io' && plural === 'apiservices')

/** Kinds by `apiVersion kind`; parts of the API that could not be told are as they were. */
function kindsByName(
  { resources }: ServedApi,
  before: ReadonlyMap<string, AnyKind>,
  failed: ReadonlySet<string>,
): Map<string, AnyKind> {
  const kinds = new Map<string, AnyKind>()
  for (const { kind } of resources) {
    const name = `${apiVersionOf(kind.gvk)} ${kind.gvk.kind}`
    if (!kinds.has(name)) kinds.set(name, kind)
  }
  for (const [name, kind] of before) if (failed.has(apiVersionOf(kind.gvk)) && !kinds.has(name)) kinds.set(name, kind)
  return kinds
}
