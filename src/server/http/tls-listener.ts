import { createServer as createHttp1Server, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer, DEFAULT_CIPHERS, type TLSSocket } from 'node:tls'
import type { Handler } from '../../machinery/http.js'
import { clientCertificateOf } from './client-certificate.js'
import { Connection } from './h2/connection.js'
import { defaultLimits } from './h2/limits.js'
import { serveHttp1, serveOdd, serveUpgrade } from './http1.js'
import { type Peer, serveHttp2 } from './http2.js'
import { isOfBody, oddRequestIn, type ParserError, refuse } from './refusal.js'

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
  /** Resolves once no request is worked on that will be over by itself; a listener that closes waits for it. */
  readonly settled?: () => Promise<void>
  /** How likely a request makes an HTTP/2 client connect anew, perhaps to another server: 0, the default, to 1. */
  readonly goawayChance?: number
  /** Requests at a time on an HTTP/2 connection; 100 by default. */
  readonly http2Streams?: number
}

export interface Listener extends AsyncDisposable {
  readonly port: number
  /** Swaps the serving certificate and the authorities of clients; connections keep those they began with. */
  renew(options: Pick<ListenOptions, 'cert' | 'key' | 'clientCa'>): void
}

/** Idle time after which a kept-alive HTTP/1.1 connection is closed; upstream clients reuse theirs for 90 s. */
const keepAliveMs = 95_000
/** Silence that ends a connection before a request, or its TLS handshake, is complete. */
const headerMs = 32_000
/** After so long a silence the kernel finds out whether the peer is still there. */
const probeAfterMs = 30_000
/** How often it is looked whether an HTTP/2 connection still is of use. */
const sweepMs = 5_000
/** Longest request line and headers, in bytes. */
const maximumHeader = 1 << 20
/** Longest time that requests under way get to be answered when the listener closes. */
const answerMs = 60_000
/** Time that then is left to what lasts as long as its client likes, and to slow readers. */
const drainMs = 5_000

/** As upstream, the server prefers AES with 128 bits: it takes a third less time. */
const preferred = 'TLS_AES_128_GCM_SHA256'
const security = {
  minVersion: 'TLSv1.2',
  ciphers: [preferred, ...DEFAULT_CIPHERS.split(':').filter(cipher => cipher !== preferred)].join(':'),
  honorCipherOrder: true,
} as const

/** Serves HTTP/2 and HTTP/1.1 over TLS on one port, by what ALPN agrees on. */
export async function listenTls(options: ListenOptions): Promise<Listener> {
  const connections = new Connections(options)
  const server = createTlsServer({
    cert: options.cert,
    key: options.key,
    ...(options.clientCa ? { ca: options.clientCa } : {}),
    requestCert: options.clientCa !== undefined,
    rejectUnauthorized: false,
    ...security,
    ALPNProtocols: ['h2', 'http/1.1'],
    handshakeTimeout: headerMs,
    keepAlive: true,
    keepAliveInitialDelay: probeAfterMs,
    noDelay: true,
  })
  server.on('connection', (socket: Socket) => connections.begin(socket))
  server.on('secureConnection', (socket: TLSSocket) => connections.add(socket))
  server.on('tlsClientError', options.onError)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      server.on('error', options.onError)
      resolve()
    })
  })
  let closing: Promise<void> | undefined
  return {
    port: (server.address() as AddressInfo).port,
    renew({ cert, key, clientCa }) {
      server.setSecureContext({ cert, key, ...security, ...(clientCa ? { ca: clientCa } : {}) })
    },
    [Symbol.asyncDispose]() {
      closing ??= (async () => {
        const closed = new Promise<void>(resolve => server.close(() => resolve()))
        await connections.close()
        await closed
      })()
      return closing
    },
  }
}

