import { headerFragment } from './frame-reader.js'
import { ConnectionFault, errorCode, flag } from './protocol.js'

/** Puts header blocks together that come in several frames. */
export class HeaderBlocks {
  #stream = 0
  #endsStream = false
  #parts: Buffer[] = []
  #size = 0

  constructor(
    private readonly maximumSize: number,
    private readonly maximumFrames: number,
    private readonly onBlock: (stream: number, block: Buffer, endsStream: boolean) => void,
  ) {}

  /** The stream whose block is coming: nothing else may come before its end. 0 if there is none. */
  get stream(): number {
    return this.#stream
  }

  headers(stream: number, flags: number, payload: Buffer): void {
    const fragment = headerFragment(payload, flags)
    const endsStream = (flags & flag.endStream) !== 0
    if ((flags & flag.endHeaders) !== 0) this.onBlock(stream, fragment, endsStream)
    else {
      this.#stream = stream
      this.#endsStream = endsStream
      this.#keep(fragment)
    }
  }

  continuation(stream: number, flags: number, fragment: Buffer): void {
    if (stream === 0 || stream !== this.#stream)
      throw new ConnectionFault(errorCode.protocol, 'headers are continued that have not begun')
    this.#keep(fragment)
    if ((flags & flag.endHeaders) === 0) return
    const block = Buffer.concat(this.#parts, this.#size)
    this.#stream = this.#size = 0
    this.#parts = []
    this.onBlock(stream, block, this.#endsStream)
  }

  #keep(fragment: Buffer): void {
    this.#size += fragment.length
    // What it is a part of is valid during the call only.
    this.#parts.push(Buffer.from(fragment))
    if (this.#size > this.maximumSize || this.#parts.length > this.maximumFrames)
      throw new ConnectionFault(errorCode.enhanceYourCalm, 'the headers of a request do not come to an end')
  }
}
