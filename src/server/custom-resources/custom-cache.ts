import type { ApiObject } from '../../machinery/object.js'
import type { Entry } from '../../storage/store.js'
import { BatchQueue } from '../cache/batch-queue.js'
import { type CacheEvent, type Deliveries, type Delivery, seenAs, type WatchFilter } from '../cache/cache-event.js'
import { Conversion } from '../cache/conversion.js'
import type { ObjectCache, ResourceCache, WatchStart } from '../cache/resource-cache.js'
import { encodeForStore, StoredObject } from '../cache/stored-object.js'

/** The way from what is stored, in whatever version, to what is served. */
export interface CustomForm {
  readonly usesWebhook: boolean
  /** Whether `convert` answers at once, or objects must be `prepare`d first. */
  readonly needsWebhook: (stored: ApiObject) => boolean
  /** Answers the very object if there is nothing to convert. */
  readonly convert: (stored: ApiObject) => ApiObject
  /** Converts by the webhook; answers in the order of what it is given. */
  readonly ask: (stored: readonly ApiObject[]) => Promise<readonly ApiObject[]>
}

/** Changes that may wait for a webhook and its watcher. */
const webhookBacklog = 16_384

/**
 * The objects of a custom resource as one version shows them: with the fields and defaults of today's schema, whatever
 * they were stored with. What is stored that way already is shared with the cache below.
 */
export class CustomCache implements ObjectCache {
  readonly #conversion: Conversion<ApiObject>

  constructor(
    private readonly kept: ResourceCache,
    private readonly form: CustomForm,
  ) {
    this.#conversion = new Conversion(stored => {
      const object = form.convert(stored.object)
      return object === stored.object ? stored : new StoredObject(encodeForStore(object), stored.revision)
    })
  }

  get prefix(): string {
    return this.kept.prefix
  }

  get(key: string): StoredObject | undefined {
    const stored = this.kept.get(key)
    return stored && this.#conversion.object(stored)
  }

  list(keyPrefix = ''): StoredObject[] {
    return this.kept.list(keyPrefix).map(stored => this.#conversion.object(stored))
  }

  read(entry: Entry): StoredObject {
    return this.#conversion.object(this.kept.read(entry))
  }

  /** Has the webhook convert what it must of these keys, so that reading them finds it done. */
  async prepare(keyPrefix: string): Promise<void> {
    await this.#prepare(this.kept.list(keyPrefix))
  }

  async #prepare(objects: readonly StoredObject[]): Promise<void> {
    const missing = objects.filter(stored => !this.#conversion.has(stored) && this.form.needsWebhook(stored.object))
    if (missing.length === 0) return
    const converted = await this.form.ask(missing.map(({ object }) => object))
    for (const [i, stored] of missing.entries()) {
      const object = converted[i]
      if (object) this.#conversion.set(stored, new StoredObject(encodeForStore(object), stored.revision))
    }
  }

  async watch(filter: WatchFilter<ApiObject>, from: WatchStart, signal: AbortSignal): Promise<Deliveries> {
    const { matches, ...place } = filter
    await this.prepare(place.keyPrefix)
    // What is selected is known once the webhook has converted it.
    if (this.form.usesWebhook) return this.#afterWebhook(await this.kept.watch(place, from, signal), filter)
    const seen = matches ? { ...place, matches: (stored: ApiObject) => matches(this.form.convert(stored)) } : place
    return this.#conversion.deliveries(await this.kept.watch(seen, from, signal))
  }

  /** Hands on what the webhook has converted, where it passes the filter; the watch ends when the webhook fails. */
  #afterWebhook(deliveries: Deliveries, filter: WatchFilter<ApiObject>): Deliveries {
    const queue = new BatchQueue<Delivery>(webhookBacklog)
    const pump = async () => {
      for await (const batch of deliveries) {
        await this.#prepare(batch.flatMap(storedIn))
        for (const delivery of batch) {
          const shown = filtered(this.#conversion.delivery(delivery), filter)
          if (shown && !queue.push(shown)) return
        }
      }
    }
    pump().then(
      () => queue.close(),
      () => queue.close(),
    )
    return queue
  }

  observe(observer: (event: CacheEvent) => void): void {
    this.kept.observe(event => observer(this.#conversion.event(event)))
  }
}

/** A delivery as a watch with this filter gets it, if it does. */
function filtered(delivery: Delivery, filter: WatchFilter<ApiObject>): Delivery | undefined {
  if ('present' in delivery) return filter.matches && !filter.matches(delivery.present.object) ? undefined : delivery
  if (!('event' in delivery)) return delivery
  const type = seenAs(filter, delivery.event)
  return type && { event: delivery.event, type }
}

const storedIn = (delivery: Delivery): StoredObject[] => {
  if ('present' in delivery) return [delivery.present]
  if (!('event' in delivery)) return []
  const { stored, previous } = delivery.event
  return previous ? [stored, previous] : [stored]
}
