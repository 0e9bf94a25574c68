import { setMaxListeners } from 'node:events'
import type { ApiRequest, ApiResponse, Handler } from '../machinery/http.js'
import type { ApiObject } from '../machinery/object.js'
import { StatusError, serviceUnavailable } from '../machinery/status-error.js'
import type { Kind } from '../schema/index.js'
import type {
  Client,
  DeleteOptions,
  ListOptions,
  ListResult,
  ObjectRef,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.js'
import { jsonLines } from './json-lines.js'

const patchTypes: { readonly [type in Patch['type']]: string } = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

const initialEventsEnd = 'k8s.io/initial-events-end'

/**
 * A client over a transport: a server's own `handle` (the direct transport: objects, no bytes) or `httpsTransport`.
 * `defaults` are laid under every request: the direct transport's user, a User-Agent.
 */
export function apiClient(transport: Handler, defaults: Partial<ApiRequest> = {}): Client {
  const request: Client['request'] = partial => {
    const signal = partial.signal ?? defaults.signal ?? neverAborts
    // Many requests under way may listen to one signal.
    setMaxListeners(0, signal)
    const query = partial.query ?? new URLSearchParams()
    return transport({
      body: { kind: 'none' },
      remoteAddress: '',
      ...defaults,
      ...partial,
      signal,
      query,
      headers: { accept: 'application/json', ...defaults.headers, ...partial.headers },
    })
  }

  const ask = async <T>(partial: Parameters<Client['request']>[0]): Promise<T> => {
    const response = await request(partial)
    const value = await answerValue(response)
    if (response.status >= 400) throw StatusError.from((value ?? {}) as object, response.status)
    return value as T
  }

  const write = <T>(
    method: string,
    path: string,
    body: unknown,
    options: WriteOptions,
    contentType = 'application/json',
  ) =>
    ask<T>({
      method,
      path: options.subresource ? `${path}/${options.subresource}` : path,
      query: writeQuery(options),
      headers: { 'content-type': contentType },
      body: { kind: 'object', value: body },
      ...signalOf(options),
    })

  const client: Client = {
    request,
    get: (kind, ref, options = {}) =>
      ask({
        method: 'GET',
        path: pathOf(kind, ref.namespace, ref.name ?? ''),
        query: new URLSearchParams(options.resourceVersion ? { resourceVersion: options.resourceVersion } : {}),
        ...signalOf(options),
      }),
    async list<T extends ApiObject, I>(kind: Kind<T, I>, options: ListOptions = {}): Promise<ListResult<T>> {
      const { items, metadata } = await ask<{
        items: readonly T[] | null
        metadata: { resourceVersion?: string; continue?: string; remainingItemCount?: number }
      }>({
        method: 'GET',
        path: pathOf(kind, options.namespace),
        query: listQuery(options),
        ...(options.metadataOnly ? { headers: { accept: metadataOf('PartialObjectMetadataList') } } : {}),
        ...signalOf(options),
      })
      return {
        items: items ?? [],
        resourceVersion: metadata.resourceVersion ?? '',
        ...(metadata.continue ? { continue: metadata.continue } : {}),
        ...(metadata.remainingItemCount ? { remainingItemCount: metadata.remainingItemCount } : {}),
      }
    },
    async *watch<T extends ApiObject, I>(kind: Kind<T, I>, options: WatchOptions = {}): AsyncGenerator<WatchEvent<T>> {
      const { signal } = options
      const query = listQuery(options)
      query.set('watch', 'true')
      if (options.allowBookmarks || options.sendInitialEvents) query.set('allowWatchBookmarks', 'true')
      if (options.sendInitialEvents) {
        query.set('sendInitialEvents', 'true')
        query.set('resourceVersionMatch', 'NotOlderThan')
      }
      if (options.timeoutSeconds) query.set('timeoutSeconds', String(options.timeoutSeconds))
      try {
        const response = await request({
          method: 'GET',
          path: pathOf(kind, options.namespace),
          query,
          ...(options.metadataOnly ? { headers: { accept: metadataOf('PartialObjectMetadata') } } : {}),
          ...(signal ? { signal } : {}),
        })
        if (response.status >= 400)
          throw StatusError.from(((await answerValue(response)) ?? {}) as object, response.status)
        for await (const event of eventsOf(response)) yield watchEvent<T>(event)
      } catch (error) {
        if (!signal?.aborted) throw error
      }
    },
    create: (kind, object, options = {}) =>
      write('POST', pathOf(kind, (object as { metadata?: ObjectRef }).metadata?.namespace), object, options),
    update(kind, object, options = {}) {
      const { metadata = {} } = object as { metadata?: ObjectRef }
      return write('PUT', pathOf(kind, metadata.namespace, metadata.name ?? ''), object, options)
    },
    patch(kind, ref, patch, options = {}) {
      const query = writeQuery(options)
      if (patch.type === 'apply' && patch.force) query.set('force', 'true')
      return ask({
        method: 'PATCH',
        path: pathOf(kind, ref.namespace, ref.name ?? '') + (options.subresource ? `/${options.subresource}` : ''),
        query,
        headers: { 'content-type': patchTypes[patch.type] },
        body: { kind: 'object', value: patch.body },
        ...signalOf(options),
      })
    },
    async delete(kind, ref, options = {}) {
      await ask({
        method: 'DELETE',
        path: pathOf(kind, ref.namespace, ref.name ?? ''),
        ...deletionBody(options),
        ...signalOf(options),
      })
    },
    async deleteCollection(kind, options = {}) {
      await ask({
        method: 'DELETE',
        path: pathOf(kind, options.namespace),
        query: listQuery(options),
        ...deletionBody(options),
        ...signalOf(options),
      })
    },
    post: (kind, ref, subresource, body, options = {}) =>
      write('POST', `${pathOf(kind, ref.namespace, ref.name ?? '')}/${subresource}`, body, options),
  }
  return client
}

const metadataOf = (kind: string): string => `application/json;as=${kind};g=meta.k8s.io;v=v1`

const neverAborts = new AbortController().signal

const signalOf = ({ signal }: { readonly signal?: AbortSignal }): { signal?: AbortSignal } => (signal ? { signal } : {})

/** `/api/v1/namespaces/NS/pods/NAME`; without a name the collection, without a namespace that of all namespaces. */
export function pathOf<T, I>({ gvk, plural, namespaced }: Kind<T, I>, namespace?: string, name?: string): string {
  const root = gvk.group ? `/apis/${gvk.group}/${gvk.version}` : `/api/${gvk.version}`
  const within = namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  if (name === '') throw new StatusError(400, 'BadRequest', `the name of the ${gvk.kind} is missing`)
  return `${root}${within}/${plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`
}

function writeQuery({ fieldManager, dryRun }: WriteOptions): URLSearchParams {
  const query = new URLSearchParams()
  if (fieldManager) query.set('fieldManager', fieldManager)
  if (dryRun) query.set('dryRun', 'All')
  return query
}

function listQuery(options: ListOptions): URLSearchParams {
  const query = new URLSearchParams()
  for (const name of [
    'labelSelector',
    'fieldSelector',
    'continue',
    'resourceVersion',
    'resourceVersionMatch',
  ] as const) {
    const value = options[name]
    if (value !== undefined) query.set(name, value)
  }
  if (options.limit) query.set('limit', String(options.limit))
  return query
}

function deletionBody({
  gracePeriodSeconds,
  propagationPolicy,
  preconditions,
}: DeleteOptions): Pick<ApiRequest, 'body' | 'headers'> {
  return {
    headers: { 'content-type': 'application/json' },
    body: {
      kind: 'object',
      value: {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
        ...(propagationPolicy ? { propagationPolicy } : {}),
        ...(preconditions ? { preconditions } : {}),
      },
    },
  }
}

/** The value of an answer, whichever way it came. */
async function answerValue({ body }: ApiResponse): Promise<unknown> {
  switch (body.kind) {
    case 'object':
      return body.value
    case 'bytes':
      return parsed(Buffer.concat(body.chunks))
    case 'stream': {
      const chunks: Uint8Array[] = []
      for await (const chunk of body.chunks) chunks.push(chunk)
      return parsed(Buffer.concat(chunks))
    }
    default:
      return undefined
  }
}

function parsed(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined
  try {
    return JSON.parse(bytes.toString())
  } catch {
    // Something between us and the server answered in its own words.
    return { message: bytes.subarray(0, 500).toString() }
  }
}

interface WireEvent {
  readonly type: string
  readonly object: unknown
}

function eventsOf({ body }: ApiResponse): AsyncIterable<WireEvent> {
  if (body.kind === 'objects') return body.values as AsyncIterable<WireEvent>
  if (body.kind === 'stream' || body.kind === 'bytes') return jsonLines(body.chunks) as AsyncIterable<WireEvent>
  throw serviceUnavailable('the server answered a watch with something else')
}

function watchEvent<T extends ApiObject>({ type, object }: WireEvent): WatchEvent<T> {
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: object as T }
    case 'BOOKMARK': {
      const { metadata } = object as ApiObject
      return {
        type,
        resourceVersion: metadata.resourceVersion ?? '',
        initialEventsEnd: metadata.annotations?.[initialEventsEnd] === 'true',
      }
    }
    default: {
      const status = object as { code?: number }
      throw StatusError.from(status, status.code ?? 500)
    }
  }
}
