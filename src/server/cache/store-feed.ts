import type { ApiObject } from '../../machinery/object.js'
import type { Change, Store } from '../../storage/store.js'
import { ResourceCache } from './resource-cache.js'

/** Everything the API server keeps lies below this. */
export const registryRoot = '/registry/'

/**
 * Keeps the caches of all resources in step with the store through one watch of the whole registry. One stream means
 * one order: once the feed is at a revision, every cache is.
 */
export class StoreFeed {
  #revision = 0
  readonly #caches = new Map<string, ResourceCache>()
  readonly #waiting: { readonly revision: number; readonly resolve: () => void }[] = []
  /** Objects just written by this process, by the bytes they were written as: saves parsing them again. */
  readonly parsed = new WeakMap<Uint8Array, ApiObject>()
  #failed: ((error: unknown) => void) | undefined

  constructor(readonly store: Store) {}

  /** The cache of a resource's folder, one for all kinds kept there. Before the feed starts; later ones are `addLate`d. */
  cache<T extends ApiObject>(storagePrefix: string): ResourceCache<T> {
    const prefix = `${registryRoot}${storagePrefix}/`
    let cache = this.#caches.get(prefix)
    if (!cache) this.#caches.set(prefix, (cache = new ResourceCache(prefix, this.store, this.parsed)))
    return cache as unknown as ResourceCache<T>
  }

  /** Adds a cache while the feed is running (a new custom resource): loads what is there, misses nothing. */
  async addLate<T extends ApiObject>(storagePrefix: string): Promise<ResourceCache<T>> {
    const cache = new ResourceCache<T>(`${registryRoot}${storagePrefix}/`, this.store, this.parsed)
    const page = await this.store.list(cache.prefix)
    await this.waitFor(page.revision)
    // The feed may be past the page by now: the list is read again as of the feed's own revision, without a gap.
    const revision = this.#revision
    const exact = revision === page.revision ? page : await this.store.list(cache.prefix, { revision })
    if (this.#revision !== revision) return this.addLate(storagePrefix)
    for (const { key, value, revision: at } of exact.entries) cache.load(key.slice(cache.prefix.length), value, at)
    cache.loaded(revision)
    this.#caches.set(cache.prefix, cache as unknown as ResourceCache)
    return cache
  }

  remove(cache: ResourceCache): void {
    this.#caches.delete(cache.prefix)
  }

  get revision(): number {
    return this.#revision
  }

  /** Loads every cache and follows the store until `signal` aborts. `onFailure` hears of a store that broke. */
  async start(signal: AbortSignal, onFailure: (error: unknown) => void): Promise<void> {
    this.#failed = onFailure
    const page = await this.store.list(registryRoot)
    for (const { key, value, revision } of page.entries) {
      const cache = this.#cacheOf(key)
      cache?.load(key.slice(cache.prefix.length), value, revision)
    }
    this.#revision = page.revision
    for (const cache of this.#caches.values()) cache.loaded(page.revision)
    void this.#follow(page.revision, signal)
  }

  /** Resolves once every cache shows the state at `revision` or later. */
  waitFor(revision: number): Promise<void> {
    if (revision <= this.#revision) return Promise.resolve()
    return new Promise(resolve => this.#waiting.push({ revision, resolve }))
  }

  /** Resolves once the caches show everything the store had committed when this was called. */
  async consistent(): Promise<void> {
    await this.waitFor(await this.store.revision())
  }

  async #follow(from: number, signal: AbortSignal): Promise<void> {
    try {
      for await (const batch of this.store.watch(registryRoot, from, signal)) this.#apply(batch)
    } catch (error) {
      if (!signal.aborted) this.#failed?.(error)
    }
  }

  #apply(batch: readonly Change[]): void {
    for (const change of batch) {
      const key = change.type === 'put' ? change.entry.key : change.key
      this.#revision = change.type === 'put' ? change.entry.revision : change.revision
      this.#cacheOf(key)?.apply(change)
    }
    for (const cache of this.#caches.values()) cache.revision = this.#revision
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      const waiting = this.#waiting[i]
      if (waiting && waiting.revision <= this.#revision) {
        this.#waiting.splice(i, 1)
        waiting.resolve()
      }
    }
  }

  /** Folders are one to three segments deep (`pods/`, `services/specs/`, `GROUP/PLURAL/`). */
  #cacheOf(key: string): ResourceCache | undefined {
    let slash = registryRoot.length - 1
    for (let depth = 0; depth < 3; depth++) {
      slash = key.indexOf('/', slash + 1)
      if (slash < 0) return undefined
      const cache = this.#caches.get(key.slice(0, slash + 1))
      if (cache) return cache
    }
    return undefined
  }
}
