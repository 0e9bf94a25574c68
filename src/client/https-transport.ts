import { readFileSync } from 'node:fs'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2'
import type { ApiRequest, ApiResponse, Handler } from '../machinery/http.js'
import { serviceUnavailable } from '../machinery/status-error.js'

/** Where an API server is and how to prove who one is. PEM texts; `tokenFile` is read again as it changes. */
export interface Endpoint {
  /** `https://host:port`, possibly with a path below which the API lies. */
  readonly server: string
  readonly ca?: string | undefined
  readonly clientCert?: string | undefined
  readonly clientKey?: string | undefined
  readonly token?: string | undefined
  readonly tokenFile?: string | undefined
  readonly insecureSkipTlsVerify?: boolean
  readonly tlsServerName?: string | undefined
}

export interface Transport extends AsyncDisposable {
  readonly handle: Handler
}

/** A ping that is not answered within this many milliseconds means that the connection is dead. */
const pingTimeout = 15_000
const pingEvery = 30_000
/** A token file is read at most this often, in milliseconds; the kubelet rotates tokens minutes ahead of their end. */
const tokenAge = 10_000

/**
 * The transport to a server elsewhere: one HTTP/2 connection that all requests and watches share, made on first use and
 * again after it breaks. Trouble with it is a 503 `StatusError`.
 */
export function httpsTransport(endpoint: Endpoint): Transport {
  const base = new URL(endpoint.server)
  const prefix = base.pathname.replace(/\/+$/, '')
  let session: Promise<ClientHttp2Session> | undefined
  let disposed = false
  let token: { readonly value: string; readonly readAt: number } | undefined

  const authorization = (): string | undefined => {
    if (endpoint.token) return `Bearer ${endpoint.token}`
    if (!endpoint.tokenFile) return undefined
    if (!token || Date.now() - token.readAt > tokenAge)
      token = { value: readFileSync(endpoint.tokenFile, 'utf8').trim(), readAt: Date.now() }
    return `Bearer ${token.value}`
  }

  const open = (): Promise<ClientHttp2Session> =>
    new Promise((resolve, reject) => {
      const opened = connect(base.origin, {
        ...(endpoint.ca ? { ca: endpoint.ca } : {}),
        ...(endpoint.clientCert ? { cert: endpoint.clientCert } : {}),
        ...(endpoint.clientKey ? { key: endpoint.clientKey } : {}),
        ...(endpoint.tlsServerName ? { servername: endpoint.tlsServerName } : {}),
        rejectUnauthorized: !endpoint.insecureSkipTlsVerify,
        settings: { initialWindowSize: 1 << 20, enablePush: false },
      })
      const forget = () => {
        if (session === mine) session = undefined
        clearInterval(ping)
      }
      const mine = session
      // Without traffic a dead peer goes unnoticed, and watches with it.
      const ping = setInterval(() => {
        const timer = setTimeout(() => opened.destroy(), pingTimeout)
        timer.unref()
        if (!opened.destroyed) opened.ping(() => clearTimeout(timer))
      }, pingEvery)
      ping.unref()
      opened.once('connect', () => {
        opened.setLocalWindowSize(16 << 20)
        resolve(opened)
      })
      opened.once('error', error => {
        forget()
        reject(error)
      })
      opened.on('error', () => {})
      opened.once('goaway', forget)
      opened.once('close', () => {
        forget()
        reject(new Error('the connection was closed'))
      })
    })

  const connected = (): Promise<ClientHttp2Session> => {
    if (!session) {
      const opening = open()
      session = opening
      opening.catch(() => {
        if (session === opening) session = undefined
      })
    }
    return session
  }

  const handle: Handler = async request => {
    if (disposed) throw serviceUnavailable('the client has been closed')
    request.signal.throwIfAborted()
    let stream: ClientHttp2Stream
    try {
      const query = request.query.toString()
      const body = bodyOf(request)
      const bearer = authorization()
      const headers: OutgoingHttpHeaders = {
        ':method': request.method,
        ':path': `${prefix}${request.path}${query ? `?${query}` : ''}`,
        ...request.headers,
        ...(bearer ? { authorization: bearer } : {}),
        ...(body ? { 'content-length': body.length } : {}),
      }
      const live = await connected()
      stream = live.request(headers, { endStream: !body })
      if (body) stream.end(body)
    } catch (error) {
      throw unreachable(endpoint.server, error)
    }
    return answerOf(stream, request, endpoint.server)
  }

  return {
    handle,
    async [Symbol.asyncDispose]() {
      disposed = true
      const open = session
      session = undefined
      try {
        ;(await open)?.destroy()
      } catch {
        // It never was connected.
      }
    },
  }
}

const unreachable = (server: string, error: unknown) =>
  serviceUnavailable(
    `the API server ${server} cannot be reached: ${error instanceof Error ? error.message : String(error)}`,
  )

function bodyOf({ body }: ApiRequest): Buffer | undefined {
  if (body.kind === 'object') return Buffer.from(JSON.stringify(body.value))
  if (body.kind === 'bytes') throw new Error('the https transport takes objects as bodies')
  return undefined
}

function answerOf(stream: ClientHttp2Stream, { signal }: ApiRequest, server: string): Promise<ApiResponse> {
  return new Promise((resolve, reject) => {
    const abort = () => stream.close(constants.NGHTTP2_CANCEL)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    stream.once('close', () => {
      signal.removeEventListener('abort', abort)
      reject(signal.aborted ? signal.reason : unreachable(server, new Error('the connection broke')))
    })
    stream.on('error', error => reject(unreachable(server, error)))
    stream.once('response', headers => {
      resolve({
        status: Number(headers[':status']),
        headers: headers as ApiResponse['headers'],
        body: { kind: 'stream', chunks: chunksOf(stream, server) },
      })
    })
  })
}

async function* chunksOf(stream: ClientHttp2Stream, server: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stream) yield chunk as Buffer
  } catch (error) {
    throw unreachable(server, error)
  } finally {
    stream.destroy()
  }
}
