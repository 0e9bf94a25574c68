import { decoderOf } from './protobuf-decode.js'
import { encoderOf } from './protobuf-encode.js'
import { ProtobufError, Reader, written } from './protobuf-wire.js'
import type { Kind, MessageSchema } from './types.js'

/** The four bytes that mark a Kubernetes object in protobuf: `k8s` and a zero byte. */
const magic = Buffer.from([0x6b, 0x38, 0x73, 0])

/** An object in its envelope: what it is, and the bytes of its message. */
export interface Envelope {
  readonly apiVersion: string
  readonly kind: string
  readonly raw: Uint8Array
  /** How `raw` is encoded; empty for plain protobuf. */
  readonly contentEncoding: string
  readonly contentType: string
}

/** Whether the bytes begin like an enveloped object. */
export const isEnvelope = (bytes: Uint8Array): boolean =>
  bytes.length >= magic.length && magic.every((byte, i) => bytes[i] === byte)

/** Puts the bytes of a message into an envelope (`runtime.Unknown` behind the magic). */
export function wrapEnvelope(apiVersion: string, kind: string, raw: Uint8Array): Uint8Array {
  return written(writer => {
    writer.raw(closing)
    writer.bytes(raw)
    writer.raw(opening(apiVersion, kind))
  })
}

/** `contentEncoding` (3) and `contentType` (4), both empty, as Go's encoder ends an envelope. */
const closing = Buffer.from([0x1a, 0, 0x22, 0])
const openings = new Map<string, Buffer>()

/** The magic, the type of the object and the tag of its bytes: the same for all objects of a kind. */
function opening(apiVersion: string, kind: string): Buffer {
  const key = `${apiVersion}, ${kind}`
  let bytes = openings.get(key)
  if (!bytes) {
    bytes = written(writer => {
      writer.byte(0x12)
      const before = writer.size
      writer.string(kind)
      writer.byte(0x12)
      writer.string(apiVersion)
      writer.byte(0x0a)
      writer.varint(writer.size - before)
      writer.byte(0x0a)
      writer.raw(magic)
    })
    // Custom resources have no protobuf form, so there are only as many as built-in kinds; this guards the odd caller.
    if (openings.size < 4096) openings.set(key, bytes)
  }
  return bytes
}

/** Opens an envelope; `raw` is a view into `bytes`. Throws `ProtobufError` if it is none. */
export function unwrapEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length === 0) throw new ProtobufError('empty data')
  if (!isEnvelope(bytes))
    throw new ProtobufError(
      `provided data does not appear to be a protobuf message, expected prefix [${magic.join(' ')}]`,
    )
  if (bytes.length === magic.length) throw new ProtobufError('empty body')
  const reader = new Reader(bytes)
  const end = reader.buffer.length
  reader.position = magic.length
  const envelope: { -readonly [K in keyof Envelope]: Envelope[K] } = {
    apiVersion: '',
    kind: '',
    raw: new Uint8Array(0),
    contentEncoding: '',
    contentType: '',
  }
  while (reader.position < end) {
    const tag = reader.tag(end)
    if (tag === 0x0a) {
      const stop = reader.limit(end)
      while (reader.position < stop) {
        const part = reader.tag(stop)
        if (part === 0x0a) envelope.apiVersion = reader.string(stop)
        else if (part === 0x12) envelope.kind = reader.string(stop)
        else reader.skip(part, stop, 1)
      }
    } else if (tag === 0x12) envelope.raw = reader.bytes(end)
    else if (tag === 0x1a) envelope.contentEncoding = reader.string(end)
    else if (tag === 0x22) envelope.contentType = reader.string(end)
    else reader.skip(tag, end, 0)
  }
  return envelope
}

/**
 * Encodes an object of a kind, envelope included. Its `apiVersion` and `kind` go into the envelope; where the object
 * lacks them, those of the schema do. Throws `ProtobufError`.
 */
export function encodeObject<T>(schema: Kind<T, unknown>, value: T): Uint8Array {
  const object = value as { readonly [name: string]: unknown }
  const { group, version, kind } = schema.gvk
  const apiVersion = textOr(object['apiVersion'], group === '' ? version : `${group}/${version}`)
  const encode = encoderOf(schema as MessageSchema)
  return written(writer => {
    writer.raw(closing)
    const before = writer.size
    encode(writer, object)
    writer.varint(writer.size - before)
    writer.raw(opening(apiVersion, textOr(object['kind'], kind)))
  })
}

const textOr = (value: unknown, fallback: string) => (typeof value === 'string' && value !== '' ? value : fallback)

/** Decodes the object inside an envelope; `kind` and `apiVersion` are the envelope's. Throws `ProtobufError`. */
export function decodeObject<T>(schema: MessageSchema<T, unknown>, envelope: Envelope): T {
  if (envelope.contentEncoding !== '')
    throw new ProtobufError(`content encoding ${envelope.contentEncoding} is unknown`)
  const reader = new Reader(envelope.raw)
  const value = decoderOf(schema as MessageSchema).read(reader, reader.buffer.length, 0)
  const { kind, apiVersion } = envelope
  return { ...(kind === '' ? {} : { kind }), ...(apiVersion === '' ? {} : { apiVersion }), ...value } as T
}

/** What happened to the object of a watch frame. */
export interface WatchFrame {
  /** ADDED, MODIFIED, DELETED, BOOKMARK or ERROR. */
  readonly type: string
  /** The object, in its envelope. */
  readonly object: Uint8Array
}

/** One frame of a protobuf watch: four bytes of length, most significant first, then a `WatchEvent`. */
export function encodeWatchFrame(type: string, object: Uint8Array): Uint8Array {
  return written(writer => {
    const start = writer.size
    writer.bytes(object)
    writer.byte(0x0a)
    writer.varint(writer.size - start)
    writer.byte(0x12)
    writer.string(type)
    writer.byte(0x0a)
    const length = writer.size - start
    writer.raw(Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length))
  })
}

/** Longest frame accepted, in bytes. */
const maxFrame = 64 << 20

/**
 * Takes the first frame off the front of `buffer`; undefined if it has not arrived whole. `rest` is what follows it.
 * Throws `ProtobufError` on a malformed frame or one above 64 MiB.
 */
export function takeWatchFrame(
  buffer: Uint8Array,
): { readonly frame: WatchFrame; readonly rest: Uint8Array } | undefined {
  if (buffer.length < 4) return undefined
  const length = new DataView(buffer.buffer, buffer.byteOffset).getUint32(0)
  if (length > maxFrame) throw new ProtobufError(`watch frame of ${length} bytes is too long`)
  const end = 4 + length
  if (buffer.length < end) return undefined
  return { frame: decodeWatchEvent(buffer.subarray(4, end)), rest: buffer.subarray(end) }
}

function decodeWatchEvent(bytes: Uint8Array): WatchFrame {
  const reader = new Reader(bytes)
  const end = reader.buffer.length
  let type = ''
  let object: Uint8Array = new Uint8Array(0)
  while (reader.position < end) {
    const tag = reader.tag(end)
    if (tag === 0x0a) type = reader.string(end)
    else if (tag === 0x12) {
      const stop = reader.limit(end)
      while (reader.position < stop) {
        const part = reader.tag(stop)
        if (part === 0x0a) object = reader.bytes(stop)
        else reader.skip(part, stop, 1)
      }
    } else reader.skip(tag, end, 0)
  }
  return { type, object }
}
