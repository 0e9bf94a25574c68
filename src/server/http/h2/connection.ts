import type { Duplex } from 'node:stream'
import { BodyReceiver } from './body-receiver.js'
import { type FrameHandler, FrameReader } from './frame-reader.js'
import { checkFrame } from './frame-rules.js'
import { HeaderBlocks } from './header-blocks.js'
import { HeaderDecoder } from './header-decoder.js'
import { HeaderEncoder } from './header-encoder.js'
import { Allowance, type Limits } from './limits.js'
import { Output } from './output.js'
import { readSettings } from './peer-settings.js'
import { ConnectionFault, defaultWindow, errorCode, flag, frameType, largestWindow, setting } from './protocol.js'
import { areTrailers, type RequestHead, requestHead } from './request-head.js'
import { SendQueue } from './send-queue.js'
import { ServerStream, type StreamOwner } from './server-stream.js'
import { Stall } from './stall.js'

export interface ConnectionOptions {
  readonly limits: Limits
  /** Answers a request by `respond` or `reset`. */
  readonly serve: (stream: ServerStream) => void
  /** Trouble with a connection or an answer, for the log. */
  readonly onError: (error: unknown) => void
  /** Milliseconds on a clock that only goes forward. */
  readonly now: () => number
}

/** How long an ended connection waits for the client to end it, too, in milliseconds. */
const lingerMs = 5000
/** What the ping carries whose answer shows that the client knows of the end. */
const farewell = [0x74387320, 0x62796521] as const

/** Serves HTTP/2 over a socket: https://www.rfc-editor.org/rfc/rfc9113. It lives as long as the socket. */
export class Connection {
  readonly #streams = new Map<number, ServerStream>()
  readonly #output: Output
  readonly #queue: SendQueue
  readonly #encoder = new HeaderEncoder()
  readonly #decoder: HeaderDecoder
  readonly #blocks: HeaderBlocks
  readonly #bodies: BodyReceiver
  readonly #resets: Allowance
  readonly #idleFrames: Allowance
  readonly #smallPieces: Allowance
  /** What a new stream may send. */
  #initialWindow = defaultWindow
  #lastStream = 0
  /** The client's settings have come, which must be the first. */
  #introduced = false
  /** Handlers at work, those included whose client has gone. */
  #working = 0
  #leaving: 'no' | 'announced' | 'final' = 'no'
  /** Nothing is read any more; since when, and undefined until then. */
  #overSince: number | undefined
  #idleSince: number | undefined
  readonly #stall = new Stall()

