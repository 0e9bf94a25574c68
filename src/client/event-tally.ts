import type { ObjectReference } from '../api/core/v1/index.js'
import type { ApiObject } from '../machinery/object.js'
import type { Client } from './client.js'
import type { EventType } from './events.js'

/** Who reports: `kubelet` on some host, `deployment-controller`. */
export interface EventSource {
  readonly component: string
  /** Which of them, where there are several. */
  readonly host?: string
}

/** One thing that happened, before it is known whether it happened before. */
export interface Occurrence {
  readonly source: EventSource
  readonly object: ObjectReference
  readonly type: EventType
  readonly reason: string
  readonly message: string
  readonly action?: string
  readonly related?: ObjectReference
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Occurrences that one event tells of: the event that is written, or is to be. */
export interface EventTally {
  readonly namespace: string
  readonly name: string
  /** The first of them. */
  readonly first: Occurrence
  message: string
  count: number
  lastAt: number
  /** As many are told of by the object that is there; 0 when there is none. */
  written: number
}

/** How occurrences become events: which of them are one, and what an event looks like. */
export interface EventStyle {
  /** The event to write for an occurrence; undefined if nothing is to be written. */
  observe(occurrence: Occurrence): EventTally | undefined
  create(client: Client, tally: EventTally, signal: AbortSignal): Promise<unknown>
  /** Brings the object that is there up to date. */
  update(client: Client, tally: EventTally, signal: AbortSignal): Promise<unknown>
}

/** A tally of nothing else yet. Events of objects without a namespace are in `default`. */
export const tallyOf = (first: Occurrence, name: string): EventTally => ({
  namespace: first.object.namespace || 'default',
  name,
  first,
  message: first.message,
  count: 1,
  lastAt: first.at,
  written: 0,
})

const longestName = 253
let lastStamp = 0n

/** `object.hex`: a name for an event, never the same twice; the clock does not tell the nanoseconds of it. */
export function eventName({ object, at }: Occurrence): string {
  const stamp = BigInt(at) * 1_000_000n + BigInt(Math.floor(Math.random() * 1_000_000))
  lastStamp = stamp > lastStamp ? stamp : lastStamp + 1n
  const suffix = `.${lastStamp.toString(16)}`
  return (object.name ?? '').slice(0, longestName - suffix.length) + suffix
}

/** A reference as events carry it. */
export function referenceTo({ apiVersion, kind, metadata }: ApiObject): ObjectReference {
  const { namespace, name, uid, resourceVersion } = metadata
  return {
    ...(kind ? { kind } : {}),
    ...(namespace ? { namespace } : {}),
    ...(name ? { name } : {}),
    ...(uid ? { uid } : {}),
    ...(apiVersion ? { apiVersion } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
  }
}

/** A map that forgets what was not set for longest. */
export class Recent<V> {
  readonly #entries = new Map<string, V>()

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.#entries.size
  }

  get(key: string): V | undefined {
    return this.#entries.get(key)
  }

  set(key: string, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.capacity) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  /** May be deleted from meanwhile. */
  [Symbol.iterator](): Iterator<[string, V]> {
    return this.#entries[Symbol.iterator]()
  }
}
