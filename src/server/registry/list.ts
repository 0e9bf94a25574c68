import type { ApiResponse } from '../../machinery/http.js'
import { listOf } from '../../machinery/meta/index.js'
import type { ApiObject } from '../../machinery/object.js'
import { badRequest, gone, StatusError } from '../../machinery/status-error.js'
import { encodeObject } from '../../schema/index.js'
import { CompactedError, FutureRevisionError } from '../../storage/store.js'
import { StoredObject } from '../cache/stored-object.js'
import type { RequestContext } from '../pipeline.js'
import { type ContinueToken, decodeContinue, encodeContinue } from './continue-token.js'
import { chooseForm, type Form } from './form.js'
import { apiVersionOf } from './read-body.js'
import type { Registry } from './registry.js'
import { encoded, partial, valueResponse } from './represent.js'
import { type Selection, selectionOf } from './selection.js'
import { tableOf } from './table.js'

/** What a list shows, before it is encoded. */
interface Listed {
  readonly items: readonly StoredObject[]
  readonly revision: number
  readonly continue?: string
  readonly remaining?: number
}

/** Bytes gathered before a part of a long list is written. */
const blockBytes = 256 * 1024

/** GET on a collection: https://kubernetes.io/docs/reference/using-api/api-concepts/#collections */
export async function listObjects(
  context: RequestContext,
  registry: Registry,
  namespace: string,
): Promise<ApiResponse> {
  const listed = await selectObjects(registry, namespace, context.request.query)
  const metadata = {
    resourceVersion: String(listed.revision),
    ...(listed.continue ? { continue: listed.continue } : {}),
    ...(listed.remaining ? { remainingItemCount: listed.remaining } : {}),
  }
  const { kind } = registry.resource
  if (context.request.user) {
    const items = listed.items.map(({ object }) => object)
    return {
      status: 200,
      headers: {},
      body: {
        kind: 'object',
        value: { kind: `${kind.gvk.kind}List`, apiVersion: apiVersionOf(kind.gvk), metadata, items },
      },
    }
  }
  const form = chooseForm(context.request)
  if (form.as === 'table')
    return valueResponse(200, form, tableOf(registry.resource, listed.items, form, metadata, registry.host.clock.now()))
  if (form.as === 'metadata')
    return valueResponse(200, form, {
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      metadata,
      items: listed.items.map(({ object }) => partial(object)),
    })
  if (form.media === 'json') return jsonList(registry, listed.items, metadata, form)
  const items = listed.items.map(({ object }) => withoutType(object))
  const value = { kind: `${kind.gvk.kind}List`, apiVersion: apiVersionOf(kind.gvk), metadata, items }
  if (form.media === 'yaml') return valueResponse(200, form, value)
  return encoded(200, form, encodeObject(listOf(kind), value as never))
}

function withoutType({ kind: _kind, apiVersion: _apiVersion, ...rest }: ApiObject): object {
  return rest
}

/** Strings the items' bytes together: nothing is encoded again. */
function jsonList(registry: Registry, items: readonly StoredObject[], metadata: object, form: Form): ApiResponse {
  const { gvk } = registry.resource.kind
  const head = Buffer.from(
    `{"kind":"${gvk.kind}List","apiVersion":"${apiVersionOf(gvk)}","metadata":${JSON.stringify(metadata)},"items":[`,
  )
  const blocks: Buffer[] = []
  let block: Buffer[] = [head]
  let size = head.length
  items.forEach((item, i) => {
    const tail = item.itemTail
    block.push(i === 0 ? openItem : nextItem, tail)
    size += tail.length + 2
    if (size >= blockBytes) {
      blocks.push(Buffer.concat(block))
      block = []
      size = 0
    }
  })
  block.push(listEnd)
  blocks.push(Buffer.concat(block))
  return {
    status: 200,
    headers: { 'content-type': form.contentType, 'cache-control': 'no-cache, private' },
    body: { kind: 'bytes', chunks: blocks },
  }
}

const openItem = Buffer.from('{')
const nextItem = Buffer.from(',{')
const listEnd = Buffer.from(']}\n')

