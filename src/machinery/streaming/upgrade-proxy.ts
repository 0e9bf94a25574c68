import type { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'
import { type Clock, systemClock } from '../clock.js'
import { StatusError } from '../status-error.js'
import {
  answer,
  type ClientUpgrade,
  headerList,
  offeredProtocols,
  refuse,
  type UpgradeHeaders,
} from './client-upgrade.js'
import { IdleTimer } from './idle-timer.js'
import { PingHold } from './ping-hold.js'
import {
  type DialUpgrade,
  dialUpgrade,
  responseHeader,
  type UpgradeDialer,
  type UpgradedConnection,
  UpgradeRefusedError,
} from './upgrade-dial.js'

/** Where an upgraded connection leads. */
export interface UpgradeBackend {
  readonly url: URL
  readonly tls?: ConnectionOptions
  /** Sent along, over those of the client. */
  readonly headers?: { readonly [name: string]: string | readonly string[] }
  readonly dial?: UpgradeDialer
}

/** How long a streaming session may live and by what time. */
export interface SessionOptions {
  /** Ends the session at once. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds without data in either direction after which the session is ended; 4 hours if not given, 0 for never. */
  readonly idleTimeout?: number | undefined
  readonly clock?: Clock | undefined
}

/** The default of the kubelet's streaming-connection-idle-timeout, in milliseconds. */
export const defaultIdleTimeout = 4 * 60 * 60 * 1000

/**
 * How long, in milliseconds, a client may take to read the rest of the output once the backend is done. Cutting it off
 * sooner would truncate the output of a slow reader.
 */
export const drainTimeout = 15 * 60 * 1000

// How long a backend may stay silent after the client's direction has ended. Most clients that end theirs have left.
const halfClosedTimeout = 30_000

/** What passes between two sockets, and how long it may. */
export interface PipeOptions extends SessionOptions {
  /** What passes is SPDY, whose pings are kept from a backend that has output on the way ({@link PingHold}). */
  readonly spdy?: boolean
}

/**
 * Joins two connected sockets until both are closed, which is when it resolves. Either direction may end before the
 * other. What the backend has sent reaches the client even if the backend's connection then breaks.
 */
export function pipeSockets(client: Duplex, backend: Duplex, options: PipeOptions = {}): Promise<void> {
  const { signal, idleTimeout = defaultIdleTimeout, clock = systemClock, spdy = false } = options
  return new Promise(resolve => {
    const destroyBoth = () => {
      client.destroy()
      backend.destroy()
    }
    const idle = new IdleTimer(clock, idleTimeout, destroyBoth)
    let drain: Disposable | undefined
    const flow = (from: Duplex, to: Duplex, sift = (chunk: Buffer): readonly Buffer[] => [chunk]) => {
      from.on('data', (chunk: Buffer) => {
        idle.touch()
        // Data for a side that is gone is read and dropped, so that the other one's end is noticed.
        for (const part of sift(chunk)) if (to.writable && !to.write(part)) from.pause()
      })
      to.on('drain', () => {
        idle.touch()
        from.resume()
      })
      from.on('end', () => to.end())
      // A failure is followed by 'close', which is what counts.
      from.on('error', () => {})
    }
    const finished = () => {
      if (!client.closed || !backend.closed) return
      idle.stop()
      drain?.[Symbol.dispose]()
      signal?.removeEventListener('abort', destroyBoth)
      resolve()
    }
    const backendDone = () => {
      client.end()
      client.resume()
      drain ??= clock.after(drainTimeout, destroyBoth)
    }
    const pings = spdy ? new PingHold(backend) : undefined
    flow(client, backend, pings && (chunk => pings.sift(chunk)))
    flow(backend, client)
    backend.once('end', backendDone)
    client.once('end', () => idle.tighten(halfClosedTimeout))
    backend.once('close', () => {
      backendDone()
      finished()
    })
    client.once('close', () => {
      idle.tighten(halfClosedTimeout)
      // The client's last words may still be on their way; there is nobody left to hear the answer.
      backend.end(() => backend.destroy())
      backend.resume()
      finished()
    })
    signal?.addEventListener('abort', destroyBoth, { once: true })
    if (signal?.aborted) destroyBoth()
    if (client.destroyed || backend.destroyed) destroyBoth()
    finished()
  })
}

// Not for the backend: what belongs to this connection, what proves who the client is to us, and what would let a client
// pose as somebody else to a backend that trusts us.
const withheld =
  /^(host|connection|keep-alive|te|trailer|transfer-encoding|content-length|expect|authorization|proxy-.*|impersonate[-_].*|x[-_]remote[-_].*|sec-websocket-protocol|x-stream-protocol-version)$/

/**
 * Dials a backend on behalf of a client; gives up when the client's connection closes or the session's signal aborts.
 * Throws as {@link dialUpgrade} does.
 */
export async function dialBackend(
  backend: UpgradeBackend,
  dial: Pick<DialUpgrade, 'method' | 'headers'> & SessionOptions & { readonly client: EventEmitter },
): Promise<UpgradedConnection> {
  const { method, headers, client, signal, clock } = dial
  const attempt = new AbortController()
  const left = () => attempt.abort(new Error('the client has left'))
  const aborted = () => attempt.abort(signal?.reason)
  client.once('close', left)
  signal?.addEventListener('abort', aborted, { once: true })
  if (signal?.aborted) aborted()
  try {
    return await (backend.dial ?? dialUpgrade)({
      url: backend.url,
      ...(method ? { method } : {}),
      ...(backend.tls ? { tls: backend.tls } : {}),
      headers: { ...headers, ...backend.headers },
      signal: attempt.signal,
      clock,
    })
  } finally {
    client.off('close', left)
    signal?.removeEventListener('abort', aborted)
  }
}

/** The headers of the client's request that a backend gets to see. */
export function forwardedHeaders(headers: UpgradeHeaders): { [name: string]: string | readonly string[] } {
  const forwarded: { [name: string]: string | readonly string[] } = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !withheld.test(name)) forwarded[name] = value
  }
  const subprotocols = offeredProtocols(headers)
  if (subprotocols.length > 0) forwarded['sec-websocket-protocol'] = subprotocols.join(', ')
  // One line each: older container runtimes do not look for commas.
  const versions = headerList(headers, 'x-stream-protocol-version')
  if (versions.length > 0) forwarded['x-stream-protocol-version'] = versions
  return forwarded
}

