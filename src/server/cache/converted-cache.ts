import type { ApiObject } from '../../machinery/object.js'
import type { StoredForm } from '../../machinery/resource.js'
import type { Entry } from '../../storage/store.js'
import type { CacheEvent, Deliveries, WatchFilter } from './cache-event.js'
import { Conversion } from './conversion.js'
import type { ObjectCache, ResourceCache, WatchStart } from './resource-cache.js'
import { StoredObject, withRevision } from './stored-object.js'

/**
 * The objects of a cache in another form: another version or group of what is kept. Everything is converted when it is
 * asked for, once, so that a form nobody uses costs nothing.
 */
export class ConvertedCache<T extends ApiObject> implements ObjectCache<T> {
  readonly #conversion: Conversion<T>

  constructor(
    private readonly kept: ResourceCache,
    private readonly form: StoredForm<T>,
  ) {
    this.#conversion = new Conversion(
      ({ object, revision }) => new StoredObject<T>(undefined, revision, withRevision(form.read(object), revision)),
    )
  }

  get prefix(): string {
    return this.kept.prefix
  }

  get(key: string): StoredObject<T> | undefined {
    const stored = this.kept.get(key)
    return stored && this.#conversion.object(stored)
  }

  list(keyPrefix = ''): StoredObject<T>[] {
    return this.kept.list(keyPrefix).map(stored => this.#conversion.object(stored))
  }

  read(entry: Entry): StoredObject<T> {
    return this.#conversion.object(this.kept.read(entry))
  }

  async watch(filter: WatchFilter<T>, from: WatchStart, signal: AbortSignal): Promise<Deliveries<T>> {
    const { matches, ...place } = filter
    const deliveries = await this.kept.watch(
      { ...place, ...(matches ? { matches: object => matches(this.form.read(object)) } : {}) },
      from,
      signal,
    )
    return this.#conversion.deliveries(deliveries)
  }

  observe(observer: (event: CacheEvent<T>) => void): void {
    this.kept.observe(event => observer(this.#conversion.event(event)))
  }
}
