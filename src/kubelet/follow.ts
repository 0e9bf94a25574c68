import type { Client, ListOptions } from '../client/client.js'
import { type Clock, sleep } from '../machinery/clock.js'
import { type ApiObject, keyOf } from '../machinery/object.js'
import { isGone } from '../machinery/status-error.js'
import type { Kind } from '../schema/index.js'

/** What `follow` tells of the objects of one kind. */
export type Change<T> =
  /** All there is at this moment; what is not in it is gone. */
  | { readonly type: 'all'; readonly objects: readonly T[] }
  | { readonly type: 'set' | 'gone'; readonly object: T }
  /** The API server cannot be asked, or refuses to answer. It is asked again. */
  | { readonly type: 'trouble'; readonly error: unknown }

const retryDelays = { first: 100, last: 10_000 }

/**
 * Follows the objects that a selection stands for until the signal aborts: first all of them, then every change. Lost
 * watches are taken up where they ended; the API server may be away for any time.
 */
export async function* follow<T extends ApiObject, I>(
  client: Client,
  kind: Kind<T, I>,
  selection: Pick<ListOptions, 'namespace' | 'fieldSelector' | 'labelSelector'>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<Change<T>, void, undefined> {
  let version: string | undefined
  let failures = 0
  while (!signal.aborted) {
    try {
      if (version === undefined) {
        const { items, resourceVersion } = await client.list(kind, { ...selection, signal })
        version = resourceVersion
        yield { type: 'all', objects: items }
      }
      for await (const event of client.watch(kind, {
        ...selection,
        resourceVersion: version,
        allowBookmarks: true,
        signal,
      })) {
        failures = 0
        if (event.type === 'BOOKMARK') {
          version = event.resourceVersion
          continue
        }
        version = event.object.metadata.resourceVersion ?? version
        yield { type: event.type === 'DELETED' ? 'gone' : 'set', object: event.object }
      }
      // A server that ends watches at once must not be asked in a loop without breath.
      await sleep(clock, retryDelays.first, signal).catch(() => {})
    } catch (error) {
      if (signal.aborted) return
      // One failure may be a lost connection: the watch goes on where it was. After more, the server may be another one.
      if (isGone(error) || ++failures > 1) version = undefined
      if (!isGone(error)) yield { type: 'trouble', error }
      await sleep(clock, Math.min(retryDelays.first * 2 ** failures, retryDelays.last), signal).catch(() => {})
    }
  }
}

/** Keeps the objects that a selection stands for at hand; `changed` is told of each change after it is in the map. */
export async function keepCopy<T extends ApiObject>(
  copy: Map<string, T>,
  changes: AsyncIterable<Change<T>>,
  changed: (change: Change<T>) => void,
): Promise<void> {
  for await (const change of changes) {
    if (change.type === 'all') {
      copy.clear()
      for (const object of change.objects) copy.set(keyOf(object.metadata), object)
    } else if (change.type === 'set') copy.set(keyOf(change.object.metadata), change.object)
    else if (change.type === 'gone') copy.delete(keyOf(change.object.metadata))
    changed(change)
  }
}
