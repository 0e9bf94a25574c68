import type { ApiObject } from '../../machinery/object.js'
import { batchesOf } from './batch-queue.js'
import { CacheEvent, type Deliveries, type Delivery } from './cache-event.js'
import type { StoredObject } from './stored-object.js'

/**
 * What is kept, in the form that somebody asks to see it in. Each object and each event is converted once, when it is
 * first asked for, however many ask.
 */
export class Conversion<T extends ApiObject> {
  readonly #objects = new WeakMap<StoredObject, StoredObject<T>>()
  readonly #events = new WeakMap<CacheEvent, CacheEvent<T>>()

  constructor(private readonly convert: (stored: StoredObject) => StoredObject<T>) {}

  /** Whether the object has been converted. */
  has(stored: StoredObject): boolean {
    return this.#objects.has(stored)
  }

  /** Notes what has become of an object by another way. */
  set(stored: StoredObject, converted: StoredObject<T>): void {
    this.#objects.set(stored, converted)
  }

  object(stored: StoredObject): StoredObject<T> {
    let converted = this.#objects.get(stored)
    if (!converted) {
      converted = this.convert(stored)
      this.#objects.set(stored, converted)
    }
    return converted
  }

  event(event: CacheEvent): CacheEvent<T> {
    let converted = this.#events.get(event)
    if (!converted) {
      const { type, key, stored, previous, revision } = event
      converted = new CacheEvent(type, key, this.object(stored), previous && this.object(previous), revision)
      this.#events.set(event, converted)
    }
    return converted
  }

  delivery(delivery: Delivery): Delivery<T> {
    if ('present' in delivery) return { present: this.object(delivery.present) }
    if ('event' in delivery) return { event: this.event(delivery.event), type: delivery.type }
    return delivery
  }

  deliveries(deliveries: Deliveries): Deliveries<T> {
    const convert = (delivery: Delivery): Delivery<T> => this.delivery(delivery)
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
}
