import { readFileSync } from 'node:fs'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2'
import type { ApiRequest, ApiResponse, Handler } from '../machinery/http.js'
import { messageOf } from '../machinery/message-of.js'
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

/** A transport whose credentials can be changed. */
export interface RenewableTransport extends Transport {
  /** Shows, and trusts, something else from now on, over a new connection; what is under way on the old one goes on. */
  renew(change: Pick<Endpoint, 'ca' | 'clientCert' | 'clientKey' | 'token'>): void
}

/** A ping that is not answered within this many milliseconds means that the connection is dead. */
const pingTimeout = 15_000
const pingEvery = 30_000
/** A server that has not completed the handshake after so many milliseconds is not there. */
const connectTimeout = 30_000
/** A token file is read at most this often, in milliseconds; the kubelet rotates tokens minutes ahead of their end. */
const tokenAge = 10_000

/** What a server takes at a time before it has said how much. */
const assumedStreams = 100

interface Connection {
  readonly session: Promise<ClientHttp2Session>
  /** Requests and watches under way. */
  streams: number
  /** How many the server takes on one connection. */
  most: number
}

/**
 * The transport to a server elsewhere: an HTTP/2 connection that all requests and watches share, made on first use and
 * again after it breaks; another where they are more than the server takes on one. Trouble with it is a 503 `StatusError`.
 */
export function httpsTransport(initial: Endpoint): RenewableTransport {
  let endpoint = initial
  const base = new URL(endpoint.server)
  const prefix = base.pathname.replace(/\/+$/, '')
  const connections = new Set<Connection>()
  const closing = new AbortController()
  let token: { readonly value: string; readonly readAt: number } | undefined

  const authorization = (): string | undefined => {
    if (endpoint.token) return `Bearer ${endpoint.token}`
    if (!endpoint.tokenFile) return undefined
    if (!token || Date.now() - token.readAt > tokenAge)
      token = { value: readFileSync(endpoint.tokenFile, 'utf8').trim(), readAt: Date.now() }
    return `Bearer ${token.value}`
  }

  const open = (): Connection => {
    const session = openSession(endpoint, base.origin, closing.signal, () => connections.delete(connection))
    const connection: Connection = { session, streams: 0, most: assumedStreams }
    connections.add(connection)
    session.then(
      live => {
        connection.most = Math.max(1, live.remoteSettings.maxConcurrentStreams ?? assumedStreams)
      },
      () => {},
    )
    return connection
  }

  /** Calls `begin` with a connection that has room for one more stream, which is the answer. */
  const onConnection = async (begin: (live: ClientHttp2Session) => ClientHttp2Stream): Promise<ClientHttp2Stream> => {
    for (;;) {
      const connection = [...connections].find(({ streams, most }) => streams < most) ?? open()
      connection.streams++
      const release = () => connection.streams--
      try {
        const live = await connection.session
        if (!live.closed && !live.destroyed) return begin(live).once('close', release)
      } catch (error) {
        release()
        throw error
      }
      connections.delete(connection)
    }
  }

  const handle: Handler = async request => {
    if (closing.signal.aborted) throw serviceUnavailable('the client has been closed')
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
      stream = await onConnection(live => {
        request.signal.throwIfAborted()
        return live.request(headers, { endStream: !body })
      })
      if (body) stream.end(body)
    } catch (error) {
      throw request.signal.aborted ? request.signal.reason : unreachable(endpoint.server, error)
    }
    return answerOf(stream, request, endpoint.server)
  }

  return {
    handle,
    renew(change) {
      endpoint = { ...endpoint, ...change }
      // Each closes once everything under way on it has ended.
      for (const { session } of connections) session.then(live => live.close()).catch(() => {})
      connections.clear()
    },
    async [Symbol.asyncDispose]() {
      closing.abort()
    },
  }
}

/** Opens a connection and keeps an eye on it until `closing`; `forget` is called once it takes no more requests. */
function openSession(
  endpoint: Endpoint,
  origin: string,
  closing: AbortSignal,
  forget: () => void,
): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const opened = connect(origin, {
      ...(endpoint.ca ? { ca: endpoint.ca } : {}),
      ...(endpoint.clientCert ? { cert: endpoint.clientCert } : {}),
      ...(endpoint.clientKey ? { key: endpoint.clientKey } : {}),
      ...(endpoint.tlsServerName ? { servername: endpoint.tlsServerName } : {}),
      rejectUnauthorized: !endpoint.insecureSkipTlsVerify,
      settings: { initialWindowSize: 1 << 20, enablePush: false },
    })
    const late = setTimeout(() => opened.destroy(new Error('it does not answer')), connectTimeout)
    // Without traffic a dead peer goes unnoticed, and watches with it.
    let unanswered: NodeJS.Timeout | undefined
    const ping = setInterval(() => {
      if (opened.destroyed || unanswered) return
      unanswered = setTimeout(() => opened.destroy(), pingTimeout)
      unanswered.unref()
      opened.ping(() => {
        clearTimeout(unanswered)
        unanswered = undefined
      })
    }, pingEvery)
    ping.unref()
    const close = () => opened.destroy()
    closing.addEventListener('abort', close)
    const end = (error: Error) => {
      closing.removeEventListener('abort', close)
      clearTimeout(late)
      clearInterval(ping)
      clearTimeout(unanswered)
      forget()
      reject(error)
    }
    opened.once('remoteSettings', () => {
      clearTimeout(late)
      opened.setLocalWindowSize(16 << 20)
      resolve(opened)
    })
    opened.on('error', end)
    opened.once('goaway', forget)
    opened.once('close', () => end(new Error('the connection was closed')))
  })
}

const unreachable = (server: string, error: unknown) =>
  serviceUnavailable(`the API server ${server} cannot be reached: ${messageOf(error)}`)

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
        body: { kind: 'stream', chunks: chunksOf(stream, server, signal) },
      })
    })
  })
}

async function* chunksOf(stream: ClientHttp2Stream, server: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stream) yield chunk as Buffer
    // A reset without an error code ends the iteration like a complete answer would.
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new Error('the connection broke')
  } catch (error) {
    throw signal.aborted ? signal.reason : unreachable(server, error)
  } finally {
    stream.destroy()
  }
}
