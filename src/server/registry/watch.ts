import type { ApiResponse } from '../../machinery/http.js'
import type { ApiObject } from '../../machinery/object.js'
import { badRequest, StatusError } from '../../machinery/status-error.js'
import { encodeWatchFrame } from '../../schema/index.js'
import type { Delivery, WatchFilter } from '../cache/resource-cache.js'
import type { StoredObject } from '../cache/stored-object.js'
import type { RequestContext } from '../pipeline.js'
import { isTrue } from '../request-info.js'
import { chooseForm, type Form } from './form.js'
import { prefixOf } from './list.js'
import { apiVersionOf } from './read-body.js'
import type { Registry } from './registry.js'
import { encodeObject, partial } from './represent.js'
import { selectionOf } from './selection.js'
import { tableOf } from './table.js'

/** A watch without a timeout of its own ends after 30 to 60 minutes, spread so that clients do not return at once. */
const minimumWatchSeconds = 1800

/** Watch: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes */
export async function watchObjects(
  context: RequestContext,
  registry: Registry,
  namespace: string,
  name: string,
): Promise<ApiResponse> {
  const { request } = context
  const { query } = request
  const { feed, clock } = registry.host
  const selection = selectionOf(query, registry.resource)
  const keyPrefix = prefixOf(registry, namespace, selection)
  const filter = filterOf(registry, keyPrefix, name || selection.name, selection.matches)
  const version = query.get('resourceVersion') ?? ''
  if (version !== '' && !/^\d+$/.test(version))
    throw badRequest(
      `resourceVersion: Invalid value: "${version}": strconv.ParseUint: parsing "${version}": invalid syntax`,
    )
  const bookmarks = isTrue(query.get('allowWatchBookmarks'))
  const sendInitial = query.get('sendInitialEvents')
  const initial = sendInitial === null ? version === '' || version === '0' : isTrue(sendInitial)
  if (initial || version === '') await feed.consistent()
  if (Number(version) > feed.revision) await feed.consistent()

  const ending = new AbortController()
  const end = () => ending.abort()
  request.signal.addEventListener('abort', end, { once: true })
  const seconds = Number(query.get('timeoutSeconds')) || minimumWatchSeconds * (1 + Math.random())
  const timer = clock.after(seconds * 1000, end)
  const queue = await registry.cache.watch(
    filter,
    initial
      ? { initial: true, bookmark: bookmarks && isTrue(sendInitial) }
      : version === ''
        ? feed.revision
        : Number(version),
    ending.signal,
  )
  const stop = () => {
    timer[Symbol.dispose]()
    request.signal.removeEventListener('abort', end)
    ending.abort()
  }

  if (request.user)
    return { status: 200, headers: {}, body: { kind: 'objects', values: direct(queue, bookmarks, stop) } }
  const form = chooseForm(request, true)
  return {
    status: 200,
    headers: {
      'content-type': form.media === 'protobuf' ? `${form.contentType};stream=watch` : form.contentType,
      'cache-control': 'no-cache, private',
    },
    body: { kind: 'stream', chunks: frames(registry, form, queue, bookmarks, stop) },
  }
}

function filterOf(
  registry: Registry,
  keyPrefix: string | undefined,
  name: string | undefined,
  matches: ((object: ApiObject) => boolean) | undefined,
): WatchFilter<ApiObject> {
  // A selection of two namespaces at once matches nothing; NUL is in no key.
  if (keyPrefix === undefined) return { keyPrefix: '\0' }
  if (name === undefined || name === '' || (keyPrefix === '' && registry.resource.kind.namespaced))
    return { keyPrefix, ...(matches ? { matches } : {}) }
  const key = keyPrefix + name
  return {
    keyPrefix: key,
    matches: object => object.metadata.name === name && (!matches || matches(object)),
  }
}

async function* direct(
  queue: AsyncIterable<readonly Delivery[]>,
  bookmarks: boolean,
  stop: () => void,
): AsyncGenerator<unknown> {
  try {
    for await (const batch of queue)
      for (const delivery of batch) {
        if ('bookmark' in delivery) {
          if (bookmarks)
            yield { type: 'BOOKMARK', object: bookmarkObject(delivery.bookmark, delivery.initialEventsEnd) }
        } else yield { type: delivery.type, object: shown(delivery).object }
      }
  } finally {
    stop()
  }
}

/** The object an event shows: one that leaves the selection is announced as it last was, at the new version. */
function shown({ type, event }: Extract<Delivery, { event: unknown }>): StoredObject {
  if (type === 'DELETED' && event.type !== 'DELETED' && event.previous) return event.previous.at(event.revision)
  return event.stored
}

async function* frames(
  registry: Registry,
  form: Form,
  queue: AsyncIterable<readonly Delivery[]> & { readonly overflowed: boolean },
  bookmarks: boolean,
  stop: () => void,
): AsyncGenerator<Uint8Array> {
  const { resource, host } = registry
  let headed = false
  const encode = (delivery: Delivery): Uint8Array | undefined => {
    if ('bookmark' in delivery) {
      if (!bookmarks) return undefined
      const object = {
        kind: resource.kind.gvk.kind,
        apiVersion: apiVersionOf(resource.kind.gvk),
        ...bookmarkObject(delivery.bookmark, delivery.initialEventsEnd),
      }
      return encodeFrame(registry, form, 'BOOKMARK', object)
    }
    const stored = shown(delivery)
    if (form.as === 'object' && form.media === 'json') return stored.frame(delivery.type)
    if (form.as === 'table') {
      const table = tableOf(resource, [stored], form, {}, host.clock.now(), headed)
      headed = true
      return encodeFrame(registry, form, delivery.type, table)
    }
    return encodeFrame(registry, form, delivery.type, form.as === 'metadata' ? partial(stored.object) : stored.object)
  }
  try {
    for await (const batch of queue) {
      const parts: Uint8Array[] = []
      for (const delivery of batch) {
        const frame = encode(delivery)
        if (frame) parts.push(frame)
      }
      if (parts.length === 1 && parts[0]) yield parts[0]
      else if (parts.length > 1) yield Buffer.concat(parts)
    }
    if (queue.overflowed) {
      const { body } = new StatusError(410, 'Expired', 'the watch fell too far behind; start again from a new list')
      yield Buffer.from(`${JSON.stringify({ type: 'ERROR', object: body })}\n`)
    }
  } finally {
    stop()
  }
}

const initialEventsEnd = 'k8s.io/initial-events-end'

const bookmarkObject = (revision: number, ended: boolean): ApiObject => ({
  metadata: {
    resourceVersion: String(revision),
    ...(ended ? { annotations: { [initialEventsEnd]: 'true' } } : {}),
  },
})

function encodeFrame(registry: Registry, form: Form, type: string, object: object): Uint8Array {
  if (form.media === 'protobuf' && form.as === 'object')
    return encodeWatchFrame(type, encodeObject(registry, object as ApiObject))
  return Buffer.from(`${JSON.stringify({ type, object })}\n`)
}
