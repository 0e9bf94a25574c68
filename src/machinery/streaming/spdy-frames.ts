import { SpdyError } from './spdy-error.js'
import { HeaderDecoder, type HeaderEncoder, type SpdyHeaders } from './spdy-headers.js'

/** One frame of SPDY/3.1 (version number 3 on the wire). */
export type SpdyFrame =
  | {
      readonly type: 'syn-stream'
      readonly streamId: number
      /** 0 for a stream that belongs to no other. */
      readonly associatedId: number
      /** 0 (highest) to 7. */
      readonly priority: number
      readonly fin: boolean
      readonly unidirectional: boolean
      readonly headers: SpdyHeaders
    }
  | { readonly type: 'syn-reply'; readonly streamId: number; readonly fin: boolean; readonly headers: SpdyHeaders }
  | { readonly type: 'headers'; readonly streamId: number; readonly fin: boolean; readonly headers: SpdyHeaders }
  | { readonly type: 'rst-stream'; readonly streamId: number; readonly status: number }
  | { readonly type: 'settings'; readonly clear: boolean; readonly settings: readonly SpdySetting[] }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'goaway'; readonly lastStreamId: number; readonly status: number }
  | { readonly type: 'window-update'; readonly streamId: number; readonly delta: number }
  /** The parser hands out a long DATA frame in pieces as its bytes arrive; `fin` comes with the last one. */
  | { readonly type: 'data'; readonly streamId: number; readonly fin: boolean; readonly data: Buffer }

export interface SpdySetting {
  readonly id: number
  readonly flags: number
  readonly value: number
}

/** Why a stream was reset. */
export const resetStatus = {
  protocolError: 1,
  invalidStream: 2,
  refusedStream: 3,
  unsupportedVersion: 4,
  cancel: 5,
  internalError: 6,
  flowControlError: 7,
  streamInUse: 8,
  streamAlreadyClosed: 9,
  frameTooLarge: 11,
} as const

const version = 3
const flagFin = 0x01
const flagUnidirectional = 0x02
const flagClearSettings = 0x01
/** The longest control frame taken in; DATA frames are passed on piece by piece and need no limit of their own. */
export const maxControlFrame = 16 * 1024
const maxLength = 0xffffff

const typeNumbers = {
  'syn-stream': 1,
  'syn-reply': 2,
  'rst-stream': 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  headers: 8,
  'window-update': 9,
} as const

const uint32s = (...values: number[]): Buffer => {
  const bytes = Buffer.allocUnsafe(values.length * 4)
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value >>> 0, index * 4)
  })
  return bytes
}

function controlFrame(type: keyof typeof typeNumbers, flags: number, ...payload: readonly Buffer[]): Buffer {
  const length = payload.reduce((sum, part) => sum + part.length, 0)
  if (length > maxLength) throw new SpdyError(`a ${type} frame of ${length} bytes is too long`)
  const header = uint32s((0x8000 << 16) | (version << 16) | typeNumbers[type], flags * 0x1000000 + length)
  return Buffer.concat([header, ...payload])
}

/** The 8 bytes before the `length` bytes of a DATA frame. */
export function dataFrameHeader(streamId: number, length: number, fin: boolean): Buffer {
  if (length > maxLength) throw new SpdyError(`a data frame of ${length} bytes is too long`)
  return uint32s(streamId, (fin ? flagFin * 0x1000000 : 0) + length)
}

/** The wire form of a frame. `headers` is the connection's one encoder: frames must be sent in the order of the calls. */
export function encodeFrame(frame: SpdyFrame, headers: HeaderEncoder): Buffer {
  switch (frame.type) {
    case 'syn-stream': {
      const flags = (frame.fin ? flagFin : 0) | (frame.unidirectional ? flagUnidirectional : 0)
      const priority = Buffer.from([(frame.priority & 7) << 5, 0])
      const ids = uint32s(frame.streamId, frame.associatedId)
      return controlFrame(frame.type, flags, ids, priority, headers.encode(frame.headers))
    }
    case 'syn-reply':
    case 'headers': {
      const flags = frame.fin ? flagFin : 0
      return controlFrame(frame.type, flags, uint32s(frame.streamId), headers.encode(frame.headers))
    }
    case 'rst-stream':
      return controlFrame(frame.type, 0, uint32s(frame.streamId, frame.status))
    case 'settings': {
      const entries = frame.settings.flatMap(({ id, flags, value }) => [flags * 0x1000000 + id, value])
      return controlFrame(frame.type, frame.clear ? flagClearSettings : 0, uint32s(frame.settings.length, ...entries))
    }
    case 'ping':
      return controlFrame(frame.type, 0, uint32s(frame.id))
    case 'goaway':
      return controlFrame(frame.type, 0, uint32s(frame.lastStreamId, frame.status))
    case 'window-update':
      return controlFrame(frame.type, 0, uint32s(frame.streamId, frame.delta))
    case 'data':
      return Buffer.concat([dataFrameHeader(frame.streamId, frame.data.length, frame.fin), frame.data])
  }
}

