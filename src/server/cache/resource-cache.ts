import type { ApiObject } from '../../machinery/object.js'
import { gone, internalError } from '../../machinery/status-error.js'
import { OrderedKeys, ownKey } from '../../storage/ordered-keys.js'
import { type Change, CompactedError, type Entry, type Store } from '../../storage/store.js'
import { BatchQueue } from './batch-queue.js'
import { CacheEvent, type Deliveries, type Delivery, seenAs, type WatchFilter } from './cache-event.js'
import { EventRing } from './event-ring.js'
import { type EncodedObject, StoredObject, withRevision } from './stored-object.js'

interface Watcher<T extends ApiObject> {
  readonly filter: WatchFilter<T>
  readonly queue: BatchQueue<Delivery<T>>
  /** It has seen everything up to this revision when it goes live, and may be ahead of the cache. */
  readonly after: number
}

/** What a cache shares with all others of its feed. */
export interface CacheHost {
  readonly store: Store
  /** Everything up to this revision of the store is in the caches. */
  readonly revision: number
}

/** Where a watch begins: after a revision, or with the present objects, and a bookmark behind them if one is wanted. */
export type WatchStart = number | { readonly initial: true; readonly bookmark: boolean }

/** What registries read. */
export interface ObjectCache<T extends ApiObject = ApiObject> {
  /** The resource's folder in the store, ending with a slash. */
  readonly prefix: string
  /** Of caches that must ask somebody else for what they show: has it at hand for the keys beginning so. */
  prepare?(keyPrefix: string): Promise<void>
  /** Throws a 500 if the object is there but cannot be made out; so does `list` for any of those it would show. */
  get(key: string): StoredObject<T> | undefined
  list(keyPrefix?: string): StoredObject<T>[]
  /** What the store has under a key of the folder, of now or of the past. Throws a 500 if it cannot be made out. */
  read(entry: Entry): StoredObject<T>
  watch(filter: WatchFilter<T>, from: WatchStart, signal: AbortSignal): Promise<Deliveries<T>>
  /** Calls `observer` with every change from now on, as it gets into the cache. */
  observe(observer: (event: CacheEvent<T>) => void): void
}

/** Deliveries a watcher may be behind before it is dropped. */
const watcherCapacity = 16_384

/**
 * All objects of one resource in memory, in step with the store, with the latest changes for watchers to resume from.
 * Every read is answered from here.
 */
export class ResourceCache<T extends ApiObject = ApiObject> implements ObjectCache<T> {
  /** Revision of the last change of this resource. */
  changed = 0
  readonly #objects = new Map<string, StoredObject<T>>()
  readonly #keys = new OrderedKeys()
  /** What is in the store but cannot be made out, and why. */
  readonly #unreadable = new Map<string, { readonly revision: number; readonly fault: Error }>()
  readonly #ring: EventRing<T>
  readonly #watchers = new Set<Watcher<T>>()
  readonly #observers: ((event: CacheEvent<T>) => void)[] = []

  /** `prefix` is the resource's folder in the store, ending with a slash. */
  constructor(
    readonly prefix: string,
    private readonly host: CacheHost,
    ring = new EventRing<T>(),
  ) {
    this.#ring = ring
  }

  get(key: string): StoredObject<T> | undefined {
    const stored = this.#objects.get(key)
    if (!stored && this.#unreadable.size > 0) {
      const unreadable = this.#unreadable.get(key)
      if (unreadable) throw internalError(unreadable.fault.message)
    }
    return stored
  }

  get size(): number {
    return this.#objects.size
  }

  /** Bytes of an object, by the first few. */
  averageSize(sample: number): number {
    let [count, bytes] = [0, 0]
    for (const { line } of this.#objects.values()) {
      bytes += line.length
      if (++count >= sample) break
    }
    return count > 0 ? bytes / count : 0
  }

  get watcherCount(): number {
    return this.#watchers.size
  }

