import type { ApiObject } from '../../machinery/object.js'
import { serviceUnavailable } from '../../machinery/status-error.js'
import type { Change, Store } from '../../storage/store.js'
import { ResourceCache, registryRoot } from './resource-cache.js'

/** The next time that changes reach the caches. */
interface Turn {
  readonly promise: Promise<void>
  readonly resolve: () => void
}

/**
 * Keeps the caches of all resources in step with the store through one watch of the whole registry. One stream means
 * one order: once the feed is at a revision, every cache is.
 */
export class StoreFeed {
  #revision = 0
  readonly #caches = new Map<string, ResourceCache>()
  /** Caches that are being loaded while the feed runs, with the changes that came meanwhile. */
  readonly #late = new Map<string, Change[]>()
  /** What all wait for that want to see more than the caches show. */
  #next: Turn | undefined
  #ended: Error | undefined

  constructor(readonly store: Store) {}

  /** The cache of a resource's folder, one for all kinds kept there. Before the feed starts; later ones are `addLate`d. */
  cache<T extends ApiObject>(storagePrefix: string): ResourceCache<T> {
    const prefix = prefixOf(storagePrefix)
    let cache = this.#caches.get(prefix)
    if (!cache) this.#caches.set(prefix, (cache = new ResourceCache(prefix, this)))
    return cache as unknown as ResourceCache<T>
  }

  /** The cache of a folder that is served from now on (a new custom resource): loads what is there, misses nothing. */
  async addLate<T extends ApiObject>(storagePrefix: string): Promise<ResourceCache<T>> {
    const prefix = prefixOf(storagePrefix)
    if (this.#caches.has(prefix) || this.#late.has(prefix)) throw new Error(`there is a cache of ${prefix} already`)
    const cache = new ResourceCache<T>(prefix, this)
    const changes: Change[] = []
    this.#late.set(prefix, changes)
    try {
      const page = await this.store.list(prefix)
      await this.waitFor(page.revision)
      for (const entry of page.entries) cache.load(entry.key.slice(prefix.length), entry)
      cache.loaded(page.revision)
      for (const change of changes) if (revisionOf(change) > page.revision) cache.apply(change)
      this.#caches.set(prefix, cache as unknown as ResourceCache)
      return cache
    } finally {
      this.#late.delete(prefix)
    }
  }

  remove(cache: ResourceCache): void {
    this.#caches.delete(cache.prefix)
    cache.closeWatchers()
  }

  /** The cache of a folder (with its slash), if there is one. */
  cacheOf(prefix: string): ResourceCache | undefined {
    return this.#caches.get(prefix)
  }

  caches(): Iterable<ResourceCache> {
    return this.#caches.values()
  }

  get revision(): number {
    return this.#revision
  }

  /** Why the caches no longer follow the store; undefined while they do. */
  get failure(): Error | undefined {
    return this.#ended
  }

  /** Loads every cache and follows the store until `signal` aborts. `onFailure` hears of a store that broke. */
  async start(signal: AbortSignal, onFailure: (error: unknown) => void): Promise<void> {
    const page = await this.store.list(registryRoot)
    for (const entry of page.entries) {
      const cache = folderOf(this.#caches, entry.key)
      cache?.load(entry.key.slice(cache.prefix.length), entry)
    }
    this.#revision = page.revision
    for (const cache of this.#caches.values()) cache.loaded(page.revision)
    void this.#follow(page.revision, signal, onFailure)
  }

  /** Reads once more what could not be made out, such as when its key has become known. */
  async recover(): Promise<void> {
    for (const cache of this.#caches.values())
      for (const key of cache.unreadable) {
        const entry = await this.store.get(cache.prefix + key)
        if (entry && !entry.fault) cache.restore(key, entry)
      }
  }

  /** Resolves once every cache shows the state at `revision` or later. Throws a 503 when that will not be. */
  async waitFor(revision: number): Promise<void> {
    while (revision > this.#revision) {
      if (this.#ended) throw this.#ended
      this.#next ??= newTurn()
      await this.#next.promise
    }
  }

  /** Resolves once the caches show everything the store had committed when this was called. */
  async consistent(): Promise<void> {
    const revision = await this.store.revision()
    if (revision > this.#revision) await this.waitFor(revision)
  }

  async #follow(from: number, signal: AbortSignal, onFailure: (error: unknown) => void): Promise<void> {
    try {
      for await (const batch of this.store.watch(registryRoot, from, signal)) this.#apply(batch)
      this.#end(serviceUnavailable('the API server is shutting down'))
    } catch (error) {
      this.#end(serviceUnavailable('the store of the API server has failed'))
      if (!signal.aborted) onFailure(error)
    }
  }

  /** Nothing will change any more: whoever waits is told, and watches end. */
  #end(reason: Error): void {
    this.#ended = reason
    this.#wake()
    for (const cache of this.#caches.values()) cache.closeWatchers()
  }

  #apply(batch: readonly Change[]): void {
    for (const change of batch) {
      const key = change.type === 'put' ? change.entry.key : change.key
      this.#revision = revisionOf(change)
      folderOf(this.#caches, key)?.apply(change)
      if (this.#late.size > 0) folderOf(this.#late, key)?.push(change)
    }
    this.#wake()
  }

  #wake(): void {
    this.#next?.resolve()
    this.#next = undefined
  }
}

const prefixOf = (storagePrefix: string): string => `${registryRoot}${storagePrefix}/`

const revisionOf = (change: Change): number => (change.type === 'put' ? change.entry.revision : change.revision)

function newTurn(): Turn {
  let resolve: () => void = () => {}
  const promise = new Promise<void>(resolved => {
    resolve = resolved
  })
  return { promise, resolve }
}

/** What is kept for the folder of a key. Folders are one to three segments deep (`pods/`, `services/specs/`). */
function folderOf<T>(folders: ReadonlyMap<string, T>, key: string): T | undefined {
  let slash = registryRoot.length - 1
  for (let depth = 0; depth < 3; depth++) {
    slash = key.indexOf('/', slash + 1)
    if (slash < 0) return undefined
    const found = folders.get(key.slice(0, slash + 1))
    if (found) return found
  }
  return undefined
}