/** The connections of a listener, until each has ended. */
class Connections {
  /** TCP connections, by the address of the peer, whose TLS handshake is under way. */
  readonly #beginning = new Map<string, Socket>()
  readonly #http2 = new Set<Connection>()
  /** HTTP/1.1 connections, with the number of requests under way on each. */
  readonly #busy = new Map<Duplex, number>()
  readonly #sockets = new Set<TLSSocket>()
  readonly #stopped = new WeakSet<Duplex>()
  readonly #http1 = createHttp1Server({
    keepAliveTimeout: keepAliveMs,
    requestTimeout: 0,
    maxHeaderSize: maximumHeader,
    // Who names no host is told so in other words than those of Node.js.
    requireHostHeader: false,
  })
  readonly #peers = new WeakMap<Duplex, Peer>()
  readonly #sweeping: NodeJS.Timeout
  #closing: (() => void) | undefined

  constructor(
    private readonly options: Pick<ListenOptions, 'handler' | 'onError' | 'settled' | 'goawayChance' | 'http2Streams'>,
  ) {
    const { handler, onError } = options
    this.#http1.timeout = headerMs
    this.#sweeping = setInterval(() => {
      for (const connection of this.#http2) connection.sweep()
    }, sweepMs)
    this.#sweeping.unref()
    const serve = (request: IncomingMessage, response: ServerResponse) => {
      const { socket } = request
      // A watch may be silent for as long as it likes.
      socket.setTimeout(0)
      this.#begun(socket)
      response.once('close', () => this.#over(socket))
      if (this.#closing) response.setHeader('connection', 'close')
      serveHttp1(handler, request, response, this.#peerOf(socket), onError)
    }
    this.#http1.on('request', serve)
    this.#http1.on('checkContinue', serve)
    const switchProtocols = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      request.socket.setTimeout(0)
      this.#begun(socket)
      serveUpgrade(handler, request, socket, head, this.#peerOf(socket), onError)
    }
    this.#http1.on('upgrade', switchProtocols)
    this.#http1.on('connect', switchProtocols)
    this.#http1.on('clientError', (error: ParserError, socket: Duplex) => this.#stopAt(error, socket))
  }

  begin(socket: Socket): void {
    const address = addressOf(socket)
    this.#beginning.set(address, socket)
    socket.on('close', () => {
      if (this.#beginning.get(address) === socket) this.#beginning.delete(address)
    })
  }

  add(socket: TLSSocket): void {
    this.#beginning.delete(addressOf(socket))
    this.#sockets.add(socket)
    const peer: Peer = {
      remoteAddress: socket.remoteAddress ?? '',
      clientCertificate: clientCertificateOf(socket),
    }
    socket.on('error', this.options.onError)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      this.#busy.delete(socket)
      this.#settle()
    })
    if (socket.alpnProtocol === 'h2') this.#serveHttp2(socket, peer)
    else {
      this.#busy.set(socket, 0)
      this.#peers.set(socket, peer)
      this.#http1.emit('connection', socket)
    }
  }

  /** Lets requests under way finish for a while; ends all else at once. */
  async close(): Promise<void> {
    const ended = new Promise<void>(resolve => {
      this.#closing = resolve
    })
    for (const socket of this.#beginning.values()) socket.destroy()
    for (const [socket, requests] of this.#busy) if (requests === 0) socket.destroy()
    for (const connection of this.#http2) connection.shutdown()
    this.#settle()
    const destroy = () => {
      for (const connection of this.#http2) connection.destroy()
      for (const socket of this.#sockets) socket.destroy()
    }
    let timer = setTimeout(destroy, this.options.settled ? answerMs : drainMs)
    let over = false
    void this.options.settled?.().then(() => {
      clearTimeout(timer)
      if (!over) timer = setTimeout(destroy, drainMs)
    })
    await ended
    over = true
    clearTimeout(timer)
    clearInterval(this.#sweeping)
  }

  #serveHttp2(socket: TLSSocket, peer: Peer): void {
    const { handler, onError, goawayChance = 0, http2Streams = defaultLimits.concurrentStreams } = this.options
    const connection: Connection = new Connection(socket, {
      limits: { ...defaultLimits, concurrentStreams: http2Streams },
      now: () => performance.now(),
      onError,
      serve: stream => {
        serveHttp2(handler, stream, peer, onError)
        // What is under way on the connection is still answered.
        if (goawayChance > 0 && Math.random() < goawayChance) connection.shutdown()
      },
    })
    this.#http2.add(connection)
    socket.once('close', () => this.#http2.delete(connection))
    if (this.#closing) connection.shutdown()
  }

  /** What cannot be parsed ends a connection: nobody knows where the next request would begin. */
  #stopAt(error: ParserError, socket: Duplex): void {
    // What comes after it cannot be parsed either.
    if (this.#stopped.has(socket)) return
    this.#stopped.add(socket)
    // Where others wait for their answers, nobody would know what this one is for.
    if (!socket.writable || (this.#busy.get(socket) ?? 0) > (isOfBody(error) ? 1 : 0)) {
      socket.destroy(error)
      return
    }
    const odd = oddRequestIn(error)
    if (!odd) {
      refuse(socket, error)
      return
    }
    this.#begun(socket)
    serveOdd(this.options.handler, odd, socket, this.#peerOf(socket), this.options.onError)
  }

  #peerOf(socket: Duplex): Peer {
    return this.#peers.get(socket) ?? { remoteAddress: '' }
  }

  #begun(socket: Duplex): void {
    this.#busy.set(socket, (this.#busy.get(socket) ?? 0) + 1)
  }

  #over(socket: Duplex): void {
    const left = this.#busy.get(socket)
    if (left === undefined) return
    this.#busy.set(socket, left - 1)
    if (this.#closing && left === 1) socket.end()
  }

  #settle(): void {
    if (this.#sockets.size === 0) this.#closing?.()
  }
}

const addressOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
