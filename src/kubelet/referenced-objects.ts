import { ConfigMap, Secret } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import type { Clock } from '../machinery/clock.js'
import { StatusError } from '../machinery/status-error.js'
import { type Change, follow } from './follow.js'

export type ReferencedKind = 'ConfigMap' | 'Secret'

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
  readonly #entries = new Map<string, Entry>()

  constructor(
    readonly client: Client,
    readonly clock: Clock,
  ) {}

  /** `changed` is called whenever the object has changed, come or gone; not for its first state. */
  configMap(namespace: string, name: string, changed: () => void): Reference<ConfigMap> {
    return this.#use('ConfigMap', namespace, name, changed) as Reference<ConfigMap>
  }

  secret(namespace: string, name: string, changed: () => void): Reference<Secret> {
    return this.#use('Secret', namespace, name, changed) as Reference<Secret>
  }

  #use(kind: ReferencedKind, namespace: string, name: string, changed: () => void): Reference<ConfigMap | Secret> {
    const key = `${kind}/${namespace}/${name}`
    let entry = this.#entries.get(key)
    if (!entry) {
      entry = new Entry(this.client, this.clock, kind, namespace, name)
      this.#entries.set(key, entry)
    }
    const used = entry
    const listener = { changed }
    used.listeners.add(listener)
    return {
      current: () => used.current(),
      [Symbol.dispose]: () => {
        used.listeners.delete(listener)
        if (used.listeners.size > 0 || this.#entries.get(key) !== used) return
        this.#entries.delete(key)
        used.end()
      },
    }
  }
}

type State =
  | { readonly type: 'unknown' }
  | { readonly type: 'known'; readonly object: ConfigMap | Secret | undefined }
  | { readonly type: 'refused'; readonly error: unknown }

class Entry {
  readonly listeners = new Set<{ readonly changed: () => void }>()
  readonly #ended = new AbortController()
  readonly #first: Promise<void>
  #answered: () => void = () => {}
  #state: State = { type: 'unknown' }

  constructor(client: Client, clock: Clock, kind: ReferencedKind, namespace: string, name: string) {
    this.#first = new Promise(resolve => {
      this.#answered = resolve
    })
    const selection = { namespace, fieldSelector: `metadata.name=${name}` }
    const options = { clock, signal: this.#ended.signal }
    const changes: AsyncIterable<Change<ConfigMap | Secret>> =
      kind === 'ConfigMap' ? follow(client, ConfigMap, selection, options) : follow(client, Secret, selection, options)
    void this.#follow(changes)
  }

  async current(): Promise<ConfigMap | Secret | undefined> {
    if (this.#state.type === 'unknown') await this.#first
    if (this.#state.type === 'refused') throw this.#state.error
    return this.#state.type === 'known' ? this.#state.object : undefined
  }

  end(): void {
    this.#ended.abort()
    this.#answered()
  }

  async #follow(changes: AsyncIterable<Change<ConfigMap | Secret>>): Promise<void> {
    for await (const change of changes) {
      const before = this.#state
      this.#state = next(before, change)
      this.#answered()
      const changed = before.type !== 'unknown' && !sameState(before, this.#state)
      if (changed) for (const { changed } of this.listeners) changed()
    }
  }
}

function next(state: State, change: Change<ConfigMap | Secret>): State {
  switch (change.type) {
    case 'all':
      return { type: 'known', object: change.objects[0] }
    case 'set':
      return { type: 'known', object: change.object }
    case 'gone':
      return { type: 'known', object: undefined }
    case 'trouble':
      // What is known stays good while the API server is away, but not once it says that we may not see it.
      return state.type === 'known' && !isForbidden(change.error) ? state : { type: 'refused', error: change.error }
  }
}

const sameState = (a: State, b: State): boolean =>
  a === b ||
  (a.type === 'known' &&
    b.type === 'known' &&
    a.object?.metadata.resourceVersion === b.object?.metadata.resourceVersion) ||
  (a.type === 'refused' && b.type === 'refused')

const isForbidden = (error: unknown): boolean => error instanceof StatusError && error.code === 403
