import type { FrameHandler } from './frame-reader.js'
import { ConnectionFault, errorCode } from './protocol.js'
import { ReceiveWindow } from './receive-window.js'
import type { ServerStream } from './server-stream.js'

/** What is shorter takes more memory than its bytes, in bytes. */
const smallPiece = 64

/** What a connection does when bodies come. */
export interface BodyRules {
  /** The stream whose data are coming, if there still is one. Throws for one that has not begun. */
  streamOf(id: number): ServerStream | undefined
  /** The client has broken the rules of a stream. */
  refuse(stream: ServerStream, code: number): void
  /** A frame has brought nothing, or so little that keeping it takes more. */
  idle(small: boolean): void
  /** The client may send more: on a stream, or, at 0, on the whole connection. */
  windowUpdate(stream: number, increment: number): void
}

/** Hands what comes of bodies to their streams, within the windows of these and of the connection. */
export class BodyReceiver implements Omit<FrameHandler, 'frame'> {
  readonly #window: ReceiveWindow
  /** Of the frame that is coming: who gets it, what counts in windows but is no data, and bytes of data. */
  #receiver: ServerStream | undefined
  #overhead = 0
  #size = 0

  /** `window`: bytes that the client may send on all streams together. */
  constructor(
    window: number,
    private readonly rules: BodyRules,
  ) {
    this.#window = new ReceiveWindow(window)
  }

  dataBegins(id: number, length: number): void {
    const stream = this.rules.streamOf(id)
    if (!this.#window.take(length))
      throw new ConnectionFault(errorCode.flowControl, 'the client sends more than the connection may carry')
    this.#receiver = stream
    this.#overhead = length
    this.#size = 0
    if (stream?.remoteEnded) this.rules.refuse(stream, errorCode.streamClosed)
    else if (stream && !stream.take(length)) this.rules.refuse(stream, errorCode.flowControl)
  }

  data(_: number, piece: Buffer): void {
    this.#size += piece.length
    const receiver = this.#receiver
    if (!receiver || receiver.closed) return
    if (receiver.push(piece)) this.#overhead -= piece.length
    else this.rules.refuse(receiver, errorCode.protocol)
  }

  dataEnds(_: number, endsStream: boolean): void {
    const receiver = this.#receiver
    this.#receiver = undefined
    // Many clients end a body with a frame of its own.
    if (this.#size < smallPiece && !endsStream) this.rules.idle(this.#size > 0)
    this.giveBack(this.#overhead, receiver)
    if (endsStream && receiver && !receiver.closed && !receiver.end()) this.rules.refuse(receiver, errorCode.protocol)
  }

  /** Bytes have been read. */
  giveBack(bytes: number, stream: ServerStream | undefined): void {
    if (bytes === 0) return
    const whole = this.#window.give(bytes)
    if (whole > 0) this.rules.windowUpdate(0, whole)
    const own = stream && !stream.closed ? stream.give(bytes) : 0
    if (stream && own > 0) this.rules.windowUpdate(stream.id, own)
  }
}