  constructor(
    private readonly socket: Duplex,
    private readonly options: ConnectionOptions,
  ) {
    const { limits, now } = options
    const { streamWindow, concurrentStreams } = limits
    this.#decoder = new HeaderDecoder(limits.headerListSize)
    this.#blocks = new HeaderBlocks(limits.headerListSize, limits.headerFrames, (...block) => this.#headers(...block))
    const window = Math.min(streamWindow * concurrentStreams, largestWindow)
    this.#bodies = new BodyReceiver(window, {
      streamOf: id => this.#receiverOf(id),
      refuse: (stream, code) => this.#refuse(stream, code),
      idle: small => this.#spend(small ? this.#smallPieces : this.#idleFrames),
      windowUpdate: (id, increment) => {
        if (this.#overSince === undefined) this.#output.windowUpdate(id, increment)
      },
    })
    this.#resets = new Allowance(limits.resets, now(), 'the client breaks off too many requests')
    this.#idleFrames = new Allowance(limits.idleFrames, now(), 'the client sends too much that brings nothing forward')
    this.#smallPieces = new Allowance(limits.smallPieces, now(), 'the client sends bodies in too small pieces')
    this.#queue = new SendQueue(
      this.#encoder,
      stream => this.#answered(stream),
      (stream, error) => {
        options.onError(error)
        this.#reset(stream, errorCode.internal)
      },
    )
    this.#output = new Output(socket, (block, at) => this.#fill(block, at))
    this.#listen()
    this.#output.settings([
      [setting.maxFrameSize, limits.frameSize],
      [setting.maxConcurrentStreams, concurrentStreams],
      [setting.maxHeaderListSize, limits.headerListSize],
      [setting.initialWindowSize, streamWindow],
    ])
    this.#output.windowUpdate(0, window - defaultWindow)
  }

  /** Takes no more requests, and ends when those under way are answered. */
  shutdown(): void {
    if (this.#leaving !== 'no' || this.#overSince !== undefined) return
    this.#leaving = 'announced'
    // Requests may be on their way: which was the last is said when the client has heard that there shall be no more.
    this.#output.goaway(largestWindow, errorCode.none)
    this.#output.reply(frameType.ping, 0, 0, farewell)
  }

  /** Ends at once. */
  destroy(): void {
    this.#close()
    this.socket.destroy()
  }

  /** To be called every few seconds: ends what nobody uses and what does not move. */
  sweep(): void {
    const { limits, now } = this.options
    const time = now()
    if (this.#overSince !== undefined) {
      if (time - this.#overSince >= lingerMs) this.destroy()
      return
    }
    const { blocks, writing } = this.#output
    const stalledMs = this.#stall.look(blocks, time)
    if (writing && stalledMs >= limits.stallMs) {
      this.destroy()
      return
    }
    for (const stream of this.#streams.values())
      if (stream.complete && stream.stall.look(stream.sent, time) >= limits.stallMs) stream.reset(errorCode.cancel)
    if (this.#streams.size > 0) return
    this.#idleSince ??= time
    // A client that has been told of the end and does not answer is not waited for.
    if (this.#leaving === 'announced') this.#leave()
    else if (time - this.#idleSince < limits.idleMs) return
    else if (this.#introduced) this.shutdown()
    else this.destroy()
  }

  #listen(): void {
    const reader = new FrameReader(this.#frames, this.options.limits.frameSize)
    this.socket.on('data', (chunk: Buffer) => {
      if (this.#overSince !== undefined) return
      try {
        reader.push(chunk)
      } catch (error) {
        this.#fail(error)
      }
      // Who does not read the answers to frames that want one is not listened to.
      if (this.#output.waiting > this.options.limits.waitingReplies && this.#output.writing) this.socket.pause()
    })
    this.socket.on('end', () => this.#close())
    this.socket.on('close', () => this.#close())
  }

  readonly #owner: StreamOwner = {
    ready: stream => {
      this.#queue.add(stream)
      this.#output.wake()
    },
    answered: () => {
      this.#working--
    },
    consumed: (stream, bytes) => this.#bodies.giveBack(bytes, stream),
    reset: (stream, code) => this.#reset(stream, code),
  }

  readonly #frames: FrameHandler = {
    frame: (type, flags, id, payload) => {
      this.#expect(type)
      checkFrame(type, flags, id, payload.length)
      this.#frame(type, flags, id, payload)
    },
    dataBegins: (id, length) => {
      this.#expect(frameType.data)
      this.#bodies.dataBegins(id, length)
    },
    data: (id, piece) => this.#bodies.data(id, piece),
    dataEnds: (id, endsStream) => this.#bodies.dataEnds(id, endsStream),
  }

  /** Throws unless a frame may come now. */
  #expect(type: number): void {
    if (!this.#introduced && type !== frameType.settings) throw unintroduced()
    if (this.#blocks.stream !== 0 && type !== frameType.continuation)
      throw new ConnectionFault(errorCode.protocol, 'headers are interrupted by something else')
  }

  #frame(type: number, flags: number, id: number, payload: Buffer): void {
    if (type === frameType.headers) this.#blocks.headers(id, flags, payload)
    else if (type === frameType.continuation) this.#blocks.continuation(id, flags, payload)
    else if (type === frameType.windowUpdate) this.#windowUpdate(id, payload.readUInt32BE() & largestWindow)
    else if (type === frameType.reset) this.#resetByPeer(id)
    else if (type === frameType.settings) this.#settings(flags, payload)
    else if (type === frameType.ping) this.#ping(flags, payload)
    // What else there is means nothing to us: that the client goes, priorities, what comes after this protocol.
    else this.#spend(this.#idleFrames)
  }

  /** The headers of a request, or what stands behind its body. */
  #headers(id: number, block: Buffer, endsStream: boolean): void {
    const { fields, tooLarge } = this.#decoder.decode(block)
    const known = this.#streams.get(id)
    if (known?.remoteEnded) this.#refuse(known, errorCode.streamClosed)
    else if (known) {
      if (!endsStream || !areTrailers(fields) || !known.end()) this.#refuse(known, errorCode.protocol)
    } else if (id <= this.#lastStream) this.#refuseId(id, errorCode.streamClosed)
    else if (this.#leaving !== 'final') {
      this.#lastStream = id
      this.#begin(id, tooLarge ? tooLargeHead : requestHead(fields), endsStream)
    }
  }

  #begin(id: number, head: RequestHead | undefined, endsStream: boolean): void {
    this.#idleSince = undefined
    const { concurrentStreams, streamWindow } = this.options.limits
    if (this.#streams.size >= concurrentStreams || this.#working >= 2 * concurrentStreams)
      this.#refuseId(id, errorCode.refusedStream)
    else if (!head || (endsStream && head.length)) this.#refuseId(id, errorCode.protocol)
    else {
      const stream = new ServerStream(this.#owner, id, head, this.#initialWindow, streamWindow, endsStream)
      this.#streams.set(id, stream)
      this.#working++
      if (head === tooLargeHead) stream.respond(tooLargeAnswer, true)
      else this.options.serve(stream)
    }
  }

  #receiverOf(id: number): ServerStream | undefined {
    this.#expectOld(id)
    const stream = this.#streams.get(id)
    if (!stream) this.#refuseId(id, errorCode.streamClosed)
    return stream
  }

  #windowUpdate(id: number, increment: number): void {
    if (id === 0) {
      this.#queue.window += increment
      if (increment === 0) throw new ConnectionFault(errorCode.protocol, 'a window grows by nothing')
      if (this.#queue.window > largestWindow)
        throw new ConnectionFault(errorCode.flowControl, 'the window of the connection is too large')
      this.#queue.retry()
      this.#output.wake()
      return
    }
    this.#expectOld(id)
    const stream = this.#streams.get(id)
    if (!stream) return
    if (increment === 0) this.#refuse(stream, errorCode.protocol)
    else if (!this.#widen(stream, increment)) this.#refuse(stream, errorCode.flowControl)
  }

  /** False if the window becomes larger than windows may be. */
  #widen(stream: ServerStream, increment: number): boolean {
    const before = stream.sendWindow
    stream.sendWindow += increment
    if (stream.sendWindow > largestWindow) return false
    if (before <= 0 && stream.sendWindow > 0 && stream.turn === 'blocked') this.#owner.ready(stream)
    return true
  }

  #resetByPeer(id: number): void {
    this.#expectOld(id)
    const stream = this.#streams.get(id)
    if (!stream) this.#spend(this.#idleFrames)
    else {
      this.#spend(this.#resets)
      this.#forget(stream)
    }
  }

  #settings(flags: number, payload: Buffer): void {
    if ((flags & flag.ack) !== 0) {
      if (!this.#introduced) throw unintroduced()
      this.#spend(this.#idleFrames)
      return
    }
    if (this.#introduced) this.#spend(this.#idleFrames)
    this.#introduced = true
    const { headerTableSize, initialWindowSize, maxFrameSize } = readSettings(payload)
    if (headerTableSize !== undefined) this.#encoder.tableSize = headerTableSize
    if (maxFrameSize !== undefined) this.#queue.frameSize = maxFrameSize
    if (initialWindowSize !== undefined) {
      const change = initialWindowSize - this.#initialWindow
      this.#initialWindow = initialWindowSize
      for (const stream of this.#streams.values())
        if (!this.#widen(stream, change))
          throw new ConnectionFault(errorCode.flowControl, 'the window of a stream is too large')
    }
    this.#output.reply(frameType.settings, flag.ack, 0, [])
  }

  #ping(flags: number, payload: Buffer): void {
    this.#spend(this.#idleFrames)
    const numbers = [payload.readUInt32BE(0), payload.readUInt32BE(4)] as const
    if ((flags & flag.ack) === 0) this.#output.reply(frameType.ping, flag.ack, 0, numbers)
    else if (this.#leaving === 'announced' && numbers.every((number, i) => number === farewell[i])) this.#leave()
  }

  /** Says which request was the last; ends once all are answered. */
  #leave(): void {
    this.#leaving = 'final'
    this.#output.goaway(this.#lastStream, errorCode.none)
    this.#endIfDone()
  }

  #endIfDone(): void {
    if (this.#leaving === 'final' && this.#streams.size === 0) this.#end()
  }

  #end(): void {
    this.#overSince ??= this.options.now()
    this.#output.end()
  }

  #fill(block: Buffer, at: number): number {
    if (this.#output.waiting <= this.options.limits.waitingReplies && this.socket.isPaused()) this.socket.resume()
    try {
      return this.#queue.fill(block, at)
    } catch (error) {
      this.#fail(error)
      return at
    }
  }

  /** The answer is out: what the client still has to say of its request does not matter. */
  #answered(stream: ServerStream): void {
    if (!stream.remoteEnded) this.#output.reset(stream.id, errorCode.none)
    this.#forget(stream)
  }

  #forget(stream: ServerStream): void {
    this.#streams.delete(stream.id)
    stream.close()
    this.#endIfDone()
  }

  #reset(stream: ServerStream, code: number): void {
    this.#output.reset(stream.id, code)
    this.#forget(stream)
  }

  /** The client has broken the rules of a stream. */
  #refuse(stream: ServerStream, code: number): void {
    this.#spend(this.#resets)
    this.#reset(stream, code)
  }

  /** The same for a stream that we do not have: it may have ended while the frame was on its way. */
  #refuseId(id: number, code: number): void {
    this.#spend(this.#resets)
    this.#output.reset(id, code)
  }

  /** Throws for a stream that has not begun. */
  #expectOld(id: number): void {
    if (id === 0 || id > this.#lastStream || id % 2 === 0)
      throw new ConnectionFault(errorCode.protocol, `stream ${id} has not begun`)
  }

  /** Throws if a client does more of something than it may. */
  #spend(allowance: Allowance): void {
    if (!allowance.take(this.options.now())) throw new ConnectionFault(errorCode.enhanceYourCalm, allowance.excess)
  }

  /** Ends the connection because of a fault, and says which. */
  #fail(error: unknown): void {
    this.options.onError(error)
    if (this.#overSince !== undefined) return
    this.#output.goaway(this.#lastStream, error instanceof ConnectionFault ? error.code : errorCode.internal)
    this.#close()
    this.#end()
  }

  /** Nobody listens any more. */
  #close(): void {
    this.#overSince ??= this.options.now()
    for (const stream of this.#streams.values()) stream.close()
    this.#streams.clear()
  }
}

const unintroduced = () => new ConnectionFault(errorCode.protocol, 'the client does not begin with its settings')

/** Of a request whose headers are more than we want to know nothing is known. */
const tooLargeHead: RequestHead = { method: 'GET', path: '/', headers: {}, fields: [] }

const tooLargeAnswer = {
  status: 431,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: { kind: 'bytes', chunks: [Buffer.from('431 Request Header Fields Too Large')] },
} as const
