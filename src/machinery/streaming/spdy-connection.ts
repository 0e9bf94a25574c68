import type { Duplex } from 'node:stream'
import { type Clock, systemClock } from '../clock.js'
import { SpdyError } from './spdy-error.js'
import { dataFrameHeader, encodeFrame, FrameParser, resetStatus, type SpdyFrame } from './spdy-frames.js'
import { HeaderEncoder, type SpdyHeaders } from './spdy-headers.js'
import { SpdyStream, type StreamCarrier, type StreamEnding } from './spdy-stream.js'

export interface SpdyConnectionOptions {
  readonly role: 'client' | 'server'
  /** Bytes of the connection that were read along with the HTTP upgrade. */
  readonly head?: Buffer
  /** Decides on a stream that the peer opens, by its headers; without it all are refused. */
  readonly accept?: (headers: SpdyHeaders) => boolean
  /** Takes over a stream that was accepted. */
  readonly onStream?: (stream: SpdyStream) => void
  readonly clock?: Clock
  /** Milliseconds between pings that keep a quiet connection open through middleboxes; 0 for none. */
  readonly pingInterval?: number
}

// As long as Kubernetes' own clients wait for the answer to a new stream.
const replyTimeout = 30_000
const maxPeerStreams = 4096
// A peer that does not hang up this long after all streams have ended is hung up on.
const closeTimeout = 10_000

const plainStream = { associatedId: 0, priority: 0, fin: false, unidirectional: false }

interface Opening {
  readonly stream: SpdyStream
  readonly timer: Disposable
  resolve(stream: SpdyStream): void
  reject(error: Error): void
}

/**
 * A SPDY/3.1 connection over a socket, as container runtimes, kubelets and Kubernetes clients speak it. Their
 * implementation knows no flow control windows: it never grants any and ignores those it is given, and what a slow reader
 * leaves unread holds back the whole TCP connection. This one does the same; waiting for a window would wait for ever.
 */
export class SpdyConnection implements AsyncDisposable {
  /** Settles when the socket is closed; never rejects. */
  readonly closed: Promise<void>
  readonly #socket: Duplex
  readonly #options: SpdyConnectionOptions
  readonly #clock: Clock
  readonly #parser = new FrameParser()
  readonly #headers = new HeaderEncoder()
  readonly #streams = new Map<number, SpdyStream>()
  readonly #openings = new Map<number, Opening>()
  readonly #full = new Set<SpdyStream>()
  readonly #pings = new Map<number, (error?: Error) => void>()
  readonly #carrier: StreamCarrier
  #nextStreamId: number
  #nextPingId: number
  #lastPeerStreamId = 0
  #goneAway = false
  #goAwaySent = false
  #lost: SpdyError | undefined
  #pingTimer: Disposable | undefined
  /** Data has come since the ping timer was set. */
  #dataCame = false
  #closeTimer: Disposable | undefined

