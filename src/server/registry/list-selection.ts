import { type ApiObject, keyOf } from '../../machinery/object.js'
import { gone, StatusError } from '../../machinery/status-error.js'
import { CompactedError, FutureRevisionError } from '../../storage/store.js'
import type { StoredObject } from '../cache/stored-object.js'
import { decodeContinue, encodeContinue, newestRevision } from './continue-token.js'
import type { ListOptions } from './list-options.js'
import type { Registry } from './registry.js'
import type { Selection } from './selection.js'

/** What a list shows, before it is encoded. */
export interface Listed {
  readonly items: readonly StoredObject[]
  readonly revision: number
  /** Token of the next page. */
  readonly continue?: string
  /** Items behind this page, where that is known. */
  readonly remaining?: number
}

/** Entries read from the store at a time when a selector may throw most of them away. */
const pieceOfHistory = 500

/** Finds what a list shows: from memory, or from the store's history for pages and versions of the past. */
export async function selectObjects(
  registry: Registry,
  namespace: string,
  selection: Selection<ApiObject>,
  options: ListOptions,
): Promise<Listed> {
  const { feed } = registry.host
  const keyPrefix = prefixOf(registry, namespace, selection)
  const { limit, match, revision } = options
  if (options.continue) {
    const position = decodeContinue(options.continue, keyPrefix ?? '')
    const shown = position.revision === newestRevision ? await registry.host.store.revision() : position.revision
    if (keyPrefix === undefined) return { items: [], revision: shown }
    return pageOfHistory(registry, keyPrefix, selection, limit, shown, position.after)
  }
  if (revision) await untilRevision(registry, revision)
  else await feed.consistent()
  if (keyPrefix === undefined) return { items: [], revision: feed.revision }
  if (registry.cache.prepare) await registry.cache.prepare(keyPrefix)
  const exact = revision && (match === 'Exact' || (match === '' && limit > 0))
  if (exact && revision !== feed.revision) return pageOfHistory(registry, keyPrefix, selection, limit, revision)
  // Whoever takes any version gets all of what is in memory at once.
  return pageOfCache(registry, keyPrefix, selection, revision === 0 ? 0 : limit)
}

/** The newest state, from memory. */
function pageOfCache(
  registry: Registry,
  keyPrefix: string,
  { matches, name }: Selection<ApiObject>,
  limit: number,
): Listed {
  const { revision } = registry.host.feed
  if (name !== undefined && (keyPrefix !== '' || !registry.resource.kind.namespaced)) {
    const stored = registry.cache.get(keyPrefix + name)
    return { items: stored && (!matches || matches(stored.object)) ? [stored] : [], revision }
  }
  const all = registry.cache.list(keyPrefix)
  const selected = matches ? all.filter(({ object }) => matches(object)) : all
  if (limit === 0 || selected.length <= limit) return { items: selected, revision }
  const items = selected.slice(0, limit)
  return {
    items,
    revision,
    continue: encodeContinue({ revision, after: lastKey(items) }),
    // With a selector upstream does not know how many are left.
    ...(matches ? {} : { remaining: selected.length - limit }),
  }
}

const lastKey = (items: readonly StoredObject[]): string => keyOf(items[items.length - 1]?.object.metadata ?? {})

const continueTooOld =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
  'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
  'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
  'deleted between the time the first chunk was returned and now may show up in the list.'

/** The state as of an older revision, from the store. */
async function pageOfHistory(
  registry: Registry,
  keyPrefix: string,
  { matches }: Selection<ApiObject>,
  limit: number,
  revision: number,
  position?: string,
): Promise<Listed> {
  const { store } = registry.host
  const folder = registry.cache.prefix
  const items: StoredObject[] = []
  let after = position === undefined ? undefined : folder + position
  try {
    for (;;) {
      const wanted = matches ? pieceOfHistory : limit - items.length
      const page = await store.list(folder + keyPrefix, {
        ...(limit > 0 ? { limit: wanted } : {}),
        ...(after ? { after } : {}),
        revision,
      })
      for (const [i, entry] of page.entries.entries()) {
        const stored = registry.cache.read(entry)
        if (matches && !matches(stored.object)) continue
        items.push(stored)
        const left = page.entries.length - i - 1 + page.remaining
        if (items.length === limit && left > 0)
          return {
            items,
            revision,
            continue: encodeContinue({ revision, after: entry.key.slice(folder.length) }),
            ...(matches ? {} : { remaining: left }),
          }
      }
      after = page.entries[page.entries.length - 1]?.key
      if (page.remaining === 0 || after === undefined) return { items, revision }
    }
  } catch (error) {
    if (error instanceof CompactedError)
      throw position === undefined
        ? gone('The resourceVersion for the provided list is too old.')
        : gone(continueTooOld, { continue: encodeContinue({ revision: newestRevision, after: position }) })
    if (error instanceof FutureRevisionError) throw tooLarge(revision, error.currentRevision)
    throw error
  }
}

/** Throws a 504 for a version that the store has not reached. */
export async function untilRevision({ host: { feed } }: Registry, revision: number): Promise<void> {
  if (feed.revision < revision) await feed.consistent()
  if (feed.revision < revision) throw tooLarge(revision, feed.revision)
}

const tooLarge = (asked: number, current: number): StatusError =>
  new StatusError(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })

/** Key prefix the selection is confined to; undefined if it can match nothing. */
export function prefixOf(registry: Registry, namespace: string, selection: Selection<ApiObject>): string | undefined {
  if (!registry.resource.kind.namespaced) return ''
  if (namespace && selection.namespace !== undefined && selection.namespace !== namespace) return undefined
  const within = namespace || selection.namespace || ''
  return within ? `${within}/` : ''
}
