import { normaliseBase64 } from './base64-text.js'
import { formOf } from './choice.js'
import { Misfit } from './decode-error.js'
import { formatDuration, parseDuration } from './duration-text.js'
import { canonicalQuantity } from './quantity-text.js'
import { normaliseMicroTime, normaliseTime } from './time-text.js'
import type { AnySchema, ScalarKind } from './types.js'
import { resolve } from './walk.js'

/** Takes a JSON value, not null, to its normal form; undefined is an unset value. Throws `Misfit`. */
export type TakeScalar = (value: unknown) => unknown

/** What Go calls a JSON value in its errors. */
export function foundIn(value: unknown): string {
  const form = formOf(value)
  return form === 'boolean' ? 'bool' : form
}

const whole =
  (type: string, low: number, high: number): TakeScalar =>
  given => {
    const value = typeof given === 'bigint' ? Number(given) : given
    if (typeof value !== 'number') throw Misfit.mismatch(foundIn(value), type)
    if (!Number.isInteger(value) || value < low || value > high) throw Misfit.mismatch(`number ${given}`, type)
    return value === 0 ? 0 : value
  }

const text = (value: unknown, type = 'string'): string => {
  if (typeof value !== 'string') throw Misfit.mismatch(foundIn(value), type)
  return value
}

const reasoned = <T>(convert: () => T): T => {
  try {
    return convert()
  } catch (error) {
    throw Misfit.because(error instanceof Error ? error.message : String(error))
  }
}

const int32 = whole('int32', -(2 ** 31), 2 ** 31 - 1)

/** How every kind of scalar is read from JSON. */
export const takeScalar: { readonly [K in ScalarKind]: TakeScalar } = {
  string: value => {
    if (typeof value !== 'string') throw Misfit.mismatch(foundIn(value), 'string')
    return value
  },
  boolean: value => {
    if (typeof value !== 'boolean') throw Misfit.mismatch(foundIn(value), 'bool')
    return value
  },
  int32,
  int64: whole('int64', -(2 ** 63), 2 ** 63),
  uint32: whole('uint32', 0, 2 ** 32 - 1),
  uint64: whole('uint64', 0, 2 ** 64),
  double: given => {
    const value = typeof given === 'bigint' ? Number(given) : given
    if (typeof value !== 'number') throw Misfit.mismatch(foundIn(value), 'float64')
    if (!Number.isFinite(value)) throw Misfit.mismatch(`number ${value}`, 'float64')
    return value
  },
  bytes: value => {
    const encoded = text(value, '[]uint8')
    return reasoned(() => normaliseBase64(encoded))
  },
  binary: value => {
    if (!(value instanceof Uint8Array)) throw Misfit.mismatch(foundIn(value), '[]uint8')
    return value
  },
  time: value => {
    const written = text(value)
    return reasoned(() => normaliseTime(written))
  },
  microTime: value => {
    const written = text(value)
    return reasoned(() => normaliseMicroTime(written))
  },
  duration: value => {
    const written = text(value)
    return reasoned(() => formatDuration(parseDuration(written)))
  },
  quantity: value => {
    const written = typeof value === 'string' ? value.trim() : String(value)
    if (typeof value === 'boolean' || typeof value === 'object') reasoned(() => canonicalQuantity(''))
    return reasoned(() => canonicalQuantity(written))
  },
  intOrString: value => (typeof value === 'string' ? value : int32(value)),
  json: value => value,
  // Whoever gives it a meaning says what it has to be.
  rawExtension: value => value,
  fieldsV1: value => value,
}

const goScalar: { readonly [K in ScalarKind]: string } = {
  string: 'string',
  boolean: 'bool',
  int32: 'int32',
  int64: 'int64',
  uint32: 'uint32',
  uint64: 'uint64',
  double: 'float64',
  bytes: '[]uint8',
  binary: '[]uint8',
  time: 'v1.Time',
  microTime: 'v1.MicroTime',
  duration: 'v1.Duration',
  quantity: 'resource.Quantity',
  intOrString: 'intstr.IntOrString',
  json: 'v1.JSON',
  rawExtension: 'runtime.RawExtension',
  fieldsV1: 'v1.FieldsV1',
}

/** What Go calls a type in its errors: `[]v1.Container`, `map[string]string`. */
export function goType(schema: AnySchema): string {
  const resolved = resolve(schema)
  switch (resolved.kind) {
    case 'list':
      return `[]${goType(resolved.item)}`
    case 'map':
      return `map[string]${goType(resolved.value)}`
    case 'message':
      return resolved.name.split('.').slice(-2).join('.')
    default:
      return goScalar[resolved.kind]
  }
}
