import { durationOf, durationText, timestampOf, timestampText } from './time.js'
import type { CelType, ListType, ObjectType } from './types.js'
import {
  CelError,
  type CelValue,
  Duration,
  JsonMap,
  ListValue,
  MapValue,
  OpaqueValue,
  Optional,
  Timestamp,
  TypeValue,
  Uint,
} from './values.js'

/** JSON as a value of the type; what is inside is looked at when it is asked for. */
export function fromJson(raw: unknown, type: CelType): CelValue {
  if (raw === null || raw === undefined) return null
  switch (type.kind) {
    case 'int':
      return typeof raw === 'number' && Number.isInteger(raw) ? BigInt(raw) : fromAny(raw)
    case 'uint':
      return typeof raw === 'number' ? new Uint(BigInt(raw)) : fromAny(raw)
    case 'double':
      return typeof raw === 'number' || typeof raw === 'bigint' ? Number(raw) : fromAny(raw)
    case 'bytes':
      return typeof raw === 'string' ? new Uint8Array(Buffer.from(raw, 'base64')) : fromAny(raw)
    case 'timestamp':
      return typeof raw === 'string' ? (timestampOf(raw) ?? raw) : fromAny(raw)
    case 'duration':
      return typeof raw === 'string' ? (durationOf(raw) ?? raw) : fromAny(raw)
    case 'list':
      return Array.isArray(raw) ? fromList(raw, type) : fromAny(raw)
    case 'map':
      if (!isObject(raw)) return fromAny(raw)
      return new JsonMap(raw, value => fromJson(value, type.value))
    case 'object':
      return isObject(raw) ? new ObjectValue(raw, type) : fromAny(raw)
    default:
      return fromAny(raw)
  }
}

/** An object of a declared type: its fields are read by their types, and others cannot be seen. */
class ObjectValue extends MapValue {
  #names: readonly string[] | undefined

  constructor(
    private readonly raw: { readonly [name: string]: unknown },
    private readonly type: ObjectType,
  ) {
    super()
  }

  get size(): number {
    return this.keys().length
  }

  get(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string') return undefined
    const type = this.type.field(key)
    const name = this.type.valueName ? this.type.valueName(key) : key
    const value = type && Object.hasOwn(this.raw, name) ? this.raw[name] : undefined
    return type && value !== undefined ? fromJson(value, type) : undefined
  }

  keys(): readonly string[] {
    return (this.#names ??= Object.keys(this.raw)
      .map(name => (this.type.expressionName ? this.type.expressionName(name) : name))
      .filter(name => this.get(name) !== undefined))
  }
}

function fromList(raw: readonly unknown[], { item, listType, keys }: ListType): ListValue {
  return new ListValue(raw, value => fromJson(value, item), listType ? { listType, keys: keys ?? [] } : undefined)
}

const isObject = (raw: unknown): raw is { readonly [name: string]: unknown } =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw) && !isCelObject(raw)

/** JSON of which nothing is known: whole numbers are ints. Values of CEL itself stay what they are. */
function fromAny(raw: unknown): CelValue {
  switch (typeof raw) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return raw
    case 'number':
      return Number.isInteger(raw) ? BigInt(raw) : raw
    case 'undefined':
      return null
  }
  if (typeof raw !== 'object' || raw === null) return null
  if (Array.isArray(raw)) return new ListValue(raw, fromAny)
  if (isCelObject(raw)) return raw
  return new JsonMap(raw as { readonly [name: string]: unknown }, fromAny)
}

const isCelObject = (raw: object): raw is Extract<CelValue, object> =>
  [MapValue, ListValue, Uint8Array, Uint, Duration, Timestamp, TypeValue, Optional, OpaqueValue].some(
    type => raw instanceof type,
  )

/** A value as JSON; throws CelError for what JSON has no form of. */
export function toJson(value: CelValue): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
    return value
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (value instanceof Uint) return Number(value.value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof ListValue) return [...value].map(toJson)
  if (value instanceof MapValue) {
    const entries: [string, unknown][] = []
    for (const key of value.keys()) entries.push([String(toJson(key)), toJson(value.get(key) ?? null)])
    return Object.fromEntries(entries)
  }
  if (value instanceof Optional) return value.value === undefined ? null : toJson(value.value)
  if (value instanceof Timestamp) return timestampText(value)
  if (value instanceof Duration) return durationText(value)
  throw new CelError('unsupported type conversion to JSON')
}
