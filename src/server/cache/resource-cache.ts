import type { ApiObject } from '../../machinery/object.js'
import { gone } from '../../machinery/status-error.js'
import { type Change, CompactedError, type Store } from '../../storage/store.js'
import { BatchQueue } from './batch-queue.js'
import { StoredObject } from './stored-object.js'

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** A change of one object; `previous` is what watchers saw before it. */
export interface CacheEvent<T extends ApiObject = ApiObject> {
  readonly type: EventType
  readonly key: string
  readonly stored: StoredObject<T>
  readonly previous: StoredObject<T> | undefined
  readonly revision: number
}

/** What a watcher gets: an event, or the news that everything up to `revision` has been sent. */
export type Delivery<T extends ApiObject = ApiObject> =
  | { readonly event: CacheEvent<T>; readonly type: EventType }
  | { readonly bookmark: number; readonly initialEventsEnd: boolean }

export interface WatchFilter<T extends ApiObject> {
  /** Keys (`namespace/name`, or `name`) must begin with this. */
  readonly keyPrefix: string
  /** Absent when every object of the prefix is wanted: then nothing needs parsing. */
  readonly matches?: ((object: T) => boolean) | undefined
}

interface Watcher<T extends ApiObject> {
  readonly filter: WatchFilter<T>
  readonly queue: BatchQueue<Delivery<T>>
}

/** Events kept for watchers that resume; older ones come from the store's own history. */
const ringCapacity = 1024
/** Deliveries a watcher may be behind before it is dropped. */
const watcherCapacity = 16_384

/**
 * All objects of one resource in memory, in step with the store, with the latest changes for watchers to resume from.
 * Every read is answered from here.
 */
export class ResourceCache<T extends ApiObject = ApiObject> {
  /** Everything up to this revision of the store is in here. */
  revision = 0
  /** Revision of the last change of this resource. */
  changed = 0
  readonly #objects = new Map<string, StoredObject<T>>()
  #sortedKeys: string[] | undefined
  readonly #byNamespace = new Map<string, Map<string, StoredObject<T>>>()
  readonly #ring: CacheEvent<T>[] = []
  #ringStart = 0
  readonly #watchers = new Set<Watcher<T>>()

  /** `prefix` is the resource's folder in the store, ending with a slash. */
  constructor(
    readonly prefix: string,
    readonly store: Store,
    readonly parsed: WeakMap<Uint8Array, ApiObject>,
  ) {}

  get(key: string): StoredObject<T> | undefined {
    return this.#objects.get(key)
  }

  get size(): number {
    return this.#objects.size
  }

  /** Keys with the prefix (`''`, `namespace/`, or a whole key) in byte order, after `after`. */
  keys(keyPrefix = '', after = ''): string[] {
    if (keyPrefix === '' && after === '') return this.#sorted()
    if (keyPrefix !== '' && !keyPrefix.endsWith('/')) return this.#objects.has(keyPrefix) ? [keyPrefix] : []
    const sorted = keyPrefix === '' ? this.#sorted() : [...(this.#byNamespace.get(keyPrefix)?.keys() ?? [])].sort()
    return after === '' ? sorted : sorted.filter(key => key > after)
  }

  /** Every object with the prefix, in byte order of the keys. */
  list(keyPrefix = ''): StoredObject<T>[] {
    const found: StoredObject<T>[] = []
    for (const key of this.keys(keyPrefix)) {
      const stored = this.#objects.get(key)
      if (stored) found.push(stored)
    }
    return found
  }

  /** Takes in what the store held when the feed began. */
  load(key: string, value: Uint8Array, revision: number): void {
    this.#put(key, this.#stored(value, revision))
  }

  /** Called once after loading: events from here on are known. */
  loaded(revision: number): void {
    this.revision = revision
    this.#ringStart = revision
  }

