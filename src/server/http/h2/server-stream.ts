import { Readable } from 'node:stream'
import type { ApiResponse } from '../../../machinery/http.js'
import { lengthOf } from '../send.js'
import { type ByteSource, byteSource } from './byte-source.js'
import { flag, frameHeadSize, frameType, writeFrameHead } from './protocol.js'
import { ReceiveWindow } from './receive-window.js'
import type { RequestHead } from './request-head.js'
import { Stall } from './stall.js'

/** What a stream needs of its connection. */
export interface StreamOwner {
  /** The stream has something to send. */
  ready(stream: ServerStream): void
  /** The handler has come to an end, whether somebody still listens or not. */
  answered(): void
  /** The peer may send so much more. */
  consumed(stream: ServerStream, bytes: number): void
  /** Tells the peer that the stream is over, and forgets it. */
  reset(stream: ServerStream, code: number): void
}

/** What an answer says before its body. */
export interface ResponseHead {
  readonly status: number
  readonly headers: ApiResponse['headers']
  /** Bytes of the body, where they are all there. */
  readonly length: number | undefined
  /** There is no body. */
  readonly last: boolean
}

/**
 * How a stream's turn to write went: it may have more, waits for its source, or for its window (`blocked`) or that of the
 * connection (`starved`), or the answer is out.
 */
export type Turn = 'more' | 'waiting' | 'blocked' | 'starved' | 'ended'

/** One request and its answer. */
export class ServerStream {
  /** Undefined if the request has none. */
  readonly body: Readable | undefined
  /** What the peer takes of the answer, in bytes. */
  sendWindow: number
  readonly #receiveWindow: ReceiveWindow | undefined
  /** Bytes of the body that have come. */
  #received = 0
  /** Of these, what has not been told to the connection as read. */
  #unread = 0
  #remoteEnded: boolean
  #closed = false
  #onClose: (() => void) | undefined
  #answered = false
  #head: ResponseHead | undefined
  #source: ByteSource | undefined
  #complete = false
  #piece: Uint8Array | undefined
  #offset = 0
  /** It is among those that have something to send. */
  queued = false
  /** Bytes of the answer that are out. */
  sent = 0
  turn: Turn = 'more'
  readonly stall = new Stall()

  constructor(
    private readonly owner: StreamOwner,
    readonly id: number,
    readonly head: RequestHead,
    sendWindow: number,
    receiveWindow: number,
    endsHere: boolean,
  ) {
    this.sendWindow = sendWindow
    this.#remoteEnded = endsHere
    if (endsHere) return
    this.#receiveWindow = new ReceiveWindow(receiveWindow)
    this.body = new Readable({ highWaterMark: 64 * 1024, read: () => this.#read() })
    // Nobody else may listen, and a request that is broken off is no fault.
    this.body.on('error', () => {})
  }

  /** Both sides are done, or one has given up. */
  get closed(): boolean {
    return this.#closed
  }

  get remoteEnded(): boolean {
    return this.#remoteEnded
  }

  /** The answer is there, as a whole: only the client keeps it from being sent. */
  get complete(): boolean {
    return this.#complete
  }

  /** Calls `action` once the stream is over. */
  set onClose(action: () => void) {
    this.#onClose = action
  }

  /** Answers the request. Throws for a body that cannot be sent. */
  respond(response: ApiResponse, withBody: boolean): void {
    const { status, headers, body } = response
    this.#settle()
    const source = body.kind === 'none' ? undefined : byteSource(body)
    if (withBody && !this.#closed) this.#source = source
    else source?.close()
    if (this.#closed) return
    this.#complete = body.kind === 'bytes'
    this.#head = {
      status,
      headers,
      length: withBody && body.kind === 'bytes' ? lengthOf(response) : undefined,
      last: !this.#source,
    }
    this.owner.ready(this)
  }

  /** Breaks off, with an error code of the protocol. */
  reset(code: number): void {
    this.#settle()
    if (!this.#closed) this.owner.reset(this, code)
  }

  #settle(): void {
    if (this.#answered) return
    this.#answered = true
    this.owner.answered()
  }

  /** A DATA frame begins; false if the peer may not send so much. */
  take(bytes: number): boolean {
    return this.#receiveWindow?.take(bytes) === true
  }

  /** By how much the peer's window is to grow when bytes have been read. */
  give(bytes: number): number {
    return this.#remoteEnded ? 0 : (this.#receiveWindow?.give(bytes) ?? 0)
  }

  /** A part of the body; false if it is more than was announced. */
  push(piece: Buffer): boolean {
    this.#received += piece.length
    if (this.head.length !== undefined && this.#received > this.head.length) return false
    if (!this.body || this.body.destroyed) {
      this.owner.consumed(this, piece.length)
      return true
    }
    this.#unread += piece.length
    // A small piece must not keep all that came with it.
    this.body.push(piece.length * 4 < piece.buffer.byteLength ? Buffer.from(piece) : piece)
    return true
  }

  /** The end of the body; false if it is less than was announced. */
  end(): boolean {
    this.#remoteEnded = true
    if (this.head.length !== undefined && this.#received !== this.head.length) return false
    this.body?.push(null)
    return true
  }

  /** The body's reader wants more: what it got before is read. */
  #read(): void {
    const bytes = this.#unread
    this.#unread = 0
    if (bytes > 0) this.owner.consumed(this, bytes)
  }

  /** For the connection: the stream is over. Bytes that nobody has read are given back. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#read()
    this.#source?.close()
    this.#source = undefined
    this.#piece = undefined
    if (!this.#remoteEnded) this.body?.destroy()
    this.#onClose?.()
  }

  /** The head of the answer, once. */
  takeHead(): ResponseHead | undefined {
    const head = this.#head
    this.#head = undefined
    return head
  }

  /**
   * Writes a DATA frame of at most `most` bytes if there is something to send; answers where it ends, and leaves in `turn`
   * how it went. Throws what the answer's source throws.
   */
  write(block: Buffer, at: number, most: number): number {
    const source = this.#source
    const begin = at + frameHeadSize
    const limit = begin + Math.max(0, Math.min(most, this.sendWindow))
    let end = begin
    let ended = true
    let drained = false
    if (source) {
      for (;;) {
        if (!this.#piece) {
          this.#piece = source.take()
          this.#offset = 0
          if (!this.#piece) {
            drained = true
            break
          }
        }
        const piece = this.#offset === 0 ? this.#piece : this.#piece.subarray(this.#offset)
        const room = limit - end
        if (piece.length > room) {
          if (room > 0) block.set(piece.subarray(0, room), end)
          this.#offset += room
          end = limit
          break
        }
        block.set(piece, end)
        end += piece.length
        this.#piece = undefined
      }
      ended = !this.#piece && source.ended
    }
    const size = end - begin
    this.turn = ended ? 'ended' : drained ? 'waiting' : size > 0 ? 'more' : this.sendWindow > 0 ? 'starved' : 'blocked'
    if (this.turn === 'waiting') source?.whenReady(this.#wake)
    if (size === 0 && !ended) return at
    writeFrameHead(block, at, size, frameType.data, ended ? flag.endStream : 0, this.id)
    this.sendWindow -= size
    this.sent += size
    return end
  }

  readonly #wake = (): void => {
    if (!this.#closed) this.owner.ready(this)
  }
}
