import { createServer as createHttp1Server, type IncomingMessage, type ServerResponse } from 'node:http'
import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import type { Handler } from '../../machinery/http.js'
import { clientCertificateOf } from './client-certificate.js'
import { serveHttp1, serveUpgrade } from './http1.js'
import { serveHttp2 } from './http2.js'

export interface ListenOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** PEM. */
  readonly cert: string
  readonly key: string
  /** PEM of the authorities whose client certificates are believed. */
  readonly clientCa?: string
  readonly handler: Handler
  /** Trouble with connections, for the log. */
  readonly onError: (error: unknown) => void
}

export interface Listener extends AsyncDisposable {
  readonly port: number
  /** Swaps the serving certificate; connections keep the one they began with. */
  renew(cert: string, key: string): void
}

/** Idle time after which a kept-alive HTTP/1.1 connection is closed; upstream clients reuse theirs for 90 s. */
const keepAliveMs = 95_000
/** Time that requests under way get to finish when the listener closes. */
const drainMs = 5_000

/** Serves HTTP/2 and HTTP/1.1 over TLS on one port, by what ALPN agrees on. */
export async function listenTls(options: ListenOptions): Promise<Listener> {
  const { handler, onError } = options
  const sessions = new Set<ServerHttp2Session>()
  const sockets = new Set<Duplex>()

  const http1 = createHttp1Server({ keepAliveTimeout: keepAliveMs, requestTimeout: 0 })
  http1.on('request', (request: IncomingMessage, response: ServerResponse) =>
    serveHttp1(handler, request, response, onError),
  )
  http1.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    serveUpgrade(handler, request, socket, head, onError),
  )

  const server = createTlsServer({
    cert: options.cert,
    key: options.key,
    ...(options.clientCa ? { ca: options.clientCa } : {}),
    requestCert: options.clientCa !== undefined,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['h2', 'http/1.1'],
    // A new session ticket per connection costs more than resumption saves for clients that keep theirs.
    honorCipherOrder: true,
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', onError)
    socket.setNoDelay(true)
    if (socket.alpnProtocol !== 'h2') {
      http1.emit('connection', socket)
      return
    }
    const certificate = clientCertificateOf(socket)
    const session = performServerHandshake(socket, {
      settings: { maxConcurrentStreams: 1000, initialWindowSize: 1 << 20 },
    }) as ServerHttp2Session
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
    session.on('error', onError)
    session.on('stream', (stream: ServerHttp2Stream, headers) =>
      serveHttp2(handler, stream, headers, socket.remoteAddress ?? '', certificate, onError),
    )
  })
  server.on('tlsClientError', onError)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      server.on('error', onError)
      resolve()
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    renew(cert, key) {
      server.setSecureContext({ cert, key, ...(options.clientCa ? { ca: options.clientCa } : {}) })
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const session of sessions) session.close()
      http1.closeIdleConnections()
      const timer = setTimeout(() => {
        for (const session of sessions) session.destroy(undefined, constants.NGHTTP2_NO_ERROR)
        for (const socket of sockets) socket.destroy()
      }, drainMs)
      // Connections that have nothing under way need not be waited for.
      for (const socket of sockets) if (!(socket as TLSSocket).alpnProtocol) socket.destroy()
      http1.close()
      http1.closeIdleConnections()
      await closed
      clearTimeout(timer)
    },
  }
}
