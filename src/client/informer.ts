import { type Clock, sleep, systemClock } from '../machinery/clock.js'
import type { ApiObject } from '../machinery/object.js'
import { isGone, StatusError } from '../machinery/status-error.js'
import type { Kind } from '../schema/index.js'
import { backOff } from './back-off.js'
import type { Client, ObjectRef, WatchEvent } from './client.js'
import type { Index } from './controller.js'
import { ObjectCache } from './object-cache.js'
import { apiVersionOf } from './owners.js'

/** Which objects of a kind an informer follows; all when absent. */
export interface InformerSelection {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

export interface InformerOptions {
  readonly client: Client
  readonly selection?: InformerSelection
  /** Ask for metadata alone; a server in the same process answers with whole objects all the same. */
  readonly metadataOnly?: boolean
  readonly clock?: Clock
  readonly random?: () => number
  /** Hears of trouble that the informer gets over by trying again. */
  readonly onError?: (error: unknown) => void
}

/**
 * Hears of a change, after the cache shows it. `old` is what the cache had before; a deletion brings the object as it was
 * last. Handlers run one after the other in the order of the changes and must not block.
 */
export type ChangeHandler<T> = (object: T, old: T | undefined, change: 'added' | 'modified' | 'deleted') => void

const retries = { initial: 100, maximum: 30_000 }
/** A watch that lasted this long, in ms, was a good one: the next trouble is a new trouble. */
const goodWatch = 5_000
/** The server is asked to end a watch after 5 to 10 minutes, so that none outlives a connection nobody noticed dying. */
const watchSeconds = 300

/**
 * Everything of one kind, in memory and in step with the server: a list, then a watch that is resumed where it ended.
 * Objects are shared and immutable. Dispose of it to end the watch.
 */
export class Informer<T extends ApiObject> implements AsyncDisposable {
  readonly #cache = new ObjectCache<T>()
  readonly #handlers = new Set<ChangeHandler<T>>()
  readonly #stopping = new AbortController()
  readonly #clock: Clock
  readonly #random: () => number
  readonly #onError: (error: unknown) => void
  #waiting: {
    readonly done: () => boolean
    readonly resolve: () => void
    readonly reject: (error: unknown) => void
  }[] = []
  #running: Promise<void> | undefined
  /** Where the watch goes on; empty when it must begin with a list. */
  #resumeAt = ''
  #progress = -1
  /** Servers before 1.27 cannot begin a watch with what is there. */
  #canStream = true

  constructor(
    readonly kind: Kind<T, unknown>,
    private readonly options: InformerOptions,
  ) {
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
    this.#onError = options.onError ?? (() => {})
  }

  /** Begins to follow the server; once is enough. */
  start(): this {
    this.#running ??= this.#run(this.#stopping.signal)
    return this
  }

  /** Every change up to this resource version is in the cache; -1 before the first list. */
  get progress(): number {
    return this.#progress
  }

  get hasSynced(): boolean {
    return this.#progress >= 0
  }

  /** Resolves once the cache holds what the server had when the informer started. Rejects if it is stopped before. */
  synced(): Promise<void> {
    return this.reached(0)
  }

