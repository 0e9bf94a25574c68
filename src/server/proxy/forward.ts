import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { type Agent, request as httpsRequest } from 'node:https'
import { posix } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ConnectionOptions } from 'node:tls'
import { endWithSignal } from '../../machinery/end-with-signal.js'
import type { ApiRequest, ApiResponse, RequestBody } from '../../machinery/http.js'
import { serviceUnavailable } from '../../machinery/status-error.js'
import { handleProxyUpgrade } from '../../machinery/streaming/index.js'
import { text } from '../respond.js'
import { isStale } from '../subresources/kubelet-connection.js'
import { answerOf } from './answer.js'
import { reachFault } from './reach-fault.js'

/** Where a proxied request goes. */
export interface Backend {
  /** `http://10.0.0.1:80`. */
  readonly origin: string
  /** For https. */
  readonly tls: ConnectionOptions
  /** Sent along, over those of the client. */
  readonly headers?: { readonly [name: string]: string | readonly string[] }
  /** Keeps connections for the next request; by default each has its own. */
  readonly agent?: Agent
  /** Whether it may send clients elsewhere; it may by default. */
  readonly redirects?: boolean
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
  const host = hostOf(request) || url.host
  const forwardedFor = [request.headers['x-forwarded-for'], request.remoteAddress].filter(Boolean).join(', ')
  if (upgrade) {
    const { socket, head, rawUrl } = upgrade
    await handleProxyUpgrade(
      { socket, head, request: { method, url: rawUrl, headers: request.headers } },
      { url, tls: backend.tls, headers: { host, 'x-forwarded-for': forwardedFor, ...backend.headers } },
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
    host,
    'x-forwarded-for': forwardedFor,
    'x-forwarded-uri': posix.join(prefix, escapePath(rest) || '/'),
    ...backend.headers,
  }
  // Not as the URL has it, which knows what `..` means.
  const message = await send(request, url, `${escapePath(rest) || '/'}${search}`, headers, backend)
  const { statusCode = 0 } = message
  if (backend.redirects === false && statusCode >= 300 && statusCode <= 399 && message.headers.location) {
    message.destroy()
    return text(502, 'the backend attempted to redirect this request, which is not permitted')
  }
  return answerOf(message, method, { prefix, backendHost: url.host, clientHost: host })
}

type SentHeaders = { readonly [name: string]: string | readonly string[] }

function send(
  request: ApiRequest,
  url: URL,
  path: string,
  headers: SentHeaders,
  { tls, agent }: Backend,
): Promise<IncomingMessage> {
  const { method, signal } = request
  const secure = url.protocol === 'https:'
  const begin = (): ClientRequest => {
    const options = {
      method,
      path,
      headers: headers as Record<string, string | string[]>,
      agent: agent ?? false,
      timeout: connectTimeout,
    }
    return secure ? httpsRequest(url, { ...options, ...tls }) : httpRequest(url, options)
  }
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const body = bodyOf(request)
    let answered = false
    const attempt = () => {
      const sent = begin()
      endWithSignal(sent, signal)
      sent.on('socket', socket => {
        if (sent.reusedSocket) sent.setTimeout(0)
        else socket.once(secure ? 'secureConnect' : 'connect', () => sent.setTimeout(0))
      })
      sent.on('timeout', () => sent.destroy(new Error(`dial tcp ${url.host}: i/o timeout`)))
      sent.on('response', message => {
        answered = true
        // Whoever reads it hears of it; if nobody does, nobody has to.
        message.on('error', () => {})
        resolve(message)
      })
      sent.on('error', error => {
        if (!answered && !body && !signal.aborted && isStale(sent, error)) return attempt()
        const fault = () => serviceUnavailable(`error trying to reach service: ${reachFault(error, url)}`)
        reject(signal.aborted ? signal.reason : fault())
      })
      // A backend may answer and hang up before it has read everything: that is its right.
      if (body) pipeline(body, sent).catch(() => {})
      else sent.end()
    }
    attempt()
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
  /^(?:host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|http2-settings|authorization|proxy-.*|impersonate[-_].*|x[-_]remote[-_].*)$/

function forwardedHeaders({ headers }: ApiRequest): { [name: string]: string } {
  const named = new Set((headers.connection ?? '').split(',').map(name => name.trim().toLowerCase()))
  const forwarded: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !withheld.test(name) && !named.has(name)) forwarded[name] = value
  return forwarded
}

const hostOf = ({ headers }: ApiRequest): string => headers.host ?? ''

/** The query as the client wrote it. */
function queryOf({ target, query }: ApiRequest): string {
  if (target === undefined) return query.toString()
  const mark = target.indexOf('?')
  return mark < 0 ? '' : target.slice(mark + 1)
}

/** A decoded path in the form it has in a URL. */
const escapePath = (path: string): string =>
  encodeURI(path).replace(/[?#!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
