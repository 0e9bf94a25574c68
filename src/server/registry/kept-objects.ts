import { type ApiObject, keyOf } from '../../machinery/object.js'
import type { Resource } from '../../machinery/resource.js'
import { alreadyExists, type ResourceName, StatusError, staleObject } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import { KeyExistsError, RevisionConflictError } from '../../storage/store.js'
import { type ObjectCache, ResourceCache } from '../cache/resource-cache.js'
import { type EncodedObject, encodeForStore, StoredObject, withRevision } from '../cache/stored-object.js'
import { apiVersionOf } from './read-body.js'
import type { RegistryHost } from './registry-host.js'
import { Turns } from './turns.js'
import type { TimeToLive, WriteContext } from './write.js'

/** An object as the store takes it. */
interface Kept {
  readonly value: EncodedObject
  readonly options: { readonly ttlSeconds?: number }
}

/** Tries at a write that keeps losing races before the client is told. */
const maximumTries = 100

/**
 * The objects of one resource, as the store keeps them and the cache shows them: what has been written is seen by
 * whoever reads next. A dry run writes nothing and shows what would be there.
 */
export class KeptObjects<T extends ApiObject> {
  readonly #turns = new Turns()

  constructor(
    readonly name: ResourceName,
    private readonly resource: Resource<T>,
    private readonly cache: ObjectCache<T>,
    private readonly host: RegistryHost,
    private readonly timeToLive: TimeToLive<T>,
  ) {}

  /** The object as the newest answered write left it; undefined if there is none. */
  async find(key: string): Promise<StoredObject<T> | undefined> {
    await this.host.feed.consistent()
    if (this.cache.prepare) await this.cache.prepare(key)
    return this.cache.get(key)
  }

  /** The revision of an object that is there but cannot be made out. */
  unreadableAt(key: string): number | undefined {
    return this.host.feed.cacheOf(this.cache.prefix)?.unreadableAt(key)
  }

  /**
   * Runs a write that reads the cache first, again and again while others are faster. A `patient` one, which takes the
   * object as it then is, waits with those that try again: its first try would be lost as well, or make them lose.
   */
  async raced<R>(name: string, key: string, patient: boolean, attempt: () => Promise<R>): Promise<R> {
    await this.host.feed.consistent()
    if (this.cache.prepare) await this.cache.prepare(key)
    let lost: RevisionConflictError | undefined
    if (!patient || !this.#turns.has(key))
      try {
        return await attempt()
      } catch (error) {
        if (!(error instanceof RevisionConflictError)) throw error
        lost = error
      }
    return this.#turns.take(key, async () => {
      for (let tries = 1; ; tries++) {
        await (lost?.current ? this.host.feed.waitFor(lost.current.revision) : this.host.feed.consistent())
        if (this.cache.prepare) await this.cache.prepare(key)
        try {
          return await attempt()
        } catch (error) {
          if (!(error instanceof RevisionConflictError)) throw error
          if (tries >= maximumTries) throw staleObject(this.name, name)
          lost = error
        }
      }
    })
  }

  /** Whether an object would be stored otherwise today: in another version or shape, or encrypted with another key. */
  async isKeptOtherwise(key: string, current: StoredObject<T>): Promise<boolean> {
    const { storedAs } = this.resource
    const { cache, host } = this
    const kept = host.feed.cacheOf(cache.prefix)?.get(key) as StoredObject | undefined
    // A cache shows what is stored itself as long as there is nothing to convert.
    if (kept && kept !== current && (!storedAs || kept.object.apiVersion !== apiVersionOf(storedAs.kind.gvk)))
      return true
    return (await host.isStale?.(cache.prefix + key)) ?? false
  }

  /** Throws AlreadyExists. */
  async insert(draft: Draft<T>, context: WriteContext): Promise<StoredObject<T>> {
    const object = draft as T
    const key = keyOf(object.metadata)
    if (context.dryRun) {
      await this.host.feed.consistent()
      if (this.cache.get(key)) throw this.#taken(key, object.metadata.name ?? '')
      return shown(object, 0)
    }
    const kept = this.#kept(object)
    const { value, options } = kept instanceof Promise ? await kept : kept
    // A name that is taken may be tried again under another one, so the draft itself stays as it is until it is stored.
    try {
      const revision = await this.host.store.create(this.cache.prefix + key, value, options)
      await this.#shows(key, revision)
      return this.#written(key, object, value, revision)
    } catch (error) {
      if (!(error instanceof KeyExistsError)) throw error
      await this.host.feed.waitFor(error.current.revision)
      throw this.#taken(key, object.metadata.name ?? '')
    }
  }

  /** Throws a `RevisionConflictError` if `current` is not the newest. */
  async replace(
    key: string,
    current: StoredObject<T>,
    draft: Draft<T>,
    context: WriteContext,
  ): Promise<StoredObject<T>> {
    const object = draft as T
    if (context.dryRun) return shown(object, current.revision)
    const kept = this.#kept(object)
    const { value, options } = kept instanceof Promise ? await kept : kept
    const revision = await this.host.store.update(this.cache.prefix + key, value, current.revision, options)
    await this.#shows(key, revision)
    return this.#written(key, object, value, revision)
  }

  /** Answers the revision of the removal. Throws a `RevisionConflictError` if `current` is not the newest. */
  async remove(key: string, current: StoredObject<T>, context: WriteContext): Promise<number> {
    if (context.dryRun) return current.revision
    const revision = await this.host.store.delete(this.cache.prefix + key, current.revision)
    await this.host.feed.waitFor(revision)
    return revision
  }

  /** What goes to the store, in the form it is kept in. */
  #kept(object: T): Kept | Promise<Kept> {
    const { storedAs } = this.resource
    if (storedAs?.ask) return storedAs.ask(object).then(kept => this.#encoded(object, kept))
    return this.#encoded(object, storedAs?.write(object) ?? object)
  }

  #encoded(object: T, kept: ApiObject): Kept {
    const value = encodeForStore(kept)
    const ttlSeconds = this.timeToLive(object)
    return { value, options: ttlSeconds ? { ttlSeconds } : {} }
  }

  /** Resolves once the cache shows what was written at `revision`, or later. */
  #shows(key: string, revision: number): Promise<void> {
    const shown = this.host.feed.waitFor(revision)
    const { cache } = this
    return cache.prepare ? shown.then(() => cache.prepare?.(key)) : shown
  }

  /** The write as the cache has it, so that its bytes are made once; or as written, if it is already history. */
  #written(key: string, object: T, value: EncodedObject, revision: number): StoredObject<T> {
    const { stored } = value
    value.stored = undefined
    // Other caches show another form of it, or may.
    const known = this.cache instanceof ResourceCache ? (stored as StoredObject<T> | undefined) : undefined
    const found = known ?? this.cache.get(key)
    return found?.revision === revision ? found : shown(object, revision)
  }

  #taken(key: string, name: string): StatusError {
    const error = alreadyExists(this.name, name)
    if (this.unreadableAt(key) !== undefined || !this.cache.get(key)?.object.metadata.deletionTimestamp) return error
    return new StatusError(error.code, error.reason, `object is being deleted: ${error.message}`, error.details)
  }
}

/** An object as it is served, at a revision. */
export const shown = <T extends ApiObject>(object: T, revision: number): StoredObject<T> =>
  new StoredObject<T>(undefined, revision, withRevision(object, revision))