  /** Resolves once the cache shows everything up to `version`. Rejects if the informer is stopped before. */
  reached(version: number): Promise<void> {
    return this.until(() => this.#progress >= version)
  }

  /** Resolves once `done`, asked now and after every change, says so. Rejects if the informer is stopped before. */
  until(done: () => boolean): Promise<void> {
    if (done()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      if (this.#stopping.signal.aborted) reject(stopped(this.kind))
      else this.#waiting.push({ done, resolve, reject })
    })
  }

  get size(): number {
    return this.#cache.size
  }

  get({ namespace = '', name = '' }: ObjectRef): T | undefined {
    return this.#cache.get(namespace, name)
  }

  /** In no particular order. */
  list(
    options: {
      readonly namespace?: string
      readonly matches?: (labels: { readonly [key: string]: string }) => boolean
    } = {},
  ): T[] {
    const { namespace, matches } = options
    const found: T[] = []
    for (const object of this.#cache.objects(namespace))
      if (!matches || matches(object.metadata.labels ?? noLabels)) found.push(object)
    return found
  }

  /** How many there are in a namespace. */
  count(namespace: string): number {
    return this.#cache.count(namespace)
  }

  ownedBy(uid: string): readonly T[] {
    return this.#cache.ownedBy(uid)
  }

  by(index: Index<T>, key: string): readonly T[] {
    return this.#cache.by(index, key)
  }

  /** `handler` first hears of all that is there, as added, then of every change. Dispose of what is returned to end it. */
  onChange(handler: ChangeHandler<T>): Disposable {
    for (const object of this.#cache.objects()) this.#tell(handler, object, undefined, 'added')
    this.#handlers.add(handler)
    return { [Symbol.dispose]: () => this.#handlers.delete(handler) }
  }

  /** Ends the watch; the cache stays as it is. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject } of waiting) reject(stopped(this.kind))
    await this.#running
  }

  async #run(signal: AbortSignal): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      const began = this.#clock.now()
      const before = this.#progress
      const resuming = this.#resumeAt !== ''
      let failed = false
      try {
        await this.#follow(signal)
      } catch (error) {
        if (signal.aborted) return
        if (this.#cured(error, resuming)) continue
        failed = true
      }
      const good = this.#progress !== before || this.#clock.now() - began > goodWatch
      if (good) failures = 0
      if (good && !failed) continue
      failures++
      await sleep(this.#clock, backOff(failures, retries, this.#random), signal).catch(() => {})
    }
  }

  /** True if trying again at once may help: what went wrong will be done differently. */
  #cured(error: unknown, resuming: boolean): boolean {
    if (isGone(error) || tooLargeVersion(error)) {
      this.#resumeAt = ''
      // An expired version is nothing to wait for; one that expires while it is being listed is.
      return resuming
    }
    if (!resuming && this.#canStream && error instanceof StatusError && (error.code === 400 || error.code === 422)) {
      this.#canStream = false
      return true
    }
    this.#onError(error)
    return false
  }

  /** One watch, from the start or from where the last one ended. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { client, selection = {}, metadataOnly = false } = this.options
    const shared = { ...selection, ...(metadataOnly ? { metadataOnly } : {}), signal }
    let initial: Map<string, T> | undefined
    if (this.#resumeAt === '') {
      if (this.#canStream) initial = new Map()
      else {
        const { items, resourceVersion } = await client.list(this.kind, shared)
        this.#replace(
          items.map(item => this.#named(item)),
          resourceVersion,
        )
      }
    }
    const events: AsyncIterable<WatchEvent<T>> = client.watch(this.kind, {
      ...shared,
      allowBookmarks: true,
      timeoutSeconds: Math.round(watchSeconds * (1 + this.#random())),
      ...(initial ? { sendInitialEvents: true } : { resourceVersion: this.#resumeAt }),
    })
    for await (const event of events) {
      if (signal.aborted) return
      if (!initial) this.#apply(event)
      else if (event.type === 'BOOKMARK') {
        if (!event.initialEventsEnd) continue
        this.#replace([...initial.values()], event.resourceVersion)
        initial = undefined
      } else {
        const { namespace = '', name = '' } = event.object.metadata
        if (event.type === 'DELETED') initial.delete(`${namespace}/${name}`)
        else initial.set(`${namespace}/${name}`, event.object)
      }
    }
    if (initial && !signal.aborted) throw new Error(`the watch of ${this.kind.plural} ended before its initial events`)
  }

  #apply(event: WatchEvent<T>): void {
    if (event.type === 'BOOKMARK') {
      this.#advance(event.resourceVersion)
      return
    }
    const { object } = event
    const { namespace = '', name = '', resourceVersion = '' } = object.metadata
    if (event.type === 'DELETED') {
      const old = this.#cache.remove(namespace, name)
      if (old) this.#announce(object, old, 'deleted')
    } else this.#put(object)
    this.#advance(resourceVersion)
  }

  #put(object: T): void {
    const { namespace = '', name = '', uid, resourceVersion } = object.metadata
    const old = this.#cache.get(namespace, name)
    if (old?.metadata.resourceVersion === resourceVersion && old) return
    if (old && old.metadata.uid !== uid) {
      // One was deleted and another made under its name while nobody was looking.
      this.#cache.remove(namespace, name)
      this.#announce(old, old, 'deleted')
      this.#cache.put(object)
      this.#announce(object, undefined, 'added')
    } else {
      this.#cache.put(object)
      this.#announce(object, old, old ? 'modified' : 'added')
    }
  }

  /** Takes over a whole list, announcing only what differs. */
  #replace(objects: readonly T[], resourceVersion: string): void {
    const present = new Set<string>()
    for (const { metadata } of objects) present.add(`${metadata.namespace ?? ''}/${metadata.name ?? ''}`)
    for (const old of [...this.#cache.objects()]) {
      const { namespace = '', name = '' } = old.metadata
      if (present.has(`${namespace}/${name}`)) continue
      this.#cache.remove(namespace, name)
      this.#announce(old, old, 'deleted')
    }
    for (const object of objects) this.#put(object)
    this.#advance(resourceVersion, true)
  }

  /** Versions are numbers that grow; a new list may begin anew. */
  #advance(resourceVersion: string, anew = false): void {
    const version = Number(resourceVersion)
    if (!Number.isFinite(version)) return
    if (!anew && version < this.#progress) return
    this.#resumeAt = resourceVersion
    this.#progress = version
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const one of waiting) {
      if (one.done()) one.resolve()
      else this.#waiting.push(one)
    }
  }

  #announce(object: T, old: T | undefined, change: 'added' | 'modified' | 'deleted'): void {
    for (const handler of this.#handlers) this.#tell(handler, object, old, change)
  }

  #tell(handler: ChangeHandler<T>, object: T, old: T | undefined, change: 'added' | 'modified' | 'deleted'): void {
    try {
      handler(object, old, change)
    } catch (error) {
      this.#onError(error)
    }
  }

  /** Items of a list leave out what the list says: their kind. */
  #named(object: T): T {
    if (object.kind) return object
    return { ...object, apiVersion: apiVersionOf(this.kind.gvk), kind: this.kind.gvk.kind }
  }
}

const noLabels = {}

const stopped = ({ plural }: { readonly plural: string }): Error => new Error(`the informer of ${plural} was stopped`)

/** The server has not come as far as we have: it began anew, and so must we. */
const tooLargeVersion = (error: unknown): boolean =>
  error instanceof StatusError &&
  error.code === 504 &&
  (error.details?.causes ?? []).some(({ reason }) => reason === 'ResourceVersionTooLarge')
