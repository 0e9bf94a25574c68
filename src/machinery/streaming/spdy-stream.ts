import { Duplex } from 'node:stream'
import type { SpdyHeaders } from './spdy-headers.js'

/** What a stream needs of its connection. */
export interface StreamCarrier {
  /** Sends a DATA frame; `sent` is called when the socket has room for more. */
  sendData(stream: SpdyStream, data: Buffer, fin: boolean, sent: () => void): void
  /** The stream's buffer is full (`true`) or has room again (`false`). */
  holdBack(stream: SpdyStream, full: boolean): void
  /** The stream is given up on this side; the peer is told if it still counts on it. */
  abandon(stream: SpdyStream): void
}

/** How the peer's side of a stream ended: it finished, reset the stream, or the connection went away. */
export type StreamEnding = 'finished' | 'reset' | 'lost'

// Data sent at once, so that streams of one connection take turns on it.
const maxDataFrame = 64 * 1024
// Beyond this much unread data of one stream the connection stops reading, as SPDY peers in Kubernetes know no windows.
const receiveBuffer = 256 * 1024

const nothing = Buffer.alloc(0)

/**
 * One stream of a SPDY connection. `end()` half-closes it, `destroy()` resets it. When the peer resets the stream or the
 * connection is lost, what has been received can still be read to its end, `ending` says what happened, and what is
 * written from then on is dropped without an error: like output nobody looks at any more. A stream that nobody reads
 * holds up its whole connection once its buffer is full; call `resume()` on one whose data does not matter.
 */
export class SpdyStream extends Duplex {
  #ending: StreamEnding | undefined
  #finished: boolean

  constructor(
    readonly carrier: StreamCarrier,
    readonly id: number,
    /** What the stream was opened with. */
    readonly headers: SpdyHeaders,
    /** A stream on which this side never sends. */
    receiveOnly = false,
  ) {
    super({ readableHighWaterMark: receiveBuffer, writableHighWaterMark: maxDataFrame })
    this.#finished = receiveOnly
    if (receiveOnly) this.end()
    // A reset is reported by `ending`; an error given to destroy() concerns whoever called it.
    this.on('error', () => {})
  }

  /** Unset while the peer may still send. */
  get ending(): StreamEnding | undefined {
    return this.#ending
  }

  /** Both directions are over: the connection can forget the stream. */
  get over(): boolean {
    return this.#ending !== undefined && (this.#finished || this.#ending !== 'finished')
  }

  /** For the connection: data from the peer. */
  receive(data: Buffer, fin: boolean): void {
    if (this.#ending || this.destroyed) return
    if (data.length > 0 && !this.push(data)) this.carrier.holdBack(this, true)
    if (fin) this.conclude('finished')
  }

  /** For the connection: nothing more will come from the peer. */
  conclude(ending: StreamEnding): void {
    // A stream that ended in order and is then reset or lost cannot be written to any more, that is all there is to it.
    if (this.#ending === 'finished' && ending !== 'finished') this.#finished = true
    if (this.#ending) return
    this.#ending = ending
    if (!this.destroyed) this.push(null)
  }

  override _read(): void {
    this.carrier.holdBack(this, false)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const sendFrom = (offset: number): void => {
      const data = this.#closedForWriting() ? nothing : chunk.subarray(offset, offset + maxDataFrame)
      if (data.length > 0) this.carrier.sendData(this, data, false, () => sendFrom(offset + data.length))
      else done()
    }
    sendFrom(0)
  }

  override _final(done: () => void): void {
    if (this.#closedForWriting()) done()
    else {
      this.#finished = true
      this.carrier.sendData(this, nothing, true, done)
    }
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.carrier.abandon(this)
    done(error)
  }

  #closedForWriting(): boolean {
    return this.#finished || this.#ending === 'reset' || this.#ending === 'lost'
  }
}
