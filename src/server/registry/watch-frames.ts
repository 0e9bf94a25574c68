import { PartialObjectMetadata, Status } from '../../machinery/meta/index.js'
import type { ApiObject } from '../../machinery/object.js'
import { gone } from '../../machinery/status-error.js'
import { encodeObject, encodeWatchFrame, type Kind } from '../../schema/index.js'
import { type Deliveries, type Delivery, type EventType, jsonFrame } from '../cache/cache-event.js'
import type { StoredObject } from '../cache/stored-object.js'
import type { Form } from './form.js'
import { apiVersionOf } from './read-body.js'
import type { Registry } from './registry.js'
import { partial } from './represent.js'
import { tableOf } from './table.js'

/** Frames that have gathered are written together, up to so many bytes. */
const blockBytes = 256 * 1024

/** A watch as bytes. `stop` is called once the stream has ended, however it did. */
export async function* watchFrames(
  registry: Registry,
  form: Form,
  queue: Deliveries,
  bookmarks: boolean,
  stop: () => void,
): AsyncGenerator<Uint8Array> {
  const encode = frameEncoder(registry, form, bookmarks)
  try {
    for await (const batch of queue) {
      let parts: Uint8Array[] = []
      let size = 0
      for (const delivery of batch) {
        for (const part of encode(delivery)) {
          parts.push(part)
          size += part.length
        }
        if (size < blockBytes) continue
        yield joined(parts, size)
        parts = []
        size = 0
      }
      if (size > 0) yield joined(parts, size)
    }
    if (queue.overflowed) yield encodeFrame(form, 'ERROR', tooFarBehind().body, Status)
  } finally {
    stop()
  }
}

/** What ends a watch whose client reads too slowly. */
export const tooFarBehind = () => gone('the watch fell too far behind; start again from a new list')

const joined = (parts: readonly Uint8Array[], size: number): Uint8Array =>
  parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts, size)

/** Turns deliveries into the parts of their frames. */
function frameEncoder(
  { resource, host }: Registry,
  form: Form,
  bookmarks: boolean,
): (delivery: Delivery) => readonly Uint8Array[] {
  const shared = form.as === 'object' && form.media === 'json'
  let headed = false
  const frame = (type: EventType, stored: StoredObject): Uint8Array => {
    if (form.as === 'metadata') return encodeFrame(form, type, partial(stored.object), PartialObjectMetadata)
    if (form.as === 'object') return encodeFrame(form, type, stored.object, resource.kind)
    const table = tableOf(resource, [stored], form, {}, host.clock.now(), headed)
    headed = true
    return encodeFrame(form, type, table)
  }
  return delivery => {
    if ('present' in delivery) return shared ? jsonFrame('ADDED', delivery.present) : [frame('ADDED', delivery.present)]
    if ('event' in delivery) {
      const { event, type } = delivery
      return [shared ? event.frame(type) : frame(type, event.shown(type))]
    }
    if (!bookmarks) return []
    const { kind } = resource
    const object = {
      kind: kind.gvk.kind,
      apiVersion: apiVersionOf(kind.gvk),
      ...bookmarkObject(delivery.bookmark, delivery.initialEventsEnd),
    }
    return [
      form.as === 'metadata'
        ? encodeFrame(form, 'BOOKMARK', partial(object), PartialObjectMetadata)
        : encodeFrame(form, 'BOOKMARK', object, kind),
    ]
  }
}

function encodeFrame(form: Form, type: string, object: object, kind?: Kind<unknown>): Uint8Array {
  if (form.media === 'protobuf' && kind) return encodeWatchFrame(type, encodeObject(kind, object))
  return Buffer.from(`${JSON.stringify({ type, object })}\n`)
}

const initialEventsEnd = 'k8s.io/initial-events-end'

/** Says that a watcher has seen everything up to a revision. */
export const bookmarkObject = (revision: number, ended: boolean): ApiObject => ({
  metadata: {
    resourceVersion: String(revision),
    ...(ended ? { annotations: { [initialEventsEnd]: 'true' } } : {}),
  },
})