  constructor(socket: Duplex, options: SpdyConnectionOptions) {
    this.#socket = socket
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#nextStreamId = this.#nextPingId = options.role === 'client' ? 1 : 2
    this.#carrier = {
      sendData: (stream, data, fin, sent) => this.#sendData(stream, data, fin, sent),
      holdBack: (stream, full) => this.#holdBack(stream, full),
      abandon: stream => this.#abandon(stream),
    }
    this.closed = new Promise(resolve => {
      if (socket.destroyed) resolve()
      socket.once('close', () => resolve())
    })
    void this.closed.then(() => {
      this.#lose(new SpdyError('the connection is closed'))
      this.#closeTimer?.[Symbol.dispose]()
    })
    socket.on('error', error => this.#lose(new SpdyError(`the connection failed: ${error.message}`, { cause: error })))
    socket.on('end', () => this.#lose(new SpdyError('the peer closed the connection')))
    if (options.head && options.head.length > 0) socket.unshift(options.head)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    this.#schedulePing()
  }

  /** Why the connection ended, once it has. */
  get error(): Error | undefined {
    return this.#lost
  }

  /**
   * Opens a stream; resolves when the peer has accepted it, which must be awaited before sending (peers drop what comes
   * earlier). Rejects with a SpdyError if the peer refuses, does not answer within 30 seconds, or the connection ends.
   */
  createStream(headers: SpdyHeaders): Promise<SpdyStream> {
    if (this.#lost) return Promise.reject(this.#lost)
    if (this.#goneAway || this.#goAwaySent) return Promise.reject(new SpdyError('the connection is going away'))
    const id = this.#nextStreamId
    if (id > 0x7fffffff) return Promise.reject(new SpdyError('the connection has run out of streams'))
    this.#nextStreamId += 2
    const stream = new SpdyStream(this.#carrier, id, headers)
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(replyTimeout, () => {
        this.#openings.delete(id)
        stream.destroy()
        reject(new SpdyError(`the peer did not answer stream ${id} within ${replyTimeout / 1000} s`))
      })
      this.#streams.set(id, stream)
      this.#openings.set(id, { stream, timer, resolve, reject })
      this.#send({ type: 'syn-stream', streamId: id, ...plainStream, headers })
    })
  }

  /** Resolves when the peer has answered; rejects if the connection ends before. */
  ping(): Promise<void> {
    if (this.#lost) return Promise.reject(this.#lost)
    const id = this.#nextPingId
    // Odd stays odd and even stays even; 0 is no id.
    this.#nextPingId = id + 2 > 0x7fffffff ? (id % 2) + 2 : id + 2
    return new Promise((resolve, reject) => {
      this.#pings.set(id, error => (error ? reject(error) : resolve()))
      this.#send({ type: 'ping', id })
    })
  }

  /** Tells the peer that no new streams are wanted, lets those there are end, then closes the socket. */
  close(): Promise<void> {
    if (!this.#goAwaySent && !this.#lost) {
      this.#goAwaySent = true
      this.#send({ type: 'goaway', lastStreamId: this.#lastPeerStreamId, status: 0 })
      this.#closeIfDone()
    }
    return this.closed
  }

  /** Closes the socket at once; streams end as lost. */
  destroy(): void {
    this.#lose(new SpdyError('the connection was closed'))
  }

  /** Ends all streams and the connection at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.destroy()
    await this.closed
  }

  #send(frame: SpdyFrame): void {
    if (!this.#lost && this.#socket.writable) this.#socket.write(encodeFrame(frame, this.#headers))
  }

  #sendData(stream: SpdyStream, data: Buffer, fin: boolean, sent: () => void): void {
    if (this.#lost || !this.#socket.writable) {
      sent()
      return
    }
    this.#socket.cork()
    // The callback comes with an error when the socket fails; that ends the stream by way of the connection.
    const header = dataFrameHeader(stream.id, data.length, fin)
    if (data.length === 0) this.#socket.write(header, () => sent())
    else {
      this.#socket.write(header)
      this.#socket.write(data, () => sent())
    }
    this.#socket.uncork()
    if (fin) this.#forgetIfOver(stream)
  }

  #holdBack(stream: SpdyStream, full: boolean): void {
    if (full) {
      this.#full.add(stream)
      this.#socket.pause()
    } else if (this.#full.delete(stream) && this.#full.size === 0) this.#socket.resume()
  }

  #abandon(stream: SpdyStream): void {
    this.#holdBack(stream, false)
    if (this.#streams.delete(stream.id)) {
      this.#send({ type: 'rst-stream', streamId: stream.id, status: resetStatus.cancel })
      this.#closeIfDone()
    }
  }

  #conclude(stream: SpdyStream, ending: StreamEnding): void {
    stream.conclude(ending)
    this.#forgetIfOver(stream)
  }

  #forgetIfOver(stream: SpdyStream): void {
    if (stream.over && this.#streams.delete(stream.id)) this.#closeIfDone()
  }

  #closeIfDone(): void {
    if (!(this.#goAwaySent || this.#goneAway) || this.#streams.size > 0 || this.#lost || this.#closeTimer) return
    this.#closeTimer = this.#clock.after(closeTimeout, () => this.destroy())
    this.#socket.end()
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#parser.parse(chunk)) {
        if (this.#lost) return
        this.#handle(frame)
      }
    } catch (error) {
      this.#send({ type: 'goaway', lastStreamId: this.#lastPeerStreamId, status: resetStatus.protocolError })
      this.#lose(error instanceof SpdyError ? error : new SpdyError('a stream handler failed', { cause: error }))
    }
  }

  #handle(frame: SpdyFrame): void {
    switch (frame.type) {
      case 'syn-stream':
        this.#acceptStream(frame)
        return
      case 'syn-reply': {
        const opening = this.#settleOpening(frame.streamId)
        opening?.resolve(opening.stream)
        if (opening && frame.fin) this.#conclude(opening.stream, 'finished')
        return
      }
      case 'data': {
        this.#dataCame = true
        const stream = this.#streams.get(frame.streamId)
        // What comes for a stream that was just abandoned was on its way.
        stream?.receive(frame.data, frame.fin)
        if (stream) this.#forgetIfOver(stream)
        return
      }
      case 'headers': {
        const stream = this.#streams.get(frame.streamId)
        if (stream && frame.fin) this.#conclude(stream, 'finished')
        return
      }
      case 'rst-stream': {
        const stream = this.#streams.get(frame.streamId)
        this.#settleOpening(frame.streamId)?.reject(
          new SpdyError(`the peer refused stream ${frame.streamId} (status ${frame.status})`),
        )
        if (stream) this.#conclude(stream, 'reset')
        return
      }
      case 'ping': {
        if (frame.id % 2 !== this.#nextPingId % 2) this.#send(frame)
        else {
          this.#pings.get(frame.id)?.()
          this.#pings.delete(frame.id)
        }
        return
      }
      case 'goaway':
        this.#goneAway = true
        this.#closeIfDone()
        return
      case 'settings':
      case 'window-update':
        return
    }
  }

  #acceptStream(frame: SpdyFrame & { type: 'syn-stream' }): void {
    const { streamId, headers } = frame
    const { accept, onStream, role } = this.#options
    const refuse = (status: number): void => this.#send({ type: 'rst-stream', streamId, status })
    if (this.#goAwaySent) return
    if (streamId % 2 !== (role === 'client' ? 0 : 1) || streamId <= this.#lastPeerStreamId) {
      refuse(resetStatus.protocolError)
      return
    }
    this.#lastPeerStreamId = streamId
    if (this.#streams.size >= maxPeerStreams || !onStream || !accept?.(headers)) {
      refuse(resetStatus.refusedStream)
      return
    }
    const stream = new SpdyStream(this.#carrier, streamId, headers, frame.unidirectional)
    this.#streams.set(streamId, stream)
    if (!frame.unidirectional) this.#send({ type: 'syn-reply', streamId, fin: false, headers: {} })
    if (frame.fin) this.#conclude(stream, 'finished')
    onStream(stream)
  }

  #settleOpening(streamId: number): Opening | undefined {
    const opening = this.#openings.get(streamId)
    this.#openings.delete(streamId)
    opening?.timer[Symbol.dispose]()
    return opening
  }

  #schedulePing(): void {
    const { pingInterval } = this.#options
    if (!pingInterval) return
    this.#dataCame = false
    this.#pingTimer = this.#clock.after(pingInterval, () => {
      // Data says as much. And a peer that has closed after its last data would be made to throw away what is not here yet.
      if (this.#dataCame || this.#full.size > 0) return this.#schedulePing()
      // The next one waits for the answer, lest pings pile up before a peer that is stuck.
      this.ping().then(
        () => this.#lost || this.#schedulePing(),
        () => {},
      )
    })
  }

  #lose(error: SpdyError): void {
    if (this.#lost) return
    this.#lost = error
    this.#pingTimer?.[Symbol.dispose]()
    this.#closeTimer?.[Symbol.dispose]()
    // A last GOAWAY or the end of a stream may still be on its way out; a peer that reads no more cannot hold that up.
    if (this.#socket.writableLength === 0 || this.#socket.readableEnded) this.#socket.destroy()
    else {
      this.#closeTimer = this.#clock.after(closeTimeout, () => this.#socket.destroy())
      this.#socket.end(() => this.#socket.destroy())
    }
    for (const id of [...this.#openings.keys()]) this.#settleOpening(id)?.reject(error)
    for (const answered of this.#pings.values()) answered(error)
    this.#pings.clear()
    const streams = [...this.#streams.values()]
    this.#streams.clear()
    this.#full.clear()
    for (const stream of streams) stream.conclude('lost')
  }
}
