import type { Duplex } from 'node:stream'
import { frameHeadSize, frameType, writeFrameHead, writeNumber } from './protocol.js'
import { hasWritten, mustWait } from './write-turns.js'

/** Bytes written to a socket at a time. */
export const blockSize = 128 * 1024
/** Blocks for all connections; one has at most one. More are made where clients are slow, and thrown away. */
const kept: Buffer[] = []
const mostKept = 16

/**
 * What goes out over a connection. Whatever gathers within a turn of the event loop, or while the last block is on its
 * way, goes into one write: a write costs more than what it writes.
 */
export class Output {
  /** Short frames of the connection itself, which go first. */
  #replies = Buffer.allocUnsafe(256)
  #waiting = 0
  #block: Buffer | undefined
  #scheduled = false
  #ending = false
  /** How many blocks have been begun: whether it moves at all. */
  blocks = 0

  /** `fill` adds frames to a block from a place on, and answers where they end. */
  constructor(
    private readonly socket: Duplex,
    private readonly fill: (block: Buffer, at: number) => number,
  ) {}

  /** Bytes of replies that the client has not yet taken. */
  get waiting(): number {
    return this.#waiting
  }

  /** A block is on its way. */
  get writing(): boolean {
    return this.#block !== undefined
  }

  /** There is something to send. */
  wake(): void {
    if (this.#scheduled || this.#block) return
    this.#scheduled = true
    process.nextTick(this.#flush)
  }

  /** A short frame: its payload is a few numbers of 32 bits. */
  reply(type: number, flags: number, stream: number, numbers: readonly number[]): void {
    let at = this.#reserve(frameHeadSize + 4 * numbers.length)
    at = writeFrameHead(this.#replies, at, 4 * numbers.length, type, flags, stream)
    for (const number of numbers) at = writeNumber(this.#replies, at, number)
  }

  settings(values: readonly (readonly [id: number, value: number])[]): void {
    let at = this.#reserve(frameHeadSize + 6 * values.length)
    at = writeFrameHead(this.#replies, at, 6 * values.length, frameType.settings, 0, 0)
    for (const [id, value] of values) {
      this.#replies[at++] = id >>> 8
      this.#replies[at++] = id
      at = writeNumber(this.#replies, at, value)
    }
  }

  reset(stream: number, code: number): void {
    this.reply(frameType.reset, 0, stream, [code])
  }

  goaway(lastStream: number, code: number): void {
    this.reply(frameType.goaway, 0, 0, [lastStream, code])
  }

  windowUpdate(stream: number, increment: number): void {
    this.reply(frameType.windowUpdate, 0, stream, [increment])
  }

  /** Ends the connection when everything is out. */
  end(): void {
    this.#ending = true
    this.wake()
  }

  #reserve(size: number): number {
    const at = this.#waiting
    this.#waiting += size
    if (this.#waiting > this.#replies.length) {
      const larger = Buffer.allocUnsafe(this.#waiting * 2)
      this.#replies.copy(larger, 0, 0, at)
      this.#replies = larger
    }
    this.wake()
    return at
  }

  readonly #flush = (): void => {
    if (mustWait(this.#flush)) return
    this.#scheduled = false
    if (this.#block || this.socket.destroyed) return
    const block = kept.pop() ?? Buffer.allocUnsafeSlow(blockSize)
    let end = Math.min(this.#waiting, blockSize)
    this.#replies.copy(block, 0, 0, end)
    this.#replies.copy(this.#replies, 0, end, this.#waiting)
    this.#waiting -= end
    end = this.fill(block, end)
    if (end === 0) {
      keep(block)
      if (this.#ending && !this.socket.writableEnded) this.socket.end()
      return
    }
    this.#block = block
    this.blocks++
    hasWritten(end)
    this.socket.write(block.subarray(0, end), this.#done)
  }

  readonly #done = (error?: Error | null): void => {
    if (this.#block) keep(this.#block)
    this.#block = undefined
    if (error || this.#scheduled) return
    this.#scheduled = true
    this.#flush()
  }
}

function keep(block: Buffer): void {
  if (kept.length < mostKept) kept.push(block)
}
