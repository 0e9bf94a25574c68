import { formatDuration, parseDuration } from './duration-text.js'
import { exactJson, parseExactJson } from './exact-json.js'
import { ProtobufError, type Reader, WireType, type Writer } from './protobuf-wire.js'
import { canonicalQuantity } from './quantity-text.js'
import { formatMicroTime, formatTime, instantOf, zeroTimeSeconds } from './time-text.js'
import type { ScalarKind } from './types.js'

/** How one kind of value goes over the wire, tag not included. */
export interface Wire {
  readonly type: number
  /** Repeated values of it may share one length-delimited field. */
  readonly packable: boolean
  write(writer: Writer, value: unknown): void
  /** `end` is where the enclosing message ends; `depth` how deep that is. */
  read(reader: Reader, end: number, depth: number): unknown
}

const mismatch = (expected: string, value: unknown) =>
  new ProtobufError(`cannot encode ${value === null ? 'null' : typeof value} as ${expected}`)

const text = (value: unknown, expected = 'string'): string => {
  if (typeof value !== 'string') throw mismatch(expected, value)
  return value
}

const integer = (value: unknown, low: number, high: number, name: string): number => {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high)
    throw typeof value === 'number' ? new ProtobufError(`cannot encode ${value} as ${name}`) : mismatch(name, value)
  return value
}

const varint = (write: Wire['write'], read: (reader: Reader, end: number) => unknown): Wire => ({
  type: WireType.varint,
  packable: true,
  write,
  read,
})
const delimited = (write: Wire['write'], read: (reader: Reader, end: number) => unknown): Wire => ({
  type: WireType.bytes,
  packable: false,
  write,
  read,
})

/** Writes what `body` writes as a length-delimited value. */
function nested(writer: Writer, body: () => void): void {
  const before = writer.size
  body()
  writer.varint(writer.size - before)
}

/** Reads a length-delimited message field by field; `field` answers false for one it does not know. */
function eachField(reader: Reader, end: number, field: (tag: number, stop: number) => boolean): void {
  const stop = reader.limit(end)
  while (reader.position < stop) {
    const tag = reader.tag(stop)
    if (!field(tag, stop)) reader.skip(tag, stop, 0)
  }
}

/** What the readers of `time` and `microTime` answer for a zero time, which JSON does not show. */
const timestamp = (format: (seconds: number, nanos: number) => string, fraction: (nanos: number) => number): Wire =>
  delimited(
    (writer, value) => {
      const { seconds, nanos } = inProtobuf(() => instantOf(text(value, 'time')))
      nested(writer, () => {
        if (seconds === zeroTimeSeconds && nanos === 0) return
        writer.int64(fraction(nanos))
        writer.byte(0x10)
        writer.int64(seconds)
        writer.byte(0x08)
      })
    },
    (reader, end) => {
      let seconds = 0
      let nanos = 0
      let empty = true
      eachField(reader, end, (tag, stop) => {
        empty = false
        if (tag === 0x08) seconds = reader.int64(stop)
        else if (tag === 0x10) nanos = reader.int32(stop)
        else return false
        return true
      })
      if (empty || (seconds === zeroTimeSeconds && nanos === 0)) return undefined
      if (nanos < 0 || nanos > 999_999_999) throw new ProtobufError('nanoseconds of a time are out of range')
      return inProtobuf(() => format(seconds, nanos))
    },
  )

const rawJson = (nullCounts: boolean): Wire =>
  delimited(
    (writer, value) =>
      nested(writer, () => {
        if (value === undefined || (value === null && !nullCounts)) return
        writer.string(exactJson(value))
        writer.byte(0x0a)
      }),
    (reader, end) => {
      let raw: string | undefined
      eachField(reader, end, (tag, stop) => {
        if (tag !== 0x0a) return false
        raw = reader.string(stop)
        return true
      })
      if (raw === undefined || raw === '') return undefined
      const value = inProtobuf(() => parseExactJson(raw as string))
      return value === null && !nullCounts ? undefined : value
    },
  )

