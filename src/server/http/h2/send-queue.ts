import type { HeaderEncoder } from './header-encoder.js'
import { blockSize } from './output.js'
import {
  ConnectionFault,
  defaultFrameSize,
  defaultWindow,
  errorCode,
  flag,
  frameHeadSize,
  frameType,
  writeFrameHead,
} from './protocol.js'
import type { ServerStream } from './server-stream.js'

/** The longest head of an answer, with the frames around it. */
const headRoom = 32 * 1024
/** Streams that are done are taken out of the queue when there are so many. */
const compactFrom = 64

/** The streams of a connection that have something to send, and take turns. */
export class SendQueue {
  /** What the client takes on the whole connection, in bytes. */
  window = defaultWindow
  /** Payload that the client takes in one frame. */
  frameSize = defaultFrameSize
  #queue: ServerStream[] = []
  #next = 0
  /** They wait for the window of the connection. */
  #starved: ServerStream[] = []

  constructor(
    private readonly encoder: HeaderEncoder,
    /** All of a stream's answer is written. */
    private readonly onEnded: (stream: ServerStream) => void,
    /** A stream's answer broke. */
    private readonly onBroken: (stream: ServerStream, error: unknown) => void,
  ) {}

  add(stream: ServerStream): void {
    if (stream.queued) return
    stream.queued = true
    this.#queue.push(stream)
  }

  /** Windows have changed: those who waited for the connection's try again. */
  retry(): void {
    const starved = this.#starved
    this.#starved = []
    for (const stream of starved) {
      stream.queued = false
      if (!stream.closed) this.add(stream)
    }
  }

  /** Writes frames into a block until it is full; answers where they end. */
  fill(block: Buffer, at: number): number {
    while (at + headRoom <= blockSize) {
      const stream = this.#queue[this.#next]
      if (!stream) {
        this.#queue = []
        this.#next = 0
        break
      }
      if (++this.#next >= compactFrom) {
        this.#queue.splice(0, this.#next)
        this.#next = 0
      }
      stream.queued = false
      if (!stream.closed) at = this.#turn(stream, block, at)
    }
    return at
  }

  #turn(stream: ServerStream, block: Buffer, at: number): number {
    const head = stream.takeHead()
    if (head) {
      const fields = this.encoder.encode(head.status, head.headers, head.length)
      at = this.#writeHead(stream.id, fields, head.last, block, at)
      if (head.last) {
        this.onEnded(stream)
        return at
      }
    }
    let end: number
    try {
      end = stream.write(block, at, Math.min(this.frameSize, this.window, blockSize - at - frameHeadSize))
    } catch (error) {
      this.onBroken(stream, error)
      return at
    }
    if (end > at) this.window -= end - at - frameHeadSize
    if (stream.turn === 'more') this.add(stream)
    else if (stream.turn === 'ended') this.onEnded(stream)
    else if (stream.turn === 'starved') {
      stream.queued = true
      this.#starved.push(stream)
    }
    return end
  }

  #writeHead(id: number, fields: Uint8Array, endsStream: boolean, block: Buffer, at: number): number {
    const frames = Math.max(1, Math.ceil(fields.length / this.frameSize))
    if (at + fields.length + frames * frameHeadSize > blockSize)
      throw new ConnectionFault(errorCode.internal, `an answer has ${fields.length} bytes of headers`)
    for (let i = 0; i < frames; i++) {
      const part = frames === 1 ? fields : fields.subarray(i * this.frameSize, (i + 1) * this.frameSize)
      const flags = (i === 0 && endsStream ? flag.endStream : 0) | (i === frames - 1 ? flag.endHeaders : 0)
      at = writeFrameHead(block, at, part.length, i === 0 ? frameType.headers : frameType.continuation, flags, id)
      block.set(part, at)
      at += part.length
    }
    return at
  }
}