const empty = Buffer.alloc(0)

/**
 * Cuts the bytes of one direction into frames, however they are split over chunks. Throws SpdyError on a malformed or
 * oversized frame; the connection cannot go on after that. Control frames of unknown types are skipped.
 */
export class FrameParser {
  readonly #headers = new HeaderDecoder()
  #pending: Buffer = empty
  #data: { readonly streamId: number; readonly fin: boolean; left: number } | undefined;

  *parse(chunk: Buffer): Generator<SpdyFrame, void, void> {
    let input = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk
    this.#pending = empty
    while (input.length > 0) {
      if (this.#data) {
        const { streamId, fin, left } = this.#data
        const data = input.subarray(0, left)
        input = input.subarray(data.length)
        this.#data.left -= data.length
        const last = this.#data.left === 0
        if (last) this.#data = undefined
        yield { type: 'data', streamId, fin: fin && last, data }
        continue
      }
      if (input.length < 8) break
      const word = input.readUInt32BE(0)
      const flags = input.readUInt8(4)
      const length = input.readUIntBE(5, 3)
      if ((word & 0x80000000) === 0) {
        if (word === 0) throw new SpdyError('data frame for stream 0')
        const fin = (flags & flagFin) !== 0
        input = input.subarray(8)
        if (length > 0) this.#data = { streamId: word, fin, left: length }
        else yield { type: 'data', streamId: word, fin, data: empty }
        continue
      }
      if (length > maxControlFrame) throw new SpdyError(`control frame of ${length} bytes is too long`)
      if (((word >>> 16) & 0x7fff) !== version) throw new SpdyError(`SPDY version ${(word >>> 16) & 0x7fff}`)
      if (input.length < 8 + length) break
      const frame = this.#control(word & 0xffff, flags, input.subarray(8, 8 + length))
      input = input.subarray(8 + length)
      if (frame) yield frame
    }
    // What is left over is short (part of a control frame); a copy lets go of the chunk it came in.
    this.#pending = input.length > 0 ? Buffer.from(input) : empty
  }

  #control(type: number, flags: number, payload: Buffer): SpdyFrame | undefined {
    const needs = (size: number): void => {
      if (payload.length < size) throw new SpdyError(`control frame of type ${type} is truncated`)
    }
    const streamId = (offset = 0): number => payload.readUInt32BE(offset) & 0x7fffffff
    const ownStream = (): number => {
      const id = streamId()
      if (id === 0) throw new SpdyError(`control frame of type ${type} for stream 0`)
      return id
    }
    const fin = (flags & flagFin) !== 0
    switch (type) {
      case typeNumbers['syn-stream']:
        needs(10)
        return {
          type: 'syn-stream',
          streamId: ownStream(),
          associatedId: streamId(4),
          priority: payload.readUInt8(8) >> 5,
          fin,
          unidirectional: (flags & flagUnidirectional) !== 0,
          headers: this.#headers.decode(payload.subarray(10)),
        }
      case typeNumbers['syn-reply']:
        needs(4)
        return { type: 'syn-reply', streamId: ownStream(), fin, headers: this.#headers.decode(payload.subarray(4)) }
      case typeNumbers.headers:
        needs(4)
        return { type: 'headers', streamId: ownStream(), fin, headers: this.#headers.decode(payload.subarray(4)) }
      case typeNumbers['rst-stream']:
        needs(8)
        return { type: 'rst-stream', streamId: ownStream(), status: payload.readUInt32BE(4) }
      case typeNumbers.settings: {
        needs(4)
        const count = payload.readUInt32BE(0)
        needs(4 + count * 8)
        const settings = Array.from({ length: count }, (_, index) => ({
          id: payload.readUIntBE(5 + index * 8, 3),
          flags: payload.readUInt8(4 + index * 8),
          value: payload.readUInt32BE(8 + index * 8),
        }))
        return { type: 'settings', clear: (flags & flagClearSettings) !== 0, settings }
      }
      case typeNumbers.ping:
        needs(4)
        return { type: 'ping', id: payload.readUInt32BE(0) }
      case typeNumbers.goaway:
        needs(8)
        return { type: 'goaway', lastStreamId: streamId(), status: payload.readUInt32BE(4) }
      case typeNumbers['window-update']:
        needs(8)
        // Stream 0 stands for the connection as a whole here.
        return { type: 'window-update', streamId: streamId(), delta: payload.readUInt32BE(4) & 0x7fffffff }
      default:
        return undefined
    }
  }
}
