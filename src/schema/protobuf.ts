import { decoderOf } from './protobuf-decode.js'
import { encoderOf } from './protobuf-encode.js'
import { ProtobufError, Reader, written } from './protobuf-wire.js'
import type { MessageSchema } from './types.js'

export { ProtobufError }

/**
 * The protobuf form of a value. Messages of Kubernetes (`k8s.io.`) follow its generated proto2 code: values that are
 * not behind a pointer are always written; all others are proto3: zero scalars are left out, repeated numbers packed.
 * Fields with number 0 (`kind`, `apiVersion`) are not carried. Throws `ProtobufError` if the value does not fit.
 */
export function encodeProtobuf<T>(schema: MessageSchema<T, unknown>, value: T): Uint8Array {
  const encode = encoderOf(schema as MessageSchema)
  return written(writer => encode(writer, value as { readonly [name: string]: unknown }))
}

/**
 * Reads a message into the object that `decodeJson` would make of its JSON form. Unknown fields are skipped; of a
 * field that repeats but should not, the last one counts. Throws `ProtobufError` on malformed bytes.
 */
export function decodeProtobuf<T>(schema: MessageSchema<T, unknown>, bytes: Uint8Array): T {
  const reader = new Reader(bytes)
  return decoderOf(schema as MessageSchema).read(reader, reader.buffer.length, 0) as T
}