/** Status 500 as clients know it for a backend that cannot be reached. */
export const dialFailure = (error: unknown): StatusError =>
  new StatusError(500, '', `error dialing backend: ${error instanceof Error ? error.message : String(error)}`)

/** Answers the client with what the backend answered, or with a Status if it could not be reached. */
export function passOnFailure(upgrade: ClientUpgrade, error: unknown): void {
  if (error instanceof UpgradeRefusedError) {
    const { status, statusText, headers } = error.response
    answer(upgrade, status, statusText, headers, error.body)
  } else refuse(upgrade, dialFailure(error))
}

/**
 * Passes the client's upgrade request on to a backend as it is and joins both connections. A refusal of the backend is
 * passed back. Resolves when all is over; never rejects.
 */
export async function handleProxyUpgrade(
  upgrade: ClientUpgrade,
  backend: UpgradeBackend,
  options: SessionOptions = {},
): Promise<void> {
  const { socket, head, request } = upgrade
  socket.on('error', () => {})
  let upgraded: UpgradedConnection
  try {
    upgraded = await dialBackend(backend, {
      method: request.method ?? 'POST',
      headers: forwardedHeaders(request.headers),
      client: socket,
      ...options,
    })
  } catch (error) {
    if (!socket.destroyed) passOnFailure(upgrade, error)
    return
  }
  const { response } = upgraded
  const lines = response.headers.map(([name, value]) => `${name}: ${value}`)
  socket.write(`HTTP/1.1 ${response.status} ${response.statusText}\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  if (upgraded.head.length > 0) upgraded.socket.unshift(upgraded.head)
  if (head.length > 0) socket.unshift(head)
  const spdy = responseHeader(response, 'upgrade')?.toLowerCase() === 'spdy/3.1'
  await pipeSockets(socket, upgraded.socket, { ...options, spdy })
}
