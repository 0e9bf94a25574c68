import type { ApiObject } from '../../machinery/object.js'
import type { Batches } from './batch-queue.js'
import type { StoredObject } from './stored-object.js'

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** A change of one object, shared by all who watch it; `previous` is what they saw before. */
export class CacheEvent<T extends ApiObject = ApiObject> {
  #left: StoredObject<T> | undefined
  #frames: { [type: string]: readonly [Buffer] } | undefined
  #deliveries: { [type: string]: Delivery<T> } | undefined

  constructor(
    readonly type: EventType,
    readonly key: string,
    readonly stored: StoredObject<T>,
    readonly previous: StoredObject<T> | undefined,
    readonly revision: number,
  ) {}

  /** What a watcher is shown: an object that leaves its selection as it last was in it, at the new version. */
  shown(type: EventType): StoredObject<T> {
    if (type !== 'DELETED' || this.type === 'DELETED' || !this.previous) return this.stored
    return (this.#left ??= this.previous.at(this.revision))
  }

  /** One line of a JSON watch, made once for all watchers. */
  frame(type: EventType): readonly [Buffer] {
    this.#frames ??= {}
    return (this.#frames[type] ??= [Buffer.concat(jsonFrame(type, this.shown(type)))])
  }

  /** What a watcher gets that sees the event so; one for all of them. */
  as(type: EventType): Delivery<T> {
    this.#deliveries ??= {}
    return (this.#deliveries[type] ??= { event: this, type })
  }
}

const heads: { readonly [type in EventType]: Buffer } = {
  ADDED: Buffer.from('{"type":"ADDED","object":', 'latin1'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":', 'latin1'),
  DELETED: Buffer.from('{"type":"DELETED","object":', 'latin1'),
}
const frameEnd = Buffer.from('}\n', 'latin1')

/** The parts of one line of a JSON watch. */
export const jsonFrame = (type: EventType, stored: StoredObject<ApiObject>): readonly Buffer[] => [
  heads[type],
  stored.json,
  frameEnd,
]

/** What a watcher gets: an event, or the news that everything up to `revision` has been sent. */
export type Delivery<T extends ApiObject = ApiObject> =
  | { readonly event: CacheEvent<T>; readonly type: EventType }
  /** An object that was there when the watch began. */
  | { readonly present: StoredObject<T> }
  | { readonly bookmark: number; readonly initialEventsEnd: boolean }

/** What a watcher reads, whatever has gathered at a time. */
export type Deliveries<T extends ApiObject = ApiObject> = Batches<Delivery<T>>

export interface WatchFilter<T extends ApiObject> {
  /** Keys (`namespace/name`, or `name`) must begin with this. */
  readonly keyPrefix: string
  /** The prefix is a whole key: one object is watched. */
  readonly whole?: boolean
  /** Absent when every object of the prefix is wanted: then nothing needs parsing. */
  readonly matches?: ((object: T) => boolean) | undefined
}

/** As what an event is seen through a filter: objects come and go as they begin and cease to match. */
export function seenAs<T extends ApiObject>(filter: WatchFilter<T>, event: CacheEvent<T>): EventType | undefined {
  if (filter.whole ? event.key !== filter.keyPrefix : !event.key.startsWith(filter.keyPrefix)) return undefined
  if (!filter.matches) return event.type
  const before = event.previous !== undefined && filter.matches(event.previous.object)
  const after = event.type !== 'DELETED' && filter.matches(event.stored.object)
  if (before) return after ? 'MODIFIED' : 'DELETED'
  return after ? 'ADDED' : undefined
}
