import { ConnectionFault, errorCode, flag, frameHeadSize, frameType, preface } from './protocol.js'

/** Who gets the frames. What it throws comes out of `push`; nothing is read behind that. */
export interface FrameHandler {
  /** A whole frame of any type but DATA. The payload is valid during the call only. */
  frame(type: number, flags: number, stream: number, payload: Buffer): void
  /** A DATA frame begins; `length` is what it takes of the windows, padding included. */
  dataBegins(stream: number, length: number): void
  /** A piece of it, without padding. */
  data(stream: number, piece: Buffer): void
  dataEnds(stream: number, endsStream: boolean): void
}

/**
 * Cuts what comes over a connection into frames. It copies only frames other than DATA that come in pieces, and holds on to
 * no more than one of them.
 */
export class FrameReader {
  /** How much of the preface has come. */
  #greeted = 0
  readonly #head = Buffer.alloc(frameHeadSize)
  #headSize = 0
  #length = 0
  #type = 0
  #flags = 0
  #stream = 0
  /** What has come of a frame whose end has not. */
  #partial: Buffer | undefined
  #filled = 0
  /** Of the DATA frame that is coming: bytes of data and of padding; -1 until the length of its padding is known. */
  #left = 0
  #padding = 0
  #inData = false

  constructor(
    private readonly handler: FrameHandler,
    private readonly maximumSize: number,
  ) {}

  /** Throws a `ConnectionFault` for what is no HTTP/2. */
  push(chunk: Buffer): void {
    let at = this.#greeted < preface.length ? this.#greet(chunk) : 0
    while (at < chunk.length) {
      if (this.#inData) at = this.#readData(chunk, at)
      else if (this.#partial) at = this.#fill(this.#partial, chunk, at)
      else at = this.#begin(chunk, at)
    }
  }

  #greet(chunk: Buffer): number {
    const size = Math.min(chunk.length, preface.length - this.#greeted)
    if (chunk.compare(preface, this.#greeted, this.#greeted + size, 0, size) !== 0)
      throw new ConnectionFault(errorCode.protocol, 'the client does not begin as HTTP/2 does')
    this.#greeted += size
    return size
  }

  /** Reads a frame's head, and the whole frame if it is there. */
  #begin(chunk: Buffer, at: number): number {
    if (this.#headSize === 0 && chunk.length - at >= frameHeadSize) {
      this.#readHead(chunk, at)
      at += frameHeadSize
    } else {
      const size = Math.min(chunk.length - at, frameHeadSize - this.#headSize)
      chunk.copy(this.#head, this.#headSize, at, at + size)
      this.#headSize += size
      at += size
      if (this.#headSize < frameHeadSize) return at
      this.#headSize = 0
      this.#readHead(this.#head, 0)
    }
    if (this.#length > this.maximumSize)
      throw new ConnectionFault(errorCode.frameSize, `a frame of ${this.#length} bytes is too long`)
    if (this.#type === frameType.data) return this.#beginData(at)
    const end = at + this.#length
    if (end <= chunk.length) {
      this.handler.frame(this.#type, this.#flags, this.#stream, chunk.subarray(at, end))
      return end
    }
    this.#partial = Buffer.allocUnsafe(this.#length)
    this.#filled = 0
    return at
  }

  #readHead(from: Buffer, at: number): void {
    this.#length = from.readUIntBE(at, 3)
    this.#type = from[at + 3] ?? 0
    this.#flags = from[at + 4] ?? 0
    this.#stream = from.readUInt32BE(at + 5) & 0x7fffffff
  }

  #fill(partial: Buffer, chunk: Buffer, at: number): number {
    const size = Math.min(chunk.length - at, partial.length - this.#filled)
    chunk.copy(partial, this.#filled, at, at + size)
    this.#filled += size
    if (this.#filled < partial.length) return at + size
    this.#partial = undefined
    this.handler.frame(this.#type, this.#flags, this.#stream, partial)
    return at + size
  }

  #beginData(at: number): number {
    if (this.#stream === 0) throw new ConnectionFault(errorCode.protocol, 'data belong to a stream')
    this.handler.dataBegins(this.#stream, this.#length)
    this.#inData = true
    this.#left = this.#length
    this.#padding = (this.#flags & flag.padded) !== 0 ? -1 : 0
    if (this.#padding < 0 && this.#length === 0)
      throw new ConnectionFault(errorCode.frameSize, 'a padded frame says how long its padding is')
    if (this.#length === 0) this.#endData()
    return at
  }

  #readData(chunk: Buffer, at: number): number {
    if (this.#padding < 0) {
      this.#padding = chunk[at++] ?? 0
      this.#left -= this.#padding + 1
      if (this.#left < 0) throw new ConnectionFault(errorCode.protocol, 'the padding is longer than its frame')
    }
    const data = Math.min(this.#left, chunk.length - at)
    if (data > 0) {
      this.#left -= data
      this.handler.data(this.#stream, chunk.subarray(at, at + data))
      at += data
    }
    const padding = Math.min(this.#padding, chunk.length - at)
    this.#padding -= padding
    if (this.#left === 0 && this.#padding === 0) this.#endData()
    return at + padding
  }

  #endData(): void {
    this.#inData = false
    this.handler.dataEnds(this.#stream, (this.#flags & flag.endStream) !== 0)
  }
}

/** The payload of a HEADERS frame without padding and priority. Throws a `ConnectionFault` if they do not fit. */
export function headerFragment(payload: Buffer, flags: number): Buffer {
  if ((flags & (flag.padded | flag.priority)) === 0) return payload
  let begin = 0
  let end = payload.length
  if ((flags & flag.padded) !== 0) {
    if (end === 0) throw new ConnectionFault(errorCode.frameSize, 'a padded frame says how long its padding is')
    end -= payload[0] ?? 0
    begin = 1
  }
  if ((flags & flag.priority) !== 0) begin += 5
  if (begin > end) throw new ConnectionFault(errorCode.protocol, 'the padding is longer than its frame')
  return payload.subarray(begin, end)
}
