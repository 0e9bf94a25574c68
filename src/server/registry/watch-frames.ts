import type { ByteFeed } from '../../machinery/http.js'
import { PartialObjectMetadata, Status } from '../../machinery/meta/index.js'
import type { ApiObject } from '../../machinery/object.js'
import { gone } from '../../machinery/status-error.js'
import { encodeObject, encodeWatchFrame, exactJson, type Kind } from '../../schema/index.js'
import { type Deliveries, type Delivery, type EventType, jsonFrame } from '../cache/cache-event.js'
import { shownBookmark } from './bookmark.js'
import type { Form } from './form.js'
import type { Registry } from './registry.js'
import { partial } from './represent.js'
import { tableOf } from './table.js'

/** Frames that have gathered are written together, up to so many bytes. */
const blockBytes = 256 * 1024

/** A watch as bytes. `stop` is called once the stream has ended, however it did. */
export class WatchFrames implements ByteFeed {
  readonly #form: Form
  readonly #registry: Registry
  readonly #queue: Deliveries
  readonly #encode: (delivery: Delivery) => readonly Uint8Array[]
  #stop: (() => void) | undefined
  /** Deliveries that do not fit into what was taken before. */
  #batch: readonly Delivery[] = []
  #next = 0
  /** That the client was too slow is still to be said. */
  #overflow = true

  constructor(registry: Registry, form: Form, queue: Deliveries, bookmarks: boolean, stop: () => void) {
    this.#form = form
    this.#registry = registry
    this.#queue = queue
    this.#encode = frameEncoder(registry, form, bookmarks)
    this.#stop = stop
  }

  get ended(): boolean {
    return this.#next >= this.#batch.length && this.#queue.ended && !(this.#overflow && this.#queue.overflowed)
  }

  take(): Uint8Array | undefined {
    let only: Uint8Array | undefined
    let parts: Uint8Array[] | undefined
    let size = 0
    while (size < blockBytes) {
      if (this.#next >= this.#batch.length) {
        this.#batch = this.#queue.take()
        this.#next = 0
      }
      const delivery = this.#batch[this.#next]
      if (!delivery) break
      this.#next++
      this.#registry.watchEvents++
      for (const part of this.#encode(delivery)) {
        // Mostly there is one.
        if (!only) only = part
        else if (parts) parts.push(part)
        else parts = [only, part]
        size += part.length
      }
    }
    if (only) return parts ? joined(parts, size) : only
    if (!this.#queue.overflowed || !this.#overflow) return undefined
    this.#overflow = false
    return errorFrame(this.#form, tooFarBehind().body)
  }

  whenReady(action: () => void): void {
    this.#queue.whenReady(action)
  }

  close(): void {
    this.#queue.leave()
    this.#stop?.()
    this.#stop = undefined
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      while (!this.ended) {
        const bytes = this.take()
        if (bytes) yield bytes
        else if (!this.ended) await new Promise<void>(resolve => this.whenReady(resolve))
      }
    } finally {
      this.close()
    }
  }
}

let lastParts: readonly Uint8Array[] = []
let lastJoined: Uint8Array = new Uint8Array(0)

/** Who watches the same gets the same: what was joined for one watcher serves the next. */
function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  if (parts.length !== lastParts.length || parts.some((part, i) => part !== lastParts[i])) {
    lastJoined = Buffer.concat(parts, size)
    lastParts = parts
  }
  return lastJoined
}

/** What ends a watch whose client reads too slowly. */
export const tooFarBehind = () => gone('the watch fell too far behind; start again from a new list')

/** The frame of a fault that ends a watch. `status` is of kind Status. */
export const errorFrame = (form: Form, status: object): Uint8Array => encodeFrame(form, 'ERROR', status, Status)

/** Turns deliveries into the parts of their frames. */
function frameEncoder(
  { resource, host }: Registry,
  form: Form,
  bookmarks: boolean,
): (delivery: Delivery) => readonly Uint8Array[] {
  const shared = form.as === 'object' && form.media === 'json'
  let headed = false
  const frame = (type: EventType | 'BOOKMARK', object: ApiObject): Uint8Array => {
    if (form.as === 'metadata')
      return encodeFrame(form, type, partial(object, resource, form.version), PartialObjectMetadata)
    if (form.as === 'object') return encodeFrame(form, type, object, resource.kind)
    const table = tableOf(resource, [{ object }], form, undefined, host.clock.now(), headed)
    headed = true
    return encodeFrame(form, type, table)
  }
  return delivery => {
    if ('present' in delivery)
      return shared ? jsonFrame('ADDED', delivery.present) : [frame('ADDED', delivery.present.object)]
    if ('event' in delivery) {
      const { event, type } = delivery
      return shared ? event.frame(type) : [frame(type, event.shown(type).object)]
    }
    return bookmarks ? [frame('BOOKMARK', shownBookmark(resource, delivery.bookmark, delivery.initialEventsEnd))] : []
  }
}

function encodeFrame(form: Form, type: string, object: object, kind?: Kind<unknown>): Uint8Array {
  if (form.media === 'protobuf' && kind) return encodeWatchFrame(type, encodeObject(kind, object))
  return Buffer.from(`${exactJson({ type, object })}\n`)
}
