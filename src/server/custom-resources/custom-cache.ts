import type { ApiObject } from '../../machinery/object.js'
import type { Entry } from '../../storage/store.js'
import { BatchQueue } from '../cache/batch-queue.js'
import type { CacheEvent, Deliveries, Delivery, WatchFilter } from '../cache/cache-event.js'
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

  async watch(
    { matches, ...place }: WatchFilter<ApiObject>,
    from: WatchStart,
    signal: AbortSignal,
  ): Promise<Deliveries> {
    await this.prepare(place.keyPrefix)
    const filter = matches ? { ...place, matches: (stored: ApiObject) => matches(this.#seen(stored)) } : place
    const deliveries = await this.kept.watch(filter, from, signal)
    return this.form.usesWebhook ? this.#afterWebhook(deliveries) : this.#conversion.deliveries(deliveries)
  }

  /** Hands on what the webhook has converted; the watch ends when it fails. */
  #afterWebhook(deliveries: Deliveries): Deliveries {
    const queue = new BatchQueue<Delivery>(webhookBacklog)
    const pump = async () => {
      for await (const batch of deliveries) {
        await this.#prepare(batch.flatMap(storedIn))
        for (const delivery of batch) if (!queue.push(this.#conversion.delivery(delivery))) return
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

  /** What a filter of a watch looks at; what only the webhook can convert is looked at as it is stored. */
  #seen(stored: ApiObject): ApiObject {
    return this.form.needsWebhook(stored) ? stored : this.form.convert(stored)
  }
}

const storedIn = (delivery: Delivery): StoredObject[] => {
  if ('present' in delivery) return [delivery.present]
  if (!('event' in delivery)) return []
  const { stored, previous } = delivery.event
  return previous ? [stored, previous] : [stored]
}
