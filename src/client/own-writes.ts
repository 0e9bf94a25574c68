import { type Clock, sleepAwake } from '../machinery/clock.js'
import type { ApiObject } from '../machinery/object.js'
import type { Client, ObjectRef, WriteOptions } from './client.js'
import type { AnyKind } from './controller.js'
import type { Informers } from './informers.js'

/** A change that never shows up, in ms: the watch may have lost it, or the write changed nothing. */
const patience = 5_000

interface Deletion {
  readonly ref: ObjectRef
  readonly uid: string | undefined
}

interface Pending {
  readonly kind: AnyKind
  version: number
  deletions: Deletion[]
  /** Nobody waits for it any more. */
  abandoned: boolean
}

/**
 * Remembers what each run of a controller wrote, so that the next run for the same key can be held back until the caches
 * show it. Only kinds that are watched count: nobody reads the others from a cache.
 */
export class OwnWrites {
  readonly #byKey = new Map<string, Map<string, Pending>>()

  constructor(
    private readonly informers: Informers,
    private readonly clock: Clock,
  ) {}

  /** A client that remembers its writes for `key`; `defaults` go under the options of every write. */
  client(client: Client, key: string, defaults: WriteOptions): Client {
    const noted = <T extends ApiObject>(kind: AnyKind, written: T): T => {
      this.#note(key, kind, written.metadata.resourceVersion)
      return written
    }
    return {
      ...client,
      create: async (kind, object, options) =>
        noted(kind, await client.create(kind, object, { ...defaults, ...options })),
      update: async (kind, object, options) =>
        noted(kind, await client.update(kind, object, { ...defaults, ...options })),
      patch: async (kind, ref, patch, options) =>
        noted(kind, await client.patch(kind, ref, patch, { ...defaults, ...options })),
      post: (kind, ref, subresource, body, options) =>
        client.post(kind, ref, subresource, body, { ...defaults, ...options }),
      delete: async (kind, ref, options) => {
        const uid = options?.preconditions?.uid ?? this.informers.find(kind)?.get(ref)?.metadata.uid
        await client.delete(kind, ref, options)
        this.#noteDeletion(key, kind, { ref: { namespace: ref.namespace ?? '', name: ref.name ?? '' }, uid })
      },
    }
  }

  /** Something was written for `key`, to kinds that are watched, and the caches were not yet seen to show it. */
  has(key: string): boolean {
    return this.#byKey.has(key)
  }

  /** Resolves once the caches show what was written for `key`; undefined if they do already. */
  unseen(key: string, signal: AbortSignal): Promise<void> | undefined {
    const pending = this.#byKey.get(key)
    if (!pending) return undefined
    const waits: Promise<void>[] = []
    for (const one of pending.values()) {
      const informer = this.informers.find(one.kind)
      if (informer && !this.#seen(one)) waits.push(informer.until(() => this.#seen(one)))
    }
    if (waits.length === 0) {
      this.#byKey.delete(key)
      return undefined
    }
    return this.#wait(key, waits, signal)
  }

  async #wait(key: string, waits: readonly Promise<void>[], signal: AbortSignal): Promise<void> {
    const over = new AbortController()
    const end = () => over.abort()
    signal.addEventListener('abort', end, { once: true })
    try {
      await Promise.race([Promise.all(waits), sleepAwake(this.clock, patience, over.signal)])
    } catch {
      // Stopped, either way: there will be no next run.
    } finally {
      signal.removeEventListener('abort', end)
      end()
      for (const pending of this.#byKey.get(key)?.values() ?? []) pending.abandoned = true
      this.#byKey.delete(key)
    }
  }

  #seen(pending: Pending): boolean {
    const informer = this.informers.find(pending.kind)
    if (!informer || pending.abandoned) return true
    if (informer.progress < pending.version) return false
    pending.deletions = pending.deletions.filter(({ ref, uid }) => {
      const found = informer.get(ref)?.metadata
      return found !== undefined && !found.deletionTimestamp && (uid === undefined || found.uid === uid)
    })
    return pending.deletions.length === 0
  }

  #note(key: string, kind: AnyKind, resourceVersion: string | undefined): void {
    const version = Number(resourceVersion)
    if (!Number.isFinite(version)) return
    const pending = this.#pending(key, kind)
    if (pending && version > pending.version) pending.version = version
  }

  #noteDeletion(key: string, kind: AnyKind, deletion: Deletion): void {
    this.#pending(key, kind)?.deletions.push(deletion)
  }

  #pending(key: string, kind: AnyKind): Pending | undefined {
    if (!this.informers.find(kind)) return undefined
    let kinds = this.#byKey.get(key)
    if (!kinds) this.#byKey.set(key, (kinds = new Map()))
    const name = `${kind.gvk.group}/${kind.plural}`
    let pending = kinds.get(name)
    if (!pending) kinds.set(name, (pending = { kind, version: -1, deletions: [], abandoned: false }))
    return pending
  }
}
