import { ConfigMap, Secret } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { Informer } from '../client/informer.js'
import type { Clock } from '../machinery/clock.js'
import { type ApiObject, keyOf } from '../machinery/object.js'
import type { Kind } from '../schema/index.js'

/** A pod's interest in one object; dispose of it when the pod goes. */
export interface Reference<T> extends Disposable {
  /**
   * The object as it is, undefined if it does not exist; waits for the API server's first answer. Throws what the API
   * server answers instead, for as long as nothing better is known.
   */
  current(): Promise<T | undefined>
}

/**
 * ConfigMaps and Secrets that this node's pods use: one watch each, however many pods share it, and no others, for a
 * node may read only what its pods refer to.
 */
export class ReferencedObjects {
  readonly #followed = new Map<string, Followed<ApiObject>>()

  constructor(
    readonly client: Client,
    readonly clock: Clock,
  ) {}

  /** `changed` is called whenever the object has changed, come or gone; not for its first state. */
  configMap(namespace: string, name: string, changed: () => void): Reference<ConfigMap> {
    return this.#use(ConfigMap, namespace, name, changed)
  }

  secret(namespace: string, name: string, changed: () => void): Reference<Secret> {
    return this.#use(Secret, namespace, name, changed)
  }

  #use<T extends ApiObject, I>(kind: Kind<T, I>, namespace: string, name: string, changed: () => void): Reference<T> {
    const key = `${kind.plural}/${namespace}/${name}`
    const followed = (this.#followed.get(key) ??
      new Followed(this.client, this.clock, kind, namespace, name)) as Followed<T>
    this.#followed.set(key, followed as unknown as Followed<ApiObject>)
    const listener = { changed }
    followed.listeners.add(listener)
    return {
      current: () => followed.current(),
      [Symbol.dispose]: () => {
        followed.listeners.delete(listener)
        if (followed.listeners.size > 0 || this.#followed.get(key) !== (followed as unknown)) return
        this.#followed.delete(key)
        followed[Symbol.dispose]()
      },
    }
  }
}

/** One object and those who want to know of it. */
class Followed<T extends ApiObject> implements Disposable {
  readonly listeners = new Set<{ readonly changed: () => void }>()
  readonly #informer: Informer<T>
  readonly #ref: { readonly namespace: string; readonly name: string }
  #refusal: { readonly error: unknown } | undefined
  #refused: () => void = () => {}
  readonly #firstRefusal = new Promise<void>(resolve => {
    this.#refused = resolve
  })

  constructor(client: Client, clock: Clock, kind: Kind<T, unknown>, namespace: string, name: string) {
    this.#ref = { namespace, name }
    this.#informer = new Informer(kind, {
      client,
      clock,
      selection: { namespace, fieldSelector: `metadata.name=${name}` },
      onError: error => {
        this.#refusal = { error }
        this.#refused()
      },
    })
    this.#informer.onChange(object => {
      if (!this.#informer.hasSynced || keyOf(object.metadata) !== keyOf(this.#ref)) return
      for (const { changed } of this.listeners) changed()
    })
    // Stopped before it has synced: nobody waits any more.
    this.#informer
      .start()
      .synced()
      .catch(() => {})
    this.#informer.synced().then(
      () => {
        if (!this.#refusal) return
        for (const { changed } of this.listeners) changed()
      },
      () => {},
    )
  }

  async current(): Promise<T | undefined> {
    if (!this.#informer.hasSynced) await Promise.race([this.#informer.synced(), this.#firstRefusal])
    if (!this.#informer.hasSynced && this.#refusal) throw this.#refusal.error
    return this.#informer.get(this.#ref)
  }

  [Symbol.dispose](): void {
    void this.#informer[Symbol.asyncDispose]()
  }
}
