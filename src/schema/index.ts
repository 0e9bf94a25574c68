export * from './declare.js'
export { decodeProtobuf, encodeProtobuf, ProtobufError } from './protobuf.js'
export {
  decodeObject,
  type Envelope,
  encodeObject,
  encodeWatchFrame,
  isEnvelope,
  takeWatchFrame,
  unwrapEnvelope,
  type WatchFrame,
  wrapEnvelope,
} from './protobuf-envelope.js'
export type * from './types.js'
export { fieldOf, type JsonField, jsonField, jsonFields, type ResolvedSchema, resolve } from './walk.js'