  /** Every object whose key begins with `keyPrefix` (`''`, `namespace/`, or a whole key), in byte order of the keys. */
  list(keyPrefix = ''): StoredObject<T>[] {
    for (const [key, { fault }] of this.#unreadable)
      if (key.startsWith(keyPrefix)) throw unreadableIn(this.prefix + key, fault)
    const found: StoredObject<T>[] = []
    if (this.#objects.size === 0) return found
    for (const key of this.#keys.from(keyPrefix)) {
      if (!key.startsWith(keyPrefix)) break
      found.push(this.#objects.get(key) as StoredObject<T>)
    }
    return found
  }

  read({ key, value, revision, fault }: Entry): StoredObject<T> {
    if (fault) throw unreadableIn(key, fault)
    const encoded = value as EncodedObject<T>
    const { source } = encoded
    if (!source) return new StoredObject<T>(value, revision)
    encoded.source = undefined
    return (encoded.stored = new StoredObject<T>(value, revision, withRevision(source, revision)))
  }

  /** Calls `observer` with every change from now on, as it gets into the cache: for what is counted from its objects. */
  observe(observer: (event: CacheEvent<T>) => void): void {
    this.#observers.push(observer)
  }

  /** Takes in what the store held when the feed began. */
  load(key: string, entry: Entry): void {
    const stored = this.#readable(entry)
    if (stored instanceof Error) this.#unreadable.set(key, { revision: entry.revision, fault: stored })
    else this.#put(key, stored, this.#objects.get(key))
  }

  /** The keys of what is in the store but cannot be made out. */
  get unreadable(): readonly string[] {
    return [...this.#unreadable.keys()]
  }

  /** The revision of what is in the store under a key but cannot be made out. */
  unreadableAt(key: string): number | undefined {
    return this.#unreadable.get(key)?.revision
  }

  /** Takes in what could not be made out before. Nobody who watches has missed it: no list with it has been answered. */
  restore(key: string, entry: Entry): void {
    if (this.#unreadable.get(key)?.revision !== entry.revision) return
    const stored = this.#readable(entry)
    if (stored instanceof Error) return
    this.#put(key, stored, this.#objects.get(key))
    this.#unreadable.delete(key)
    const event = new CacheEvent<T>('ADDED', key, stored, undefined, this.host.revision)
    for (const observer of this.#observers) observer(event)
  }

  /** Called once after loading: events from here on are known. */
  loaded(revision: number): void {
    this.changed = revision
    this.#ring.restart(revision)
  }

  apply(change: Change): void {
    const revision = change.type === 'put' ? change.entry.revision : change.revision
    this.changed = revision
    const key = (change.type === 'put' ? change.entry.key : change.key).slice(this.prefix.length)
    const previous = this.#objects.get(key)
    if (this.#unreadable.size > 0) this.#unreadable.delete(key)
    if (change.type === 'put') {
      const stored = this.#readable(change.entry)
      if (stored instanceof Error) this.#lose(key, revision, stored)
      else {
        this.#put(key, stored, previous)
        this.#dispatch(new CacheEvent(previous ? 'MODIFIED' : 'ADDED', key, stored, previous, revision))
      }
    } else if (previous) {
      this.#forget(key)
      this.#dispatch(new CacheEvent('DELETED', key, previous.at(revision), previous, revision))
    }
  }

  /** What has become unreadable is gone for those who count; whoever watches must list anew, and hears of it then. */
  #lose(key: string, revision: number, fault: Error): void {
    const previous = this.#objects.get(key)
    this.#unreadable.set(key, { revision, fault })
    if (previous) {
      this.#forget(key)
      const event = new CacheEvent('DELETED', key, previous.at(revision), previous, revision)
      for (const observer of this.#observers) observer(event)
    }
    this.#ring.restart(revision)
    this.closeWatchers()
  }

  /** Tells watchers that want it that they have seen everything up to now. */
  bookmark(): void {
    const { revision } = this.host
    for (const { queue } of this.#watchers) queue.push({ bookmark: revision, initialEventsEnd: false })
  }

  /** Ends all watches; what they have not read yet is still delivered. */
  closeWatchers(): void {
    for (const { queue } of this.#watchers) queue.close()
    this.#watchers.clear()
  }

  /**
   * Changes after `from`, oldest first, until `signal` aborts. With `initial`, the present objects come first as ADDED,
   * then a bookmark if one is wanted, then what changes. Throws a 410 when the store no longer knows that far back.
   */
  async watch(filter: WatchFilter<T>, from: WatchStart, signal: AbortSignal): Promise<BatchQueue<Delivery<T>>> {
    const queue = new BatchQueue<Delivery<T>>(Math.max(watcherCapacity, 2 * this.#objects.size + 1024))
    if (typeof from === 'object') {
      const { revision } = this.host
      for (const stored of this.#present(filter))
        if (!filter.matches || filter.matches(stored.object)) queue.push({ present: stored })
      if (from.bookmark) queue.push({ bookmark: revision, initialEventsEnd: true })
      this.#goLive({ filter, queue, after: revision }, signal)
      return queue
    }
    let after = from
    // What the ring no longer has comes from the store's history. While that is read, more may fall off the ring.
    while (after < this.#ring.start && !signal.aborted) {
      const until = this.host.revision
      await this.#replay(filter, queue, after, until, signal)
      after = until
    }
    for (const event of this.#ring.after(after)) deliver(filter, queue, event)
    this.#goLive({ filter, queue, after }, signal)
    return queue
  }

  #present({ keyPrefix, whole }: WatchFilter<T>): readonly StoredObject<T>[] {
    if (!whole) return this.list(keyPrefix)
    const stored = this.#objects.get(keyPrefix)
    return stored ? [stored] : []
  }

  #goLive(watcher: Watcher<T>, signal: AbortSignal): void {
    const end = () => {
      this.#watchers.delete(watcher)
      watcher.queue.close()
    }
    if (signal.aborted || watcher.queue.closed) end()
    else {
      this.#watchers.add(watcher)
      signal.addEventListener('abort', end, { once: true })
    }
  }

  /** Delivers events in (from, until] from the store's history. */
  async #replay(
    filter: WatchFilter<T>,
    queue: BatchQueue<Delivery<T>>,
    from: number,
    until: number,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      // Everything in the store lies below this folder, so the change with revision `until` is one of these: once it
      // has come, nothing is missing.
      for await (const batch of this.host.store.watch(registryRoot, from, signal)) {
        for (const change of batch) {
          const revision = change.type === 'put' ? change.entry.revision : change.revision
          if (revision > until) return
          const storeKey = change.type === 'put' ? change.entry.key : change.key
          const event = storeKey.startsWith(this.prefix) ? this.#historic(change, storeKey) : undefined
          if (event) deliver(filter, queue, event)
          if (revision === until || queue.closed) return
        }
      }
    } catch (error) {
      if (error instanceof CompactedError)
        throw gone(`too old resource version: ${from} (${error.compactedRevision + 1})`)
      throw error
    }
  }

  #historic(change: Change, storeKey: string): CacheEvent<T> | undefined {
    const key = storeKey.slice(this.prefix.length)
    const previous = change.previous && !change.previous.fault ? this.read(change.previous) : undefined
    if (change.type === 'put') {
      if (change.entry.fault) throw gone(unreadableIn(storeKey, change.entry.fault).message)
      const stored = this.read(change.entry)
      return new CacheEvent(previous ? 'MODIFIED' : 'ADDED', key, stored, previous, change.entry.revision)
    }
    return previous && new CacheEvent('DELETED', key, previous.at(change.revision), previous, change.revision)
  }

  /** The entry as the cache has it, or why it cannot be made out. */
  #readable(entry: Entry): StoredObject<T> | Error {
    if (entry.fault) return entry.fault
    try {
      return this.read(entry)
    } catch (error) {
      return error as Error
    }
  }

  #put(key: string, stored: StoredObject<T>, previous: StoredObject<T> | undefined): void {
    if (previous) {
      this.#objects.set(key, stored)
      return
    }
    const own = ownKey(key)
    this.#keys.add(own)
    this.#objects.set(own, stored)
  }

  #forget(key: string): void {
    this.#objects.delete(key)
    this.#keys.delete(key)
  }

  #dispatch(event: CacheEvent<T>): void {
    this.#ring.push(event)
    for (const observer of this.#observers) observer(event)
    for (const watcher of this.#watchers)
      if (event.revision > watcher.after && !deliver(watcher.filter, watcher.queue, event))
        this.#watchers.delete(watcher)
  }
}

/** Everything the API server keeps lies below this. */
export const registryRoot = '/registry/'

const unreadableIn = (storeKey: string, fault: Error) =>
  internalError(`unable to transform key ${JSON.stringify(storeKey)}: ${fault.message}`)

/** False when the watcher is lost. */
function deliver<T extends ApiObject>(
  filter: WatchFilter<T>,
  queue: BatchQueue<Delivery<T>>,
  event: CacheEvent<T>,
): boolean {
  const type = seenAs(filter, event)
  return type ? queue.push(event.as(type)) : !queue.closed
}
