import type { Writable } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import type { SessionOptions } from './upgrade-proxy.js'
import { superviseWebSocket, type WebSocketSession } from './websocket-session.js'

/** What a message of a client means. */
export interface ChannelHandlers {
  onData(channel: number, data: Buffer): void
  /** The client will send no more on the channel (`v5.channel.k8s.io`). */
  onEnd?(channel: number): void
}

// Beyond this much unsent data, senders wait.
const sendBuffer = 1024 * 1024
const closeSignal = 255

/**
 * A WebSocket whose messages begin with the number of a channel: a byte, or with `base64` a digit, followed by the
 * content in base64.
 */
export class ChannelSocket {
  /** Settles when the connection is closed; never rejects. */
  readonly closed: Promise<void>
  readonly #socket: WebSocket
  readonly #base64: boolean
  readonly #session: WebSocketSession
  readonly #waiting = new Set<() => void>()
  #handlers: ChannelHandlers | undefined
  #holds = 0

  constructor(socket: WebSocket, base64: boolean, options: SessionOptions = {}) {
    this.#socket = socket
    this.#base64 = base64
    this.#session = superviseWebSocket(socket, options)
    this.closed = this.#session.closed.then(() => this.#release())
    socket.on('message', (message: RawData) => this.#receive(message as Buffer))
  }

  /** Begins to take in messages. */
  start(handlers: ChannelHandlers): void {
    this.#handlers = handlers
    this.#socket.resume()
  }

  /** A function that writes what a channel brings to `sink`, and takes in no more messages while that is full. */
  feed(sink: Writable): (data: Buffer) => void {
    let release: (() => void) | undefined
    const resume = () => {
      release?.()
      release = undefined
    }
    sink.on('drain', resume)
    sink.on('close', resume)
    return data => {
      if (data.length > 0 && sink.writable && !sink.write(data)) release ??= this.#hold()
    }
  }

  /** Sends a message; resolves when there is room for the next one. Once the client has left, it is dropped. */
  async send(channel: number, data: Buffer): Promise<void> {
    const socket = this.#socket
    if (socket.readyState !== socket.OPEN) return
    this.#session.touch()
    const sent = () => this.#release()
    if (this.#base64) socket.send(String.fromCharCode(0x30 + channel) + data.toString('base64'), sent)
    else socket.send(Buffer.concat([Buffer.from([channel]), data]), { binary: true }, sent)
    while (socket.bufferedAmount > sendBuffer && socket.readyState === socket.OPEN) {
      await new Promise<void>(resolve => this.#waiting.add(resolve))
    }
  }

  /**
   * Ends the session: what has been sent is delivered, what still comes is ignored. Resolves when the client has closed
   * the connection, or was slower at reading the rest than `drainTimeout`.
   */
  async finish(): Promise<void> {
    this.#handlers = undefined
    this.#holds = 0
    this.#socket.resume()
    this.#socket.close(1000)
    await this.closed
  }

  // What has been read already still comes.
  #hold(): () => void {
    let held = true
    this.#holds++
    this.#socket.pause()
    return () => {
      if (held && --this.#holds === 0) this.#socket.resume()
      held = false
    }
  }

  #receive(message: Buffer): void {
    this.#session.touch()
    const first = message[0]
    if (first === undefined || !this.#handlers) return
    if (this.#base64) {
      const content = Buffer.from(message.toString('latin1', 1), 'base64')
      this.#handlers.onData(first - 0x30, content)
    } else if (first === closeSignal && this.#handlers.onEnd) {
      const channel = message[1]
      if (channel !== undefined) this.#handlers.onEnd(channel)
    } else this.#handlers.onData(first, message.subarray(1))
  }

  #release(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resolve of waiting) resolve()
  }
}