function inProtobuf<T>(convert: () => T): T {
  try {
    return convert()
  } catch (error) {
    if (error instanceof ProtobufError) throw error
    throw new ProtobufError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

const int32Wire = varint(
  (writer, value) => writer.int64(integer(value, -(2 ** 31), 2 ** 31 - 1, 'int32')),
  (reader, end) => reader.int32(end),
)

/** The wire form of every kind of scalar. */
export const scalarWire: { readonly [K in ScalarKind]: Wire } = {
  string: delimited(
    (writer, value) => writer.string(text(value)),
    (reader, end) => reader.string(end),
  ),
  boolean: varint(
    (writer, value) => {
      if (typeof value !== 'boolean') throw mismatch('boolean', value)
      writer.byte(value ? 1 : 0)
    },
    (reader, end) => reader.bool(end),
  ),
  int32: int32Wire,
  int64: varint(
    (writer, value) => writer.int64(integer(value, -(2 ** 63), 2 ** 63, 'int64')),
    (reader, end) => reader.int64(end),
  ),
  uint32: varint(
    (writer, value) => writer.varint(integer(value, 0, 2 ** 32 - 1, 'uint32')),
    (reader, end) => reader.uint32(end),
  ),
  uint64: varint(
    (writer, value) => writer.uint64(integer(value, 0, 2 ** 64, 'uint64')),
    (reader, end) => reader.uint64(end),
  ),
  double: {
    type: WireType.fixed64,
    packable: true,
    write: (writer, value) => {
      if (typeof value !== 'number') throw mismatch('double', value)
      writer.double(value)
    },
    read: (reader, end) => reader.double(end),
  },
  bytes: delimited(
    (writer, value) => writer.bytes(Buffer.from(text(value, 'bytes'), 'base64')),
    (reader, end) => reader.bytes(end).toString('base64'),
  ),
  binary: delimited(
    (writer, value) => {
      if (!(value instanceof Uint8Array)) throw mismatch('binary', value)
      writer.bytes(value)
    },
    (reader, end) => new Uint8Array(reader.bytes(end)),
  ),
  time: timestamp(formatTime, () => 0),
  microTime: timestamp(formatMicroTime, nanos => nanos - (nanos % 1000)),
  duration: delimited(
    (writer, value) => {
      const nanos = inProtobuf(() => parseDuration(text(value, 'duration')))
      nested(writer, () => {
        writer.big(nanos)
        writer.byte(0x08)
      })
    },
    (reader, end) => {
      let nanos = 0n
      eachField(reader, end, (tag, stop) => {
        if (tag !== 0x08) return false
        nanos = reader.bigInt64(stop)
        return true
      })
      return formatDuration(nanos)
    },
  ),
  quantity: delimited(
    (writer, value) =>
      nested(writer, () => {
        writer.string(text(value, 'quantity'))
        writer.byte(0x0a)
      }),
    (reader, end) => {
      let quantity = ''
      eachField(reader, end, (tag, stop) => {
        if (tag !== 0x0a) return false
        quantity = reader.string(stop)
        return true
      })
      if (quantity === '') return '0'
      return inProtobuf(() => canonicalQuantity(quantity))
    },
  ),
  intOrString: delimited(
    (writer, value) =>
      nested(writer, () => {
        const isText = typeof value === 'string'
        writer.string(isText ? value : '')
        writer.byte(0x1a)
        int32Wire.write(writer, isText ? 0 : value)
        writer.byte(0x10)
        writer.byte(isText ? 1 : 0)
        writer.byte(0x08)
      }),
    (reader, end) => {
      let type = 0
      let number = 0
      let string = ''
      eachField(reader, end, (tag, stop) => {
        if (tag === 0x08) type = reader.int64(stop)
        else if (tag === 0x10) number = reader.int32(stop)
        else if (tag === 0x1a) string = reader.string(stop)
        else return false
        return true
      })
      if (type !== 0 && type !== 1) throw new ProtobufError('int-or-string is neither')
      return type === 1 ? string : number
    },
  ),
  json: rawJson(true),
  rawExtension: rawJson(false),
  fieldsV1: rawJson(false),
}
