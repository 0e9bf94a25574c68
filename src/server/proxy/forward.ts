import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { posix } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ConnectionOptions } from 'node:tls'
import type { ApiRequest, ApiResponse, RequestBody } from '../../machinery/http.js'
import { serviceUnavailable } from '../../machinery/status-error.js'
import { handleProxyUpgrade } from '../../machinery/streaming/index.js'
import { answerOf } from './answer.js'
import { reachFault } from './reach-fault.js'

/** Where a proxied request goes. */
export interface Backend {
  /** `http://10.0.0.1:80`. */
  readonly origin: string
  /** For https. */
  readonly tls: ConnectionOptions
}

/** Milliseconds until a backend must have taken a connection. */
const connectTimeout = 30_000

/**
 * Passes a request on to a backend and its answer back, as a reverse proxy. `rest` is the path below the proxy, decoded.
 * Throws a 503 if the backend cannot be reached, the reason of the request's signal if the client has gone.
 */
export async function forward(
  request: ApiRequest,
  decodedPath: string,
  rest: string,
  backend: Backend,
): Promise<ApiResponse> {
  const rawQuery = queryOf(request)
  const search = rawQuery ? `?${rawQuery}` : ''
  const { upgrade, method } = request
  const url = new URL(`${backend.origin}${escapePath(rest) || '/'}${search}`)
  const forwardedFor = [request.headers['x-forwarded-for'], request.remoteAddress].filter(Boolean).join(', ')
  if (upgrade) {
    const { socket, head, rawUrl } = upgrade
    await handleProxyUpgrade(
      { socket, head, request: { method, url: rawUrl, headers: request.headers } },
      { url, tls: backend.tls, headers: { host: hostOf(request), 'x-forwarded-for': forwardedFor } },
      { signal: request.signal },
    )
    return { status: 101, headers: {}, body: { kind: 'upgraded' } }
  }
  // Relative links of a page lead below the proxy only if its own path ends with a slash.
  if (rest === '' && (method === 'GET' || method === 'HEAD'))
    return {
      status: 301,
      headers: { location: `${escapePath(decodedPath)}/${search}`, 'cache-control': 'no-cache, private' },
      body: { kind: 'none' },
    }
  const prefix = decodedPath.slice(0, decodedPath.length - rest.length)
  const headers = {
    ...forwardedHeaders(request),
    host: hostOf(request),
    'x-forwarded-for': forwardedFor,
    'x-forwarded-uri': posix.join(prefix, escapePath(rest) || '/'),
  }
  const message = await send(request, url, headers, backend)
  return answerOf(message, method, { prefix, backendHost: url.host, clientHost: hostOf(request) })
}

function send(
  request: ApiRequest,
  url: URL,
  headers: { readonly [name: string]: string },
  { tls }: Backend,
): Promise<IncomingMessage> {
  const { method, signal } = request
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const options = { method, headers, signal, agent: false, timeout: connectTimeout }
    const sent = url.protocol === 'https:' ? httpsRequest(url, { ...options, ...tls }) : httpRequest(url, options)
    sent.on('socket', socket =>
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => sent.setTimeout(0)),
    )
    sent.on('timeout', () => sent.destroy(new Error(`dial tcp ${url.host}: i/o timeout`)))
    sent.on('response', resolve)
    sent.on('error', error =>
      reject(
        signal.aborted ? signal.reason : serviceUnavailable(`error trying to reach service: ${reachFault(error, url)}`),
      ),
    )
    const body = bodyOf(request)
    // A backend may answer and hang up before it has read everything: that is its right.
    if (body) pipeline(body, sent).catch(() => {})
    else sent.end()
  })
}

function bodyOf({ body }: ApiRequest): AsyncIterable<Uint8Array> | Readable | undefined {
  if (body.kind === 'none') return undefined
  if (body.kind === 'object') return Readable.from([Buffer.from(JSON.stringify(body.value))])
  return body.open?.() ?? wholeOf(body)
}

async function* wholeOf(body: Extract<RequestBody, { kind: 'bytes' }>): AsyncGenerator<Uint8Array> {
  yield await body.read(Number.MAX_SAFE_INTEGER)
}

/** Headers of one connection only, and those that prove to this server who the client is. */
const withheld =
  /^(?::.*|host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|http2-settings|authorization|proxy-.*|impersonate-.*|x-remote-.*)$/

function forwardedHeaders({ headers }: ApiRequest): { [name: string]: string } {
  const named = new Set((headers.connection ?? '').split(',').map(name => name.trim().toLowerCase()))
  const forwarded: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !withheld.test(name) && !named.has(name)) forwarded[name] = value
  return forwarded
}

const hostOf = ({ headers }: ApiRequest): string => headers[':authority'] ?? headers.host ?? ''

/** The query as the client wrote it. */
function queryOf({ target, headers, query }: ApiRequest): string {
  const written = target ?? headers[':path']
  if (written === undefined) return query.toString()
  const mark = written.indexOf('?')
  return mark < 0 ? '' : written.slice(mark + 1)
}

/** A decoded path in the form it has in a URL. */
const escapePath = (path: string): string =>
  encodeURI(path).replace(/[?#!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
