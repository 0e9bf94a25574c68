/** How often something may be done at once, and how often a second in the long run. */
export interface Rate {
  readonly burst: number
  readonly perSecond: number
}

/** What a client may ask of a connection. What is not said to be otherwise is as upstream has it. */
export interface Limits {
  /** Requests at a time. */
  readonly concurrentStreams: number
  /** Bytes of a request's body that are taken before somebody reads them. */
  readonly streamWindow: number
  /** Payload of a frame that is read, in bytes. */
  readonly frameSize: number
  /** Headers of a request, in bytes; beyond it is answered with 431. */
  readonly headerListSize: number
  /** A connection without requests ends after so many milliseconds. */
  readonly idleMs: number
  /** An answer that is complete, or a connection, of which the client takes nothing for so long is given up. Our own. */
  readonly stallMs: number
  /** Frames that a header block may come in. Our own. */
  readonly headerFrames: number
  /** Requests that a client may take back: so many at once, and so many a second in the long run. As nghttp2 has it. */
  readonly resets: Rate
  /** Frames that bring nothing forward, such as pings. Our own. */
  readonly idleFrames: Rate
  /** Bytes of answers to such frames that may wait; beyond nothing more is read until the client takes them. Our own. */
  readonly waitingReplies: number
  /** Pieces of bodies that take more memory than they bring. Our own. */
  readonly smallPieces: Rate
}

export const defaultLimits: Limits = {
  concurrentStreams: 100,
  streamWindow: 256 * 1024,
  frameSize: 256 * 1024,
  headerListSize: 1 << 20,
  idleMs: 90_000,
  stallMs: 300_000,
  headerFrames: 128,
  resets: { burst: 1000, perSecond: 33 },
  idleFrames: { burst: 5000, perSecond: 200 },
  smallPieces: { burst: 50_000, perSecond: 2000 },
  waitingReplies: 32 * 1024,
}

/** Something one may do so often at once, and so often a second in the long run. */
export class Allowance {
  #left: number
  #since: number

  constructor(
    private readonly rate: Rate,
    nowMs: number,
    /** What it is to do it more often. */
    readonly excess: string,
  ) {
    this.#left = rate.burst
    this.#since = nowMs
  }

  /** Whether it may be done once more. */
  take(nowMs: number): boolean {
    const { burst, perSecond } = this.rate
    this.#left = Math.min(burst, this.#left + ((nowMs - this.#since) / 1000) * perSecond)
    this.#since = nowMs
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
