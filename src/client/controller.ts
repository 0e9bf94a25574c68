import type { Clock } from '../machinery/clock.js'
import type { ApiObject } from '../machinery/object.js'
import type { Kind } from '../schema/index.js'
import type { Client, ObjectRef } from './client.js'
import type { EventRecorder } from './events.js'

/** An object to look at. */
export interface Key {
  readonly namespace: string
  readonly name: string
}

/** Look again after `after` milliseconds even if nothing changes. */
export interface Again {
  readonly after: number
}

/** A kind of any object, whatever may be sent to create one. */
export type AnyKind = Kind<ApiObject, unknown>

/**
 * A way to find objects of a kind by something else than their names. Declare it once, as a constant: the caches build
 * it when it is first used and keep it up to date from then on.
 */
export interface Index<T extends ApiObject> {
  readonly kind: Kind<T, unknown>
  readonly keys: (object: T) => Iterable<string>
}

/** Declares an index: `index(Pod, pod => (pod.spec.nodeName ? [pod.spec.nodeName] : []))`. */
export const index = <T extends ApiObject, I>(kind: Kind<T, I>, keys: (object: T) => Iterable<string>): Index<T> => ({
  kind,
  keys,
})

/**
 * A read-only view of the informers' caches. Objects are shared: never change them. Reading a kind that nobody watches
 * throws: it would look as if there were none.
 */
export interface Cache {
  get<T extends ApiObject, I>(kind: Kind<T, I>, ref: ObjectRef): T | undefined
  /** In no particular order. */
  list<T extends ApiObject, I>(
    kind: Kind<T, I>,
    options?: {
      readonly namespace?: string
      readonly matches?: (labels: { readonly [key: string]: string }) => boolean
    },
  ): readonly T[]
  /** How many there are in a namespace. */
  count<T extends ApiObject, I>(kind: Kind<T, I>, namespace: string): number
  /** Objects whose controller (the owner reference marked so) has this uid; indexed. */
  ownedBy<T extends ApiObject, I>(kind: Kind<T, I>, ownerUid: string): readonly T[]
  /** Objects that the index finds under `key`. */
  by<T extends ApiObject>(index: Index<T>, key: string): readonly T[]
}

export interface ReconcileContext extends Cache {
  readonly client: Client
  readonly clock: Clock
  readonly events: EventRecorder
  readonly signal: AbortSignal
}

/**
 * A controller: what it looks at, and what it does about one object. `reconcile` is level-triggered: it gets a key,
 * never an event, looks at the caches, and writes through `client`. It is not called for a key before the caches have
 * seen what its previous run for that key wrote, never twice at once for one key, and again with back-off after it
 * throws. A `Conflict`, `AlreadyExists` or `NotFound` it throws says that the caches were behind: it is retried soon and
 * not logged as an error, unless that goes on.
 */
export interface Controller {
  readonly name: string
  readonly watches: Watches
  /** Ms to let pass after a run that wrote something, before the next one for that key: changes gather meanwhile. */
  readonly pace?: number
  /** Keys worked on at the same time; 8 by default. */
  readonly concurrency?: number
  /** Who events say they come from; the name with `-controller` behind it by default. */
  readonly eventSource?: string
  /** Its events are of events.k8s.io: series in place of counts. */
  readonly eventSeries?: boolean
  reconcile(key: Key, context: ReconcileContext): Promise<Again | undefined>
}

export interface Watches {
  /** The kind whose keys are reconciled. */
  readonly for: AnyKind
  /**
   * Which of its objects are looked at when they come, change or go; all of them when absent. What it reads of the caches
   * beside the object must bring the object's key when it changes.
   */
  readonly concerns?: (object: ApiObject, cache: Cache) => boolean
  /** Kinds that `for` objects control: a change brings the owner's key. */
  readonly owns?: readonly (AnyKind | OwnedWatch)[]
  /** Kinds that are only looked at: their changes bring nothing. */
  readonly reads?: readonly AnyKind[]
  /** Other kinds, and which keys a change of theirs concerns. `old` is the object before the change. */
  readonly also?: readonly AlsoWatch[]
}

/** A kind that `for` objects control, and which of its changes are worth looking at; its coming and going always are. */
export interface OwnedWatch {
  readonly owned: AnyKind
  readonly matters: (object: ApiObject, old: ApiObject) => boolean
}

/** `concerns` with its object typed: `concerning(Pod, pod => pod.spec.nodeName !== undefined)`. */
export const concerning = <T extends ApiObject, I>(
  _kind: Kind<T, I>,
  test: (object: T, cache: Cache) => boolean,
): NonNullable<Watches['concerns']> => test as unknown as NonNullable<Watches['concerns']>

/** `owns` with its object typed: `watchOwned(Pod, (pod, old) => ready(pod) !== ready(old))`. */
export const watchOwned = <T extends ApiObject, I>(
  kind: Kind<T, I>,
  matters: (object: T, old: T) => boolean,
): OwnedWatch => ({ owned: kind, matters }) as unknown as OwnedWatch

export interface AlsoWatch {
  readonly kind: AnyKind
  readonly keys: (object: ApiObject, old: ApiObject | undefined, cache: Cache) => Iterable<Key>
}

/** `also` with its object typed: `watchAlso(Pod, (pod, old, cache) => [...])`. */
export const watchAlso = <T extends ApiObject, I>(
  kind: Kind<T, I>,
  keys: (object: T, old: T | undefined, cache: Cache) => Iterable<Key>,
): AlsoWatch => ({ kind, keys }) as unknown as AlsoWatch

/** Declares a controller. */
export const controller = (declaration: Controller): Controller => declaration
