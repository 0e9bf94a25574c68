/** Bytes that are no protobuf message, or a value that protobuf cannot carry. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError'
  private path = ''

  /** The same error, told of the field it happened in. */
  within(field: string): this {
    const reason = this.path === '' ? this.message : this.message.slice(this.path.length + 2)
    this.path = this.path === '' ? field : `${field}.${this.path}`
    this.message = `${this.path}: ${reason}`
    return this
  }
}

export const WireType = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const

/** How deep messages may nest, on the way in. */
export const maxDepth = 100

const emptyBytes = Buffer.alloc(0)
/** Shorter strings are written by hand: below this, a call into the runtime costs more than the loop. */
const shortString = 32
/** The same for reading, where the loop costs more. */
const shortSlice = 12
/** A buffer that grew beyond this is not kept for the next message. */
const keptCapacity = 1 << 20

/**
 * Writes a message from its last byte to its first, so that every length is known by the time it is written.
 * Callers therefore write fields in descending order: payload first, then length, then tag.
 */
export class Writer {
  private buffer: Buffer
  private start: number

  constructor(capacity = 4096) {
    this.buffer = Buffer.allocUnsafeSlow(capacity)
    this.start = capacity
  }

  /** Bytes written so far. */
  get size(): number {
    return this.buffer.length - this.start
  }

  /** Bytes the buffer can hold without growing. */
  get capacity(): number {
    return this.buffer.length
  }

  /** A copy of what was written; the writer is empty afterwards. */
  take(): Buffer {
    const result = Buffer.from(this.buffer.subarray(this.start))
    this.reset()
    return result
  }

  reset(): void {
    this.start = this.buffer.length
  }

  private reserve(count: number): void {
    if (this.start >= count) return
    const { size } = this
    const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, size + count))
    this.buffer.copy(grown, grown.length - size, this.start)
    this.start = grown.length - size
    this.buffer = grown
  }

  byte(value: number): void {
    this.reserve(1)
    this.buffer[--this.start] = value
  }

  /** An unsigned integer up to 2^53. */
  varint(value: number): void {
    this.reserve(8)
    const { buffer } = this
    if (value < 0x80) {
      buffer[--this.start] = value
      return
    }
    let length = 1
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++
    let at = (this.start -= length)
    let rest = value
    for (; rest > 0x7fffffff; rest = Math.floor(rest / 0x80)) buffer[at++] = (rest % 0x80) | 0x80
    for (; rest >= 0x80; rest >>>= 7) buffer[at++] = (rest & 0x7f) | 0x80
    buffer[at] = rest
  }

  /** A 64-bit integer; numbers outside the signed range are clamped, as 2^63 stands for Go's MaxInt64. */
  int64(value: number): void {
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) this.varint(value)
    else this.big(clampInt64(value))
  }

  uint64(value: number): void {
    if (value <= Number.MAX_SAFE_INTEGER) this.varint(value)
    else this.big(value >= 2 ** 64 ? 2n ** 64n - 1n : BigInt(value))
  }

  big(value: bigint): void {
    this.reserve(10)
    const bytes: number[] = []
    let rest = BigInt.asUintN(64, value)
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
    bytes.push(Number(rest))
    this.start -= bytes.length
    this.buffer.set(bytes, this.start)
  }

  double(value: number): void {
    this.reserve(8)
    this.start -= 8
    this.buffer.writeDoubleLE(value, this.start)
  }

  /** UTF-8 text with its length before it. */
  string(value: string): void {
    const { length } = value
    if (length < shortString) {
      this.reserve(length)
      const at = this.start - length
      const { buffer } = this
      let i = 0
      for (; i < length; i++) {
        const code = value.charCodeAt(i)
        if (code > 0x7f) break
        buffer[at + i] = code
      }
      if (i === length) {
        this.start = at
        this.varint(length)
        return
      }
    }
    const size = Buffer.byteLength(value)
    this.reserve(size)
    this.start -= size
    this.buffer.write(value, this.start, size, 'utf8')
    this.varint(size)
  }

  /** Bytes with their length before them. */
  bytes(value: Uint8Array): void {
    this.raw(value)
    this.varint(value.length)
  }

  raw(value: Uint8Array): void {
    this.reserve(value.length)
    this.start -= value.length
    this.buffer.set(value, this.start)
  }
}

let spare: Writer | undefined

/** Runs `write` on a writer whose buffer is reused from call to call and returns what it wrote. */
export function written(write: (writer: Writer) => void): Buffer {
  const writer = spare ?? new Writer()
  spare = undefined
  writer.reset()
  write(writer)
  const result = writer.take()
  if (writer.capacity <= keptCapacity) spare = writer
  return result
}

const clampInt64 = (value: number): bigint =>
  value >= 2 ** 63 ? 2n ** 63n - 1n : value <= -(2 ** 63) ? -(2n ** 63n) : BigInt(value)