  apply(change: Change): void {
    this.changed = change.type === 'put' ? change.entry.revision : change.revision
    const key = (change.type === 'put' ? change.entry.key : change.key).slice(this.prefix.length)
    const previous = this.#objects.get(key)
    if (change.type === 'put') {
      const stored = this.#stored(change.entry.value, change.entry.revision)
      this.#put(key, stored)
      this.#dispatch({
        type: previous ? 'MODIFIED' : 'ADDED',
        key,
        stored,
        previous,
        revision: change.entry.revision,
      })
    } else if (previous) {
      this.#objects.delete(key)
      this.#sortedKeys = undefined
      const namespace = namespaceOf(key)
      const siblings = this.#byNamespace.get(namespace)
      siblings?.delete(key)
      if (siblings?.size === 0) this.#byNamespace.delete(namespace)
      this.#dispatch({
        type: 'DELETED',
        key,
        stored: previous.at(change.revision),
        previous,
        revision: change.revision,
      })
    }
  }

  /** Tells watchers that want it that they have seen everything up to now. */
  bookmark(): void {
    for (const { queue } of this.#watchers) queue.push({ bookmark: this.revision, initialEventsEnd: false })
  }

  /**
   * Changes after `fromRevision`, oldest first, until `signal` aborts. With `initial`, the present objects come first as
   * ADDED, then a bookmark, then what changes. Throws a 410 when the store no longer knows that far back.
   */
  async watch(
    filter: WatchFilter<T>,
    from: number | { readonly initial: true; readonly bookmark: boolean },
    signal: AbortSignal,
  ): Promise<BatchQueue<Delivery<T>>> {
    const queue = new BatchQueue<Delivery<T>>(Math.max(watcherCapacity, 2 * this.#objects.size + 1024))
    const watcher = { filter, queue }
    if (typeof from === 'object') {
      for (const key of this.keys(filter.keyPrefix)) {
        const stored = this.#objects.get(key)
        if (stored && (!filter.matches || filter.matches(stored.object)))
          queue.push({
            type: 'ADDED',
            event: { type: 'ADDED', key, stored, previous: undefined, revision: stored.revision },
          })
      }
      if (from.bookmark) queue.push({ bookmark: this.revision, initialEventsEnd: true })
    } else if (from >= this.#ringStart) {
      for (const event of this.#ring) if (event.revision > from) deliver(watcher, event)
    } else {
      // Nothing may be missed between the history read below and going live: note where the cache stands, read up to
      // there, then replay from the ring what came meanwhile.
      const until = this.revision
      for (const event of await this.#history(from, until, signal)) deliver(watcher, event)
      for (const event of this.#ring) if (event.revision > until) deliver(watcher, event)
    }
    this.#watchers.add(watcher)
    signal.addEventListener('abort', () => this.#forget(watcher), { once: true })
    if (signal.aborted) this.#forget(watcher)
    return queue
  }

  get watcherCount(): number {
    return this.#watchers.size
  }

  #forget(watcher: Watcher<T>): void {
    this.#watchers.delete(watcher)
    watcher.queue.close()
  }

  /** Events in (from, until], from the store's history. */
  async #history(from: number, until: number, signal: AbortSignal): Promise<CacheEvent<T>[]> {
    const events: CacheEvent<T>[] = []
    try {
      // The feed reads everything below /registry/, so the change with revision `until` is one of these: no waiting.
      for await (const batch of this.store.watch('/registry/', from, signal)) {
        for (const change of batch) {
          const revision = change.type === 'put' ? change.entry.revision : change.revision
          if (revision > until) return events
          const storeKey = change.type === 'put' ? change.entry.key : change.key
          if (storeKey.startsWith(this.prefix)) events.push(this.#historic(change, storeKey))
          if (revision === until) return events
        }
      }
      return events
    } catch (error) {
      if (error instanceof CompactedError)
        throw gone(`too old resource version: ${from} (${error.compactedRevision + 1})`)
      throw error
    }
  }

  #historic(change: Change, storeKey: string): CacheEvent<T> {
    const key = storeKey.slice(this.prefix.length)
    const previous = change.previous ? this.#stored(change.previous.value, change.previous.revision) : undefined
    if (change.type === 'put') {
      const stored = this.#stored(change.entry.value, change.entry.revision)
      return { type: previous ? 'MODIFIED' : 'ADDED', key, stored, previous, revision: change.entry.revision }
    }
    const last = this.#stored(change.previous.value, change.previous.revision)
    return { type: 'DELETED', key, stored: last.at(change.revision), previous: last, revision: change.revision }
  }

  #stored(value: Uint8Array, revision: number): StoredObject<T> {
    const object = this.parsed.get(value) as T | undefined
    return new StoredObject<T>(value, revision, object && withRevision(object, revision))
  }

  #put(key: string, stored: StoredObject<T>): void {
    if (!this.#objects.has(key)) this.#sortedKeys = undefined
    this.#objects.set(key, stored)
    const namespace = namespaceOf(key)
    let siblings = this.#byNamespace.get(namespace)
    if (!siblings) this.#byNamespace.set(namespace, (siblings = new Map()))
    siblings.set(key, stored)
  }

  #sorted(): string[] {
    return (this.#sortedKeys ??= [...this.#objects.keys()].sort())
  }

  #dispatch(event: CacheEvent<T>): void {
    this.#ring.push(event)
    if (this.#ring.length > 2 * ringCapacity) {
      const dropped = this.#ring.splice(0, this.#ring.length - ringCapacity)
      this.#ringStart = dropped[dropped.length - 1]?.revision ?? this.#ringStart
    }
    for (const watcher of this.#watchers) if (!deliver(watcher, event)) this.#watchers.delete(watcher)
  }
}

const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/') + 1)

function withRevision<T extends ApiObject>(object: T, revision: number): T {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
}

/** A selector sees an object come and go as it begins and ceases to match. False when the watcher is lost. */
function deliver<T extends ApiObject>({ filter, queue }: Watcher<T>, event: CacheEvent<T>): boolean {
  if (!event.key.startsWith(filter.keyPrefix)) return !queue.closed
  if (!filter.matches) return queue.push({ event, type: event.type })
  const before = event.previous !== undefined && filter.matches(event.previous.object)
  const after = event.type !== 'DELETED' && filter.matches(event.stored.object)
  if (!before && !after) return !queue.closed
  if (before && after) return queue.push({ event, type: 'MODIFIED' })
  return queue.push({ event, type: after ? 'ADDED' : 'DELETED' })
}
