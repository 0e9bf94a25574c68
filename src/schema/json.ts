import { DecodeError, Misfit } from './decode-error.js'
import { type Context, decoderOf } from './json-decode.js'
import type { Draft, MessageSchema } from './types.js'

export { DecodeError }

export interface DecodeOptions {
  /** Told of each field that the type does not have, in the order of the input: `spec.containers[0].foo`. */
  readonly onUnknownField?: (path: string) => void
}

/** Go stops counting at as many; a client that sends more has learnt enough. */
const maxUnknown = 100

/**
 * Decodes a parsed JSON value into a new normalised object nobody else holds: fields in declared order, unset ones as
 * their `Presence` says, null as unset, times in UTC, unknown fields dropped. Quantities keep their text. The result
 * shares no mutable part with `value` except raw JSON (`json`, `rawExtension`, `fieldsV1`). Static defaults are a step
 * of their own: `applyStaticDefaults`. Throws `DecodeError`.
 */
export function decodeJson<T>(
  schema: MessageSchema<T, unknown>,
  value: unknown,
  options: DecodeOptions = {},
): Draft<T> {
  const { decoder } = schema
  if (decoder && typeof value === 'object' && value !== null)
    return decoder.decode(value, options.onUnknownField) as Draft<T>
  const context: Context = { unknown: [], limit: options.onUnknownField ? maxUnknown : 0, depth: 0 }
  try {
    const draft = decoderOf(schema as MessageSchema).take(value, context) as Draft<T>
    if (options.onUnknownField) for (const path of context.unknown) options.onUnknownField(path)
    return draft
  } catch (error) {
    throw error instanceof Misfit ? error.toError() : error
  }
}
