import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { messageOf } from '../../machinery/message-of.js'
import { StatusError } from '../../machinery/status-error.js'
import type { ServerCredentials, ServerOptions } from '../options.js'
import { RuntimeError } from '../runtime/runtime-error.js'
import type { Access } from './access.js'
import { ServerError } from './server-error.js'

/** A request that has been let in. */
export interface ServerRequest {
  readonly method: string
  /** Parts of the path that the route leaves open, decoded. */
  readonly params: readonly string[]
  readonly query: URLSearchParams
  readonly message: IncomingMessage
  /** Aborts when the client goes away or the server stops. */
  readonly signal: AbortSignal
  /** There when the client wants an upgraded connection. */
  readonly upgrade?: { readonly socket: Duplex; readonly head: Buffer }
}

export type ServerAnswer =
  | { readonly status?: number; readonly type: string; readonly body: string | Buffer | AsyncIterable<Buffer> }
  /** The connection has been taken over. */
  | 'upgraded'

export interface Route {
  /** First part of the path. */
  readonly path: string
  readonly methods: readonly string[]
  /** What of `nodes/...` a caller must be allowed to use, any of them; `public` for everybody. */
  readonly access: 'public' | readonly string[]
  handle(request: ServerRequest): Promise<ServerAnswer>
}

export interface KubeletServer extends AsyncDisposable {
  readonly port: number
  /** Swaps what it serves with or believes in; connections keep what they began with. Throws what TLS cannot use. */
  renew(change: Partial<ServerCredentials>): void
}

const verbs: { readonly [method: string]: string } = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}
const defaultPort = 10250

/** Serves routes over TLS to whom `access` lets in. */
export async function startKubeletServer(
  options: ServerOptions,
  access: Access,
  routes: readonly Route[],
  onError: (error: unknown) => void,
): Promise<KubeletServer> {
  const stopping = new AbortController()
  const sockets = new Set<Duplex>()
  let credentials: ServerCredentials = options
  const server = createServer({
    ...tlsOf(credentials),
    requestCert: true,
    rejectUnauthorized: false,
    keepAliveTimeout: 95_000,
  })

  const dispatch = async (message: IncomingMessage, signal: AbortSignal, upgrade?: ServerRequest['upgrade']) => {
    const url = new URL(message.url ?? '/', 'https://node')
    const [path = '', ...rest] = url.pathname.slice(1).split('/')
    const method = message.method ?? 'GET'
    const route = routes.find(candidate => candidate.path === path || candidate.path === url.pathname.slice(1))
    if (!route) throw new ServerError(404, '404 page not found')
    if (route.access !== 'public')
      await access.check(
        message.socket as TLSSocket,
        message.headers.authorization,
        verbs[method] ?? 'get',
        route.access,
      )
    if (!route.methods.includes(method)) throw new ServerError(405, `405: Method Not Allowed`)
    const params = rest.map(decodePart)
    return route.handle({ method, params, query: url.searchParams, message, signal, ...(upgrade ? { upgrade } : {}) })
  }

  server.on('request', (message: IncomingMessage, response: ServerResponse) => {
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    void serve(() => dispatch(message, AbortSignal.any([gone.signal, stopping.signal])), response, onError)
  })
  server.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {})
    dispatch(message, stopping.signal, { socket, head }).then(
      answer => {
        if (answer !== 'upgraded') refuseUpgrade(socket, new ServerError(400, 'Upgrade request is not possible here'))
      },
      error => refuseUpgrade(socket, error),
    )
  })
  server.on('secureConnection', socket => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? defaultPort, options.host, () => {
      server.off('error', reject)
      server.on('error', onError)
      resolve()
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    renew(change) {
      const next = { ...credentials, ...change }
      server.setSecureContext(tlsOf(next))
      credentials = next
    },
    async [Symbol.asyncDispose]() {
      stopping.abort()
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

const tlsOf = ({ certificate, key, clientCa }: ServerCredentials) => ({
  cert: certificate,
  key,
  ca: clientCa,
  minVersion: 'TLSv1.2' as const,
})

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new ServerError(400, 'the path is not well encoded')
  }
}

/** What a failure is to the client. */
function failureOf(error: unknown): ServerError {
  if (error instanceof ServerError) return error
  if (error instanceof StatusError) return new ServerError(error.code, error.message)
  if (error instanceof RuntimeError) return new ServerError(error.code === 'NotFound' ? 404 : 500, error.description)
  return new ServerError(500, messageOf(error))
}

async function serve(
  handle: () => Promise<ServerAnswer>,
  response: ServerResponse,
  onError: (error: unknown) => void,
): Promise<void> {
  try {
    const answer = await handle()
    if (answer === 'upgraded') return
    const { status = 200, type, body } = answer
    if (typeof body === 'string' || Buffer.isBuffer(body)) {
      response.writeHead(status, { 'content-type': type }).end(body)
      return
    }
    // The first piece decides: what fails before it can still be told.
    const pieces = body[Symbol.asyncIterator]()
    const first = pieces.next()
    await Promise.race([first, soon()])
    response.writeHead(status, { 'content-type': type })
    response.flushHeaders()
    for (let piece = await first; !piece.done && !response.destroyed; piece = await pieces.next())
      if (!response.write(piece.value)) await new Promise<void>(resolve => drained(response, resolve))
    await pieces.return?.()
    response.end()
  } catch (error) {
    if (response.headersSent) {
      response.destroy()
      return
    }
    const { status, message } = failureOf(error)
    if (status >= 500) onError(error)
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(message)
  }
}

/** A log that is followed may stay silent for long; its reader is to know that it is connected. */
const soon = (): Promise<void> =>
  new Promise(resolve => {
    setTimeout(resolve, 50).unref()
  })

function drained(response: ServerResponse, resolve: () => void): void {
  response.once('drain', resolve)
  response.once('close', resolve)
}

function refuseUpgrade(socket: Duplex, error: unknown): void {
  const { status, message } = failureOf(error)
  const head = `HTTP/1.1 ${status} ${message.split('\n')[0]?.slice(0, 100) ?? ''}\r\nconnection: close\r\n`
  const body = Buffer.from(message)
  socket.end(`${head}content-type: text/plain; charset=utf-8\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
}
