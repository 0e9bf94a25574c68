export * from './declare.js'
export { formatDuration, parseDuration } from './duration-text.js'
export { exactJson, hasManyDigits, parseExactJson } from './exact-json.js'
export { DecodeError, type DecodeOptions, decodeJson } from './json.js'
export { findDuplicateFields, JsonSyntaxError, mayRepeatFields, parseJson, strictFieldErrors } from './json-text.js'
export { sortedKeys } from './map-entry.js'
export {
  type OpenApiOptions,
  type OpenApiSchema,
  openApiName,
  openapiV2Definition,
  openapiV2Definitions,
  openapiV3Schema,
  openapiV3Schemas,
} from './openapi.js'
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
export { applyStaticDefaults } from './static-defaults.js'
export type * from './types.js'
export {
  fieldOf,
  type JsonField,
  jsonField,
  jsonFields,
  type ResolvedSchema,
  reachableMessages,
  resolve,
} from './walk.js'
