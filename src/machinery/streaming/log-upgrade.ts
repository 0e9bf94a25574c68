import { messageOf } from '../message-of.js'
import type { ClientUpgrade } from './client-upgrade.js'
import { negotiateWebSocket } from './upgrade-handlers.js'
import type { SessionOptions } from './upgrade-proxy.js'
import { acceptWebSocket } from './websocket-accept.js'
import { superviseWebSocket } from './websocket-session.js'

/** A body that is read as messages of a WebSocket. */
export interface LogUpgrade extends SessionOptions {
  /** Begins to read; the signal aborts when the client has left. */
  open(signal: AbortSignal): AsyncIterable<Uint8Array>
}

const protocols = ['binary.k8s.io', 'base64.binary.k8s.io', ''] as const

/**
 * Serves what is read over time (a log) to a client that asks for it over WebSocket: a message for each chunk, after an
 * empty one that says that the connection stands. Resolves when it is closed. An error while reading ends it with code
 * 1011 and the error's message.
 */
export async function handleLogUpgrade(upgrade: ClientUpgrade, { open, ...options }: LogUpgrade): Promise<void> {
  const protocol = negotiateWebSocket(upgrade, protocols)
  if (protocol === undefined) return
  const socket = await acceptWebSocket(upgrade, protocol)
  if (!socket) return
  const session = superviseWebSocket(socket, options)
  const gone = new AbortController()
  void session.closed.then(() => gone.abort(new Error('the client has left')))
  const send = (chunk: Uint8Array): Promise<void> =>
    new Promise(resolve => {
      session.touch()
      const text = protocol === 'base64.binary.k8s.io'
      socket.send(text ? Buffer.from(chunk).toString('base64') : chunk, { binary: !text }, () => resolve())
    })
  // Nothing is expected from the client but that it closes.
  socket.on('message', () => {})
  socket.resume()
  try {
    await send(Buffer.alloc(0))
    for await (const chunk of open(gone.signal)) {
      if (gone.signal.aborted) break
      await send(chunk)
    }
    socket.close(1000)
  } catch (error) {
    // The reason of a closing is limited to 123 bytes.
    const reason = Buffer.from(messageOf(error)).subarray(0, 123)
    socket.close(1011, reason)
  }
  await session.closed
}
