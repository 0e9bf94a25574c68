import { Service } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { Informer } from '../client/informer.js'
import type { Clock } from '../machinery/clock.js'
import type { ServiceSource } from './node-context.js'

/** Follows the cluster's services. */
export class Services implements ServiceSource, AsyncDisposable {
  readonly #informer: Informer<Service>

  constructor(client: Client, clock: Clock, onError: (error: unknown) => void) {
    this.#informer = new Informer(Service, { client, clock, onError })
    this.#informer.start()
  }

  async current(signal: AbortSignal): Promise<Iterable<Service>> {
    if (!this.#informer.hasSynced) await this.#synced(signal)
    return this.#informer.list()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#informer[Symbol.asyncDispose]()
  }

  #synced(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason)
      if (signal.aborted) abort()
      signal.addEventListener('abort', abort, { once: true })
      this.#informer
        .synced()
        .then(resolve, reject)
        .finally(() => signal.removeEventListener('abort', abort))
    })
  }
}
