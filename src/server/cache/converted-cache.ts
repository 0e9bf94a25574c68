import type { ApiObject } from '../../machinery/object.js'
import type { StoredForm } from '../../machinery/resource.js'
import type { Entry } from '../../storage/store.js'
import { batchesOf } from './batch-queue.js'
import { CacheEvent, type Deliveries, type Delivery, type WatchFilter } from './cache-event.js'
import type { ObjectCache, ResourceCache, WatchStart } from './resource-cache.js'
import { encodeForStore, StoredObject } from './stored-object.js'

/**
 * The objects of a cache in another form: another version or group of what is kept. Everything is converted when it is
 * asked for, once, so that a form nobody uses costs nothing.
 */
export class ConvertedCache<T extends ApiObject> implements ObjectCache<T> {
  readonly #objects = new WeakMap<StoredObject, StoredObject<T>>()
  readonly #events = new WeakMap<CacheEvent, CacheEvent<T>>()

  constructor(
    private readonly kept: ResourceCache,
    private readonly form: StoredForm<T>,
  ) {}

  get prefix(): string {
    return this.kept.prefix
  }

  get(key: string): StoredObject<T> | undefined {
    const stored = this.kept.get(key)
    return stored && this.#converted(stored)
  }

  list(keyPrefix = ''): StoredObject<T>[] {
    return this.kept.list(keyPrefix).map(stored => this.#converted(stored))
  }

  read(entry: Entry): StoredObject<T> {
    return this.#converted(this.kept.read(entry))
  }

  async watch(filter: WatchFilter<T>, from: WatchStart, signal: AbortSignal): Promise<Deliveries<T>> {
    const { matches, ...place } = filter
    const deliveries = await this.kept.watch(
      { ...place, ...(matches ? { matches: object => matches(this.form.read(object)) } : {}) },
      from,
      signal,
    )
    const convert = (delivery: Delivery): Delivery<T> => this.#delivery(delivery)
    const converted: Deliveries<T> = {
      get overflowed() {
        return deliveries.overflowed
      },
      get ended() {
        return deliveries.ended
      },
      take: () => deliveries.take().map(convert),
      whenReady: action => deliveries.whenReady(action),
      leave: () => deliveries.leave(),
      [Symbol.asyncIterator]() {
        return batchesOf(converted)
      },
    }
    return converted
  }

  observe(observer: (event: CacheEvent<T>) => void): void {
    this.kept.observe(event => observer(this.#event(event)))
  }

  #delivery(delivery: Delivery): Delivery<T> {
    if ('present' in delivery) return { present: this.#converted(delivery.present) }
    if ('event' in delivery) return { event: this.#event(delivery.event), type: delivery.type }
    return delivery
  }

  #event(event: CacheEvent): CacheEvent<T> {
    let converted = this.#events.get(event)
    if (!converted) {
      const { type, key, stored, previous, revision } = event
      converted = new CacheEvent(type, key, this.#converted(stored), previous && this.#converted(previous), revision)
      this.#events.set(event, converted)
    }
    return converted
  }

  #converted(stored: StoredObject): StoredObject<T> {
    let converted = this.#objects.get(stored)
    if (!converted) {
      converted = new StoredObject<T>(encodeForStore(this.form.read(stored.object)), stored.revision)
      this.#objects.set(stored, converted)
    }
    return converted
  }
}