async function selectObjects(registry: Registry, namespace: string, query: URLSearchParams): Promise<Listed> {
  const selection = selectionOf(query, registry.resource)
  const limit = parseLimit(query.get('limit'))
  const token = query.get('continue')
  const version = query.get('resourceVersion') ?? ''
  const match = query.get('resourceVersionMatch') ?? ''
  if (match && !version) throw badRequest('resourceVersionMatch is forbidden unless resourceVersion is provided')
  const keyPrefix = prefixOf(registry, namespace, selection)
  if (keyPrefix === undefined) {
    await registry.host.feed.consistent()
    return { items: [], revision: registry.host.feed.revision }
  }
  if (token) {
    const position = decodeContinue(token)
    return pageOfHistory(registry, keyPrefix, selection, limit, position.revision, position)
  }
  const asked = version === '' ? 0 : Number(version)
  if (!Number.isSafeInteger(asked) || asked < 0)
    throw badRequest(
      `resourceVersion: Invalid value: "${version}": strconv.ParseUint: parsing "${version}": invalid syntax`,
    )
  const exact = asked > 0 && (match === 'Exact' || (match === '' && limit > 0))
  if (exact && asked !== registry.host.feed.revision)
    return pageOfHistory(registry, keyPrefix, selection, limit, asked, undefined)
  await (asked > 0 ? untilRevision(registry, asked) : registry.host.feed.consistent())
  return pageOfCache(registry, keyPrefix, selection, limit)
}

/** The newest state, from memory. */
function pageOfCache<T extends ApiObject>(
  registry: Registry<T>,
  keyPrefix: string,
  selection: Selection<T>,
  limit: number,
): Listed {
  const { revision } = registry.host.feed
  if (selection.name !== undefined) {
    const stored = registry.cache.get(keyPrefix + selection.name)
    const items = stored && (!selection.matches || selection.matches(stored.object)) ? [stored] : []
    // A name without its namespace selects in all of them.
    if (items.length > 0 || keyPrefix !== '' || !registry.resource.kind.namespaced) return listedOf(items, revision)
  }
  const items: StoredObject<T>[] = []
  const all = registry.cache.keys(keyPrefix)
  for (const [i, key] of all.entries()) {
    const stored = registry.cache.get(key)
    if (!stored || (selection.matches && !selection.matches(stored.object))) continue
    if (limit > 0 && items.length === limit) {
      const last = items[items.length - 1]
      return {
        ...listedOf(items, revision),
        continue: encodeContinue({ revision, after: last ? keyInStore(last) : '' }),
        // With a selector the rest is not counted: counting would mean looking at all of it.
        ...(selection.matches ? {} : { remaining: all.length - i }),
      }
    }
    items.push(stored)
  }
  return listedOf(items, revision)
}

const keyInStore = ({ object: { metadata } }: StoredObject<ApiObject>): string =>
  metadata.namespace ? `${metadata.namespace}/${metadata.name ?? ''}` : (metadata.name ?? '')

const listedOf = (items: readonly StoredObject<ApiObject>[], revision: number): Listed => ({
  items: items as readonly StoredObject[],
  revision,
})

/** The state as of an older revision, from the store. */
async function pageOfHistory(
  registry: Registry,
  keyPrefix: string,
  selection: Selection<ApiObject>,
  limit: number,
  revision: number,
  position: ContinueToken | undefined,
): Promise<Listed> {
  const prefix = registry.cache.prefix + keyPrefix
  const items: StoredObject[] = []
  let after = position ? registry.cache.prefix + position.after : undefined
  try {
    for (;;) {
      const page = await registry.host.store.list(prefix, {
        ...(limit > 0 ? { limit: limit - items.length } : {}),
        ...(after ? { after } : {}),
        revision,
      })
      for (const entry of page.entries) {
        const stored = new StoredObject(entry.value, entry.revision)
        if (!selection.matches || selection.matches(stored.object)) items.push(stored)
      }
      const last = page.entries[page.entries.length - 1]
      if (page.remaining === 0 || !last) return { items, revision }
      if (limit > 0 && items.length >= limit)
        return {
          items,
          revision,
          continue: encodeContinue({ revision, after: last.key.slice(registry.cache.prefix.length) }),
          ...(selection.matches ? {} : { remaining: page.remaining }),
        }
      after = last.key
    }
  } catch (error) {
    if (error instanceof CompactedError)
      throw gone(
        position
          ? 'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.'
          : `The resourceVersion for the provided list is too old.`,
      )
    if (error instanceof FutureRevisionError) throw tooLarge(revision, error.currentRevision)
    throw error
  }
}

/** Waits shortly for a version the store has not reached: another server may be ahead of this one. */
async function untilRevision(registry: Registry, revision: number): Promise<void> {
  await registry.host.feed.consistent()
  if (registry.host.feed.revision >= revision) return
  throw tooLarge(revision, registry.host.feed.revision)
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

function parseLimit(text: string | null): number {
  if (!text) return 0
  const limit = Number(text)
  if (!Number.isSafeInteger(limit) || limit < 0)
    throw badRequest(`limit: Invalid value: "${text}": must be a non-negative integer`)
  return limit
}
