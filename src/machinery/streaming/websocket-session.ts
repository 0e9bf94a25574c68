import type { WebSocket } from 'ws'
import { systemClock } from '../clock.js'
import { IdleTimer } from './idle-timer.js'
import { defaultIdleTimeout, type SessionOptions } from './upgrade-proxy.js'

export interface WebSocketSession {
  /** Settles when the connection is closed; never rejects. */
  readonly closed: Promise<void>
  /** Counts as use of the connection. */
  touch(): void
}

// Pings keep middleboxes from forgetting the connection, and notice a client that is gone while nothing is read from it.
const pingInterval = 30_000

/** Keeps a WebSocket alive as long as it is used, and cuts it when it is idle or the signal aborts. */
export function superviseWebSocket(socket: WebSocket, options: SessionOptions = {}): WebSocketSession {
  const { signal, clock = systemClock, idleTimeout = defaultIdleTimeout } = options
  const terminate = () => socket.terminate()
  const idle = new IdleTimer(clock, idleTimeout, terminate)
  let timer: Disposable
  const schedulePing = () => {
    timer = clock.after(pingInterval, () => {
      // Data on its way out says as much as a ping.
      if (socket.readyState === socket.OPEN && socket.bufferedAmount === 0) socket.ping()
      schedulePing()
    })
  }
  schedulePing()
  // ws closes the connection after an error, with the code that says why.
  socket.on('error', () => {})
  signal?.addEventListener('abort', terminate, { once: true })
  if (signal?.aborted) terminate()
  const closed = new Promise<void>(resolve => {
    socket.once('close', () => {
      idle.stop()
      timer[Symbol.dispose]()
      signal?.removeEventListener('abort', terminate)
      resolve()
    })
  })
  return { closed, touch: () => idle.touch() }
}