/** Reads a message; every method throws `ProtobufError` rather than read beyond `end`. */
export class Reader {
  readonly buffer: Buffer
  position = 0

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** A varint's low 32 bits as an unsigned number; higher bits are dropped as protobuf demands of 32-bit fields. */
  uint32(end: number): number {
    const { buffer } = this
    let at = this.position
    let result = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= end) throw truncated()
      const byte = buffer[at++] as number
      if (shift < 32) result |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.position = at
        return result >>> 0
      }
    }
    throw new ProtobufError('proto: integer overflow')
  }

  int32(end: number): number {
    return this.uint32(end) | 0
  }

  /** A signed 64-bit varint; beyond 2^53 the nearest number. */
  int64(end: number): number {
    const low = this.small(end)
    return low >= 0 ? low : Number(BigInt.asIntN(64, this.big(end)))
  }

  uint64(end: number): number {
    const low = this.small(end)
    return low >= 0 ? low : Number(this.big(end))
  }

  bool(end: number): boolean {
    const low = this.small(end)
    return low >= 0 ? low !== 0 : this.big(end) !== 0n
  }

  /** The varint if it has at most seven bytes (49 bits), else -1 and the position is where it was. */
  private small(end: number): number {
    const { buffer } = this
    let at = this.position
    let result = 0
    let scale = 1
    for (let i = 0; i < 7; i++) {
      if (at >= end) throw truncated()
      const byte = buffer[at++] as number
      result += (byte & 0x7f) * scale
      if (byte < 0x80) {
        this.position = at
        return result
      }
      scale *= 0x80
    }
    return -1
  }

  private big(end: number): bigint {
    let result = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.position >= end) throw truncated()
      const byte = this.buffer[this.position++] as number
      result |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, result)
    }
    throw new ProtobufError('proto: integer overflow')
  }

  bigInt64(end: number): bigint {
    return BigInt.asIntN(64, this.big(end))
  }

  double(end: number): number {
    const at = this.position
    if (end - at < 8) throw truncated()
    this.position = at + 8
    return this.buffer.readDoubleLE(at)
  }

  /** Reads a length and returns where the piece of that length ends. */
  limit(end: number): number {
    const length = this.uint64(end)
    if (length > end - this.position) throw truncated()
    return this.position + length
  }

  string(end: number): string {
    const stop = this.limit(end)
    const at = this.position
    this.position = stop
    return stop - at > shortSlice ? this.buffer.toString('utf8', at, stop) : shortText(this.buffer, at, stop)
  }

  /** A view of the bytes, not a copy. */
  bytes(end: number): Buffer {
    const stop = this.limit(end)
    const at = this.position
    this.position = stop
    return stop === at ? emptyBytes : this.buffer.subarray(at, stop)
  }

  /** A field's tag: its number times eight plus its wire type. */
  tag(end: number): number {
    const tag = this.uint64(end)
    if (tag < 8 || tag > 0xffffffff) throw new ProtobufError(`illegal tag ${tag}`)
    return tag
  }

  /** Passes over a field nobody knows. */
  skip(tag: number, end: number, depth: number): void {
    switch (tag & 7) {
      case WireType.varint:
        this.uint32(end)
        return
      case WireType.fixed64:
        this.advance(8, end)
        return
      case WireType.fixed32:
        this.advance(4, end)
        return
      case WireType.bytes:
        this.position = this.limit(end)
        return
      case WireType.startGroup:
        this.skipGroup(tag, end, depth + 1)
        return
      default:
        throw new ProtobufError(`proto: illegal wireType ${tag & 7}`)
    }
  }

  private skipGroup(start: number, end: number, depth: number): void {
    if (depth > maxDepth) throw new ProtobufError(`messages nest deeper than ${maxDepth}`)
    for (;;) {
      const tag = this.tag(end)
      if ((tag & 7) === WireType.endGroup) {
        if (tag - WireType.endGroup !== start - WireType.startGroup) throw new ProtobufError('mismatched end of group')
        return
      }
      this.skip(tag, end, depth)
    }
  }

  private advance(count: number, end: number): void {
    if (end - this.position < count) throw truncated()
    this.position += count
  }
}

/** Four characters at a time, as making each a string of its own is what costs. */
function shortText(buffer: Buffer, start: number, stop: number): string {
  let text = ''
  let at = start
  for (; at + 4 <= stop; at += 4) {
    const a = buffer[at] as number
    const b = buffer[at + 1] as number
    const c = buffer[at + 2] as number
    const d = buffer[at + 3] as number
    if ((a | b | c | d) > 0x7f) return buffer.toString('utf8', start, stop)
    text += String.fromCharCode(a, b, c, d)
  }
  for (; at < stop; at++) {
    const a = buffer[at] as number
    if (a > 0x7f) return buffer.toString('utf8', start, stop)
    text += String.fromCharCode(a)
  }
  return text
}

const truncated = () => new ProtobufError('unexpected EOF')
