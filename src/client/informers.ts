import { type Clock, systemClock } from '../machinery/clock.js'
import type { ApiObject } from '../machinery/object.js'
import type { Kind } from '../schema/index.js'
import type { Client, ObjectRef } from './client.js'
import type { AnyKind, Cache, Index } from './controller.js'
import { Informer, type InformerSelection } from './informer.js'

export interface InformersOptions {
  readonly client: Client
  readonly clock?: Clock
  readonly random?: () => number
  /** Hears of trouble that the informers get over by trying again. */
  readonly onError?: (error: unknown) => void
}

type Shared = Informer<ApiObject>

/**
 * The informers of a process, one for each kind that anybody asks for. `of` starts them; dispose to stop them all:
 *
 *     await using informers = new Informers({ client })
 *     const pods = informers.of(Pod)
 *     await informers.synced()
 */
export class Informers implements Cache, AsyncDisposable {
  readonly #whole = new Map<string, Shared>()
  readonly #metadata = new Map<string, Shared>()
  readonly #selected = new Map<string, Shared>()
  readonly #options: InformersOptions & { readonly clock: Clock }

  constructor(options: InformersOptions) {
    this.#options = { ...options, clock: options.clock ?? systemClock }
  }

  /** The shared informer of a kind, started. */
  of<T extends ApiObject, I>(kind: Kind<T, I>): Informer<T> {
    return this.#shared(this.#whole, identity(kind), kind, {})
  }

  /** An informer of those objects alone that are selected; shared by all that select the same. */
  selected<T extends ApiObject, I>(kind: Kind<T, I>, selection: InformerSelection): Informer<T> {
    const { namespace, labelSelector, fieldSelector } = selection
    const key = JSON.stringify([identity(kind), namespace, labelSelector, fieldSelector])
    return this.#shared(this.#selected, key, kind, { selection })
  }

  /** For those who look at metadata alone: the informer of whole objects if there is one, else one of metadata. */
  metadataOf(kind: AnyKind): Informer<ApiObject> {
    const key = identity(kind)
    return this.#whole.get(key) ?? this.#shared(this.#metadata, key, kind, { metadataOnly: true })
  }

  /** Stops following a kind that is served no more; `of` would begin again. */
  async forget(kind: AnyKind): Promise<void> {
    const key = identity(kind)
    for (const informers of [this.#whole, this.#metadata]) {
      const informer = informers.get(key)
      informers.delete(key)
      await informer?.[Symbol.asyncDispose]()
    }
  }

  /** The informer of the kind, if it is watched. */
  find<T extends ApiObject, I>(kind: Kind<T, I>): Informer<T> | undefined {
    return this.#whole.get(identity(kind)) as unknown as Informer<T> | undefined
  }

  /** Resolves once all informers asked for so far hold what the server has. */
  async synced(): Promise<void> {
    await Promise.all([...this.#all()].map(informer => informer.synced()))
  }

  get<T extends ApiObject, I>(kind: Kind<T, I>, ref: ObjectRef): T | undefined {
    return this.#watched(kind).get(ref)
  }

  list<T extends ApiObject, I>(kind: Kind<T, I>, options?: Parameters<Cache['list']>[1]): readonly T[] {
    return this.#watched(kind).list(options)
  }

  count<T extends ApiObject, I>(kind: Kind<T, I>, namespace: string): number {
    return this.#watched(kind).count(namespace)
  }

  ownedBy<T extends ApiObject, I>(kind: Kind<T, I>, ownerUid: string): readonly T[] {
    return this.#watched(kind).ownedBy(ownerUid)
  }

  by<T extends ApiObject>(index: Index<T>, key: string): readonly T[] {
    return this.#watched(index.kind).by(index, key)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#all()].map(informer => informer[Symbol.asyncDispose]()))
  }

  *#all(): Iterable<Shared> {
    for (const informers of [this.#whole, this.#metadata, this.#selected]) yield* informers.values()
  }

  #watched<T extends ApiObject, I>(kind: Kind<T, I>): Informer<T> {
    const informer = this.find(kind)
    if (!informer) throw new Error(`${kind.plural} are read but not watched: ask for them with informers.of first`)
    return informer
  }

  #shared<T extends ApiObject, I>(
    informers: Map<string, Shared>,
    key: string,
    kind: Kind<T, I>,
    how: { readonly selection?: InformerSelection; readonly metadataOnly?: boolean },
  ): Informer<T> {
    let informer = informers.get(key) as unknown as Informer<T> | undefined
    if (!informer) {
      informer = new Informer<T>(kind, { ...this.#options, ...how }).start()
      informers.set(key, informer as unknown as Shared)
    }
    return informer
  }
}

const identities = new WeakMap<AnyKind, string>()

/** One and the same for equal kinds. It is asked for with every look into a cache, so that it is put together once. */
function identity(kind: AnyKind): string {
  let found = identities.get(kind)
  if (found === undefined) identities.set(kind, (found = `${kind.gvk.group}/${kind.gvk.version}/${kind.plural}`))
  return found
}
