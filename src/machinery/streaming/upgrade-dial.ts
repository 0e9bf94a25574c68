import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { type Clock, systemClock } from '../clock.js'

export interface DialUpgrade {
  /** `http:` or `https:`. */
  readonly url: URL
  readonly method?: string
  /** For https: the authority to trust, a client certificate, a server name. */
  readonly tls?: ConnectionOptions
  /** Among them Upgrade; Connection is added. An array is sent as that many lines. */
  readonly headers: { readonly [name: string]: string | readonly string[] }
  /** Gives up the attempt; has no effect on the connection once there is one. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds until the backend must have answered; 30 s if not given. */
  readonly timeout?: number
  readonly clock?: Clock | undefined
}

/** A connection that the backend has agreed to upgrade. Whoever receives it owns the socket. */
export interface UpgradedConnection {
  readonly socket: Duplex
  /** Bytes read beyond the answer. */
  readonly head: Buffer
  readonly response: UpgradeResponse
}

export interface UpgradeResponse {
  readonly status: number
  readonly statusText: string
  /** In the backend's order and spelling. */
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** How a backend is reached; {@link dialUpgrade} unless a test or a tunnel puts something else in its place. */
export type UpgradeDialer = (request: DialUpgrade) => Promise<UpgradedConnection>

/** The backend answered, but not with 101. */
export class UpgradeRefusedError extends Error {
  constructor(
    readonly response: UpgradeResponse,
    /** Usually a Status; at most 64 KiB of it. */
    readonly body: Buffer,
  ) {
    super(`unable to upgrade connection: ${refusalMessage(response, body)}`)
    this.name = 'UpgradeRefusedError'
  }
}

const maxRefusalBody = 64 * 1024

function refusalMessage(response: UpgradeResponse, body: Buffer): string {
  const text = body.toString('utf8').trim()
  try {
    const status: unknown = JSON.parse(text)
    if (status && typeof status === 'object' && 'message' in status) return String(status.message)
  } catch {
    // Not a Status: the text itself says what it says.
  }
  return text || `${response.status} ${response.statusText}`
}

/** The value of a response header (name in lower case), or undefined. */
export const responseHeader = (response: UpgradeResponse, name: string): string | undefined =>
  response.headers.find(([candidate]) => candidate.toLowerCase() === name)?.[1]

function responseOf(message: IncomingMessage): UpgradeResponse {
  const headers: [string, string][] = []
  for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
    headers.push([message.rawHeaders[index] ?? '', message.rawHeaders[index + 1] ?? ''])
  }
  return { status: message.statusCode ?? 0, statusText: message.statusMessage ?? '', headers }
}

// Half-open sockets are kept, so that one direction of a proxied connection may end before the other.
function connect({ url, tls }: DialUpgrade): Socket {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const secure = url.protocol === 'https:'
  const port = Number(url.port) || (secure ? 443 : 80)
  // Upgrades exist in HTTP/1.1 alone. An address is no server name.
  const name = isIP(host) ? {} : { servername: host }
  const secureOptions: ConnectionOptions = { ALPNProtocols: ['http/1.1'], ...name, ...tls, host, port }
  const socket = secure
    ? connectTls({ ...secureOptions, allowHalfOpen: true } as ConnectionOptions)
    : connectTcp({ host, port, allowHalfOpen: true })
  socket.setKeepAlive(true, 30_000)
  socket.setNoDelay(true)
  return readableAfterErrors(socket)
}

/**
 * Node gives up a socket as soon as a write or a read fails, with what has been received and not been read yet. A
 * container runtime hangs up on input it has no more use for, right after the last output and the exit code; these must
 * not be lost. So what cannot be written is dropped, and the socket ends when all has been read, as it does for a program
 * in C or Go.
 */
function readableAfterErrors(socket: Socket): Socket {
  let broken = false
  const tolerant =
    (done: () => void) =>
    (error?: Error | null): void => {
      if (error) broken = true
      done()
    }
  const write = socket._write.bind(socket)
  const writev = socket._writev?.bind(socket)
  socket._write = (chunk, encoding, done) => (broken ? done() : write(chunk, encoding, tolerant(done)))
  if (writev) socket._writev = (chunks, done) => (broken ? done() : writev(chunks, tolerant(done)))
  const destroy = socket.destroy.bind(socket)
  socket.destroy = (error?: NodeJS.ErrnoException) => {
    if (error?.syscall !== 'read' || socket.readableLength === 0) return destroy(error)
    broken = true
    socket.push(null)
    return socket
  }
  return socket
}

async function readLimited(message: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    if ((size += chunk.length) >= limit) break
  }
  return Buffer.concat(chunks).subarray(0, limit)
}

/**
 * Asks a backend to upgrade an HTTP/1.1 connection. Throws UpgradeRefusedError if it answers anything but 101, the
 * connection's own error if it cannot be reached, the signal's reason on abort.
 */
export function dialUpgrade(dial: DialUpgrade): Promise<UpgradedConnection> {
  const { url, signal, timeout = 30_000, clock = systemClock } = dial
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: dial.method ?? 'POST',
      headers: { ...dial.headers, Connection: 'Upgrade' } as Record<string, string | string[]>,
      createConnection: () => connect(dial),
    })
    const onAbort = () => request.destroy(signal?.reason)
    const timer = clock.after(timeout, () =>
      request.destroy(new Error(`${url.host} did not answer the upgrade within ${timeout / 1000} s`)),
    )
    const settle = () => {
      timer[Symbol.dispose]()
      signal?.removeEventListener('abort', onAbort)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    request.on('error', error => {
      settle()
      reject(signal?.aborted ? signal.reason : error)
    })
    request.on('upgrade', (message, socket, head) => {
      settle()
      resolve({ socket, head, response: responseOf(message) })
    })
    request.on('response', message => {
      const response = responseOf(message)
      readLimited(message, maxRefusalBody)
        .then(
          body => reject(new UpgradeRefusedError(response, body)),
          error => reject(error),
        )
        .finally(() => {
          settle()
          request.destroy()
        })
    })
    request.end()
  })
}
