import type { ApiResponse } from '../../machinery/http.js'
import type { ApiObject } from '../../machinery/object.js'
import { isGone } from '../../machinery/status-error.js'
import type { Deliveries, WatchFilter } from '../cache/cache-event.js'
import type { RequestContext } from '../pipeline.js'
import { bookmarkObject } from './bookmark.js'
import { chooseForm, type Form } from './form.js'
import { watchOptions } from './list-options.js'
import { prefixOf } from './list-selection.js'
import type { Registry } from './registry.js'
import { type Selection, selectionOf } from './selection.js'
import { errorFrame, tooFarBehind, WatchFrames } from './watch-frames.js'

/** A watch without a timeout of its own ends after 30 to 60 minutes, spread so that clients do not return at once. */
const defaultWatchSeconds = 1800

/** Watch: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes */
export async function watchObjects(
  context: RequestContext,
  registry: Registry,
  namespace: string,
  name: string,
): Promise<ApiResponse> {
  const { request } = context
  const { feed, clock, minimumWatchSeconds = defaultWatchSeconds } = registry.host
  const form = request.user ? undefined : chooseForm(request, true, registry.resource.kind)
  const selection = selectionOf(request.query, registry.resource)
  const options = watchOptions(request.query)
  const keyPrefix = prefixOf(registry, namespace, selection)
  const filter = filterOf(registry, keyPrefix, name, selection)
  const initial = options.sendInitialEvents ?? !options.revision
  if (!options.revision || options.revision > feed.revision) await feed.consistent()

  const ending = new AbortController()
  const end = () => ending.abort()
  const seconds = options.timeoutSeconds || minimumWatchSeconds * (1 + Math.random())
  const timer = clock.after(seconds * 1000, end)
  request.signal.addEventListener('abort', end, { once: true })
  if (request.signal.aborted) end()
  const stop = () => {
    timer[Symbol.dispose]()
    request.signal.removeEventListener('abort', end)
    ending.abort()
  }
  try {
    const queue = await registry.cache.watch(
      filter,
      initial
        ? { initial: true, bookmark: options.bookmarks && options.sendInitialEvents === true }
        : options.revision || feed.revision,
      ending.signal,
    )
    if (!form)
      return { status: 200, headers: {}, body: { kind: 'objects', values: direct(queue, options.bookmarks, stop) } }
    return {
      status: 200,
      headers: headersOf(form),
      body: { kind: 'stream', chunks: new WatchFrames(registry, form, queue, options.bookmarks, stop) },
    }
  } catch (error) {
    stop()
    // Who has asked properly hears of what is wrong from the watch itself.
    if (isGone(error)) return endedAtOnce(error.body, form)
    throw error
  }
}

/** A watch that says why it cannot be, and no more. */
const endedAtOnce = (fault: object, form: Form | undefined): ApiResponse =>
  form
    ? { status: 200, headers: headersOf(form), body: { kind: 'bytes', chunks: [errorFrame(form, fault)] } }
    : { status: 200, headers: {}, body: { kind: 'objects', values: errorAlone(fault) } }

async function* errorAlone(object: object): AsyncGenerator<WatchedObject> {
  yield { type: 'ERROR', object }
}

const headersOf = (form: Form) => ({
  'content-type': form.media === 'protobuf' ? `${form.contentType};stream=watch` : form.contentType,
  'cache-control': 'no-cache, private',
})

function filterOf(
  registry: Registry,
  keyPrefix: string | undefined,
  pathName: string,
  { name: selected, matches, matchesNamed }: Selection<ApiObject>,
): WatchFilter<ApiObject> {
  const name = pathName || selected
  // A selection of two namespaces at once matches nothing; NUL is in no key.
  if (keyPrefix === undefined) return { keyPrefix: '\0' }
  if (!name || (keyPrefix === '' && registry.resource.kind.namespaced))
    return { keyPrefix, ...(matches ? { matches } : {}) }
  // Whoever watches one object by its name needs nothing looked at.
  const test = pathName ? matches : matchesNamed
  return { keyPrefix: keyPrefix + name, whole: true, ...(test ? { matches: test } : {}) }
}

interface WatchedObject {
  readonly type: string
  readonly object: unknown
}

/** A watch for the direct transport: objects instead of bytes. */
async function* direct(queue: Deliveries, bookmarks: boolean, stop: () => void): AsyncGenerator<WatchedObject> {
  try {
    for await (const batch of queue)
      for (const delivery of batch) {
        if ('present' in delivery) yield { type: 'ADDED', object: delivery.present.object }
        else if ('event' in delivery) yield { type: delivery.type, object: delivery.event.shown(delivery.type).object }
        else if (bookmarks)
          yield { type: 'BOOKMARK', object: bookmarkObject(delivery.bookmark, delivery.initialEventsEnd) }
      }
    if (queue.overflowed) yield { type: 'ERROR', object: tooFarBehind().body }
  } finally {
    stop()
  }
}
