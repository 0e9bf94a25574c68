import type { Duplex } from 'node:stream'

const headerLength = 8
const pingLength = 12
/** A control frame of version 3 and type 6. */
const pingWord = 0x80030006
/** Nobody has more pings under way than this; those of somebody who has are passed on. */
const mostHeld = 16

const nothing = Buffer.alloc(0)

/**
 * Keeps a SPDY client's pings from a backend that has output on the way. A container runtime closes its connection as
 * soon as the kernel has taken the last of the output. Whatever reaches it from then on is answered by the kernel with a
 * reset, and what of the output has not been fetched by then, megabytes if the client is slow, is thrown away. Clients
 * ping every few seconds only to keep connections in use, which output does as well, and the answer comes behind it anyway.
 * So a ping is passed on when a look at the backend finds nothing to read.
 */
export class PingHold {
  readonly #backend: Duplex
  readonly #held: Buffer[] = []
  /** The beginning of a frame that does not say yet what it is. */
  #head: Buffer = nothing
  /** Bytes to come of a frame whose beginning has been passed on. */
  #left = 0
  #watching = false
  #heard = false

  constructor(backend: Duplex) {
    this.#backend = backend
    backend.on('data', () => {
      this.#heard = true
    })
    backend.on('resume', () => this.#watch())
  }

  /** Of the client's next bytes those to be passed on now: all but pings and the unfinished head of a frame. */
  sift(chunk: Buffer): readonly Buffer[] {
    const input = this.#head.length > 0 ? Buffer.concat([this.#head, chunk]) : chunk
    const passed: Buffer[] = []
    let [start, at] = [0, 0]
    while (at < input.length) {
      const present = input.length - at
      if (this.#left > 0) {
        const part = Math.min(this.#left, present)
        this.#left -= part
        at += part
        continue
      }
      if (present < headerLength) break
      const length = headerLength + input.readUIntBE(at + 5, 3)
      const isPing = input.readUInt32BE(at) === pingWord && length === pingLength
      if (!isPing || this.#held.length === mostHeld) {
        this.#left = length
        continue
      }
      if (present < pingLength) break
      this.#held.push(Buffer.from(input.subarray(at, at + pingLength)))
      passed.push(input.subarray(start, at))
      at += pingLength
      start = at
    }
    passed.push(input.subarray(start, at))
    // A copy lets go of the chunk it came in.
    this.#head = Buffer.from(input.subarray(at))
    this.#watch()
    return passed.filter(({ length }) => length > 0)
  }

  #watch(): void {
    if (this.#watching || this.#held.length === 0) return
    this.#watching = true
    this.#heard = false
    // Between the two, all that has arrived is read.
    setImmediate(() => setImmediate(() => this.#decide()))
  }

  #decide(): void {
    this.#watching = false
    if (this.#heard) this.#watch()
    // Otherwise the next look is when it is read again, or when the client has finished its frame.
    else if (!this.#backend.isPaused() && this.#left === 0) {
      for (const ping of this.#held.splice(0)) if (this.#backend.writable) this.#backend.write(ping)
    }
  }
}
