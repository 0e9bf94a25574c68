/** Values at run time: ints are bigints, doubles numbers, text strings; objects are read as they are asked for. */
export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Uint
  | Duration
  | Timestamp
  | ListValue
  | MapValue
  | TypeValue
  | Optional
  | OpaqueValue

/** What evaluation ends with where the expression, not the program, is at fault (`no such key: x`). */
export class CelError extends Error {
  override readonly name = 'CelError'
}

/** Evaluation was given up: it became too costly. */
export class CelCostError extends Error {
  override readonly name = 'CelCostError'
  constructor() {
    super('operation cancelled: actual cost limit exceeded')
  }
}

export class Uint {
  constructor(readonly value: bigint) {}
}

/** Nanoseconds. */
export class Duration {
  constructor(readonly nanos: bigint) {}
}

/** Nanoseconds since 1970. */
export class Timestamp {
  constructor(readonly nanos: bigint) {}
}

export class TypeValue {
  constructor(readonly name: string) {}
}

export class Optional {
  constructor(readonly value: CelValue | undefined) {}
}
export const none = new Optional(undefined)

/** A value of a library's own type. */
export abstract class OpaqueValue {
  abstract readonly typeName: string
  abstract equals(other: OpaqueValue): boolean
}

type Adapt = (raw: unknown, index: number) => CelValue

/** A list, whose items may still be raw JSON. */
export class ListValue implements Iterable<CelValue> {
  constructor(
    private readonly items: readonly unknown[],
    private readonly adapt?: Adapt,
    /** Of a schema's list: compared and joined as a set, or as a map of items by these keys. */
    readonly keyed?: { readonly listType: 'set' | 'map'; readonly keys: readonly string[] },
  ) {}

  get size(): number {
    return this.items.length
  }

  get(index: number): CelValue {
    const item = this.items[index]
    return this.adapt ? this.adapt(item, index) : (item as CelValue)
  }

  *[Symbol.iterator](): Iterator<CelValue> {
    for (let i = 0; i < this.items.length; i++) yield this.get(i)
  }
}

/** A map, or an object, which is a map whose fields have names and types. */
export abstract class MapValue {
  abstract readonly size: number
  /** The value under a key; undefined if there is none. */
  abstract get(key: CelValue): CelValue | undefined
  abstract keys(): Iterable<CelValue>
}

/** A map that an expression made. */
export class EntryMap extends MapValue {
  readonly #entries = new Map<string, readonly [CelValue, CelValue]>()

  constructor(entries: Iterable<readonly [CelValue, CelValue]> = []) {
    super()
    for (const [key, value] of entries) this.set(key, value)
  }

  set(key: CelValue, value: CelValue): void {
    this.#entries.set(keyText(key), [key, value])
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: CelValue): CelValue | undefined {
    return this.#entries.get(keyText(key))?.[1]
  }

  *keys(): Iterable<CelValue> {
    for (const [key] of this.#entries.values()) yield key
  }
}

/** A JSON object seen as a map or as an object of a type. */
export class JsonMap extends MapValue {
  #names: readonly string[] | undefined

  constructor(
    readonly raw: { readonly [name: string]: unknown },
    private readonly adapt: (raw: unknown, name: string) => CelValue,
  ) {
    super()
  }

  get #own(): readonly string[] {
    return (this.#names ??= Object.keys(this.raw).filter(name => this.raw[name] !== undefined))
  }

  get size(): number {
    return this.#own.length
  }

  get(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string') return undefined
    const value = Object.hasOwn(this.raw, key) ? this.raw[key] : undefined
    return value === undefined ? undefined : this.adapt(value, key)
  }

  keys(): Iterable<CelValue> {
    return this.#own
  }
}

/** Numbers of equal value are the same key. */
function keyText(key: CelValue): string {
  if (typeof key === 'string') return `s${key}`
  if (typeof key === 'bigint') return `n${key}`
  if (key instanceof Uint) return `n${key.value}`
  if (typeof key === 'number') return Number.isInteger(key) ? `n${BigInt(key)}` : `d${key}`
  if (typeof key === 'boolean') return `b${key}`
  throw new CelError(`unsupported key type: ${typeNameOf(key)}`)
}

/** What `type()` answers. */
export function typeNameOf(value: CelValue): string {
  switch (typeof value) {
    case 'string':
      return 'string'
    case 'bigint':
      return 'int'
    case 'number':
      return 'double'
    case 'boolean':
      return 'bool'
  }
  if (value === null) return 'null_type'
  if (value instanceof Uint) return 'uint'
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof Duration) return 'google.protobuf.Duration'
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp'
  if (value instanceof ListValue) return 'list'
  if (value instanceof MapValue) return 'map'
  if (value instanceof TypeValue) return 'type'
  if (value instanceof Optional) return 'optional_type'
  return value.typeName
}

const isNumber = (value: CelValue): value is bigint | number | Uint =>
  typeof value === 'bigint' || typeof value === 'number' || value instanceof Uint

/** Equality across numeric types, and deep. */
export function celEqual(a: CelValue, b: CelValue): boolean {
  if (a === b) return true
  if (isNumber(a)) return isNumber(b) && compareNumbers(a, b) === 0
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name
  if (a instanceof ListValue) return b instanceof ListValue && listsEqual(a, b)
  if (a instanceof MapValue) return b instanceof MapValue && mapsEqual(a, b)
  if (a instanceof Optional) {
    if (!(b instanceof Optional)) return false
    if (a.value === undefined || b.value === undefined) return a.value === b.value
    return celEqual(a.value, b.value)
  }
  return a instanceof OpaqueValue && b instanceof OpaqueValue && a.typeName === b.typeName && a.equals(b)
}

function listsEqual(a: ListValue, b: ListValue): boolean {
  if (a.size !== b.size) return false
  if (a.keyed ?? b.keyed) {
    const rest = [...b]
    for (const item of a) {
      const at = rest.findIndex(other => celEqual(item, other))
      if (at < 0) return false
      rest.splice(at, 1)
    }
    return true
  }
  for (let i = 0; i < a.size; i++) if (!celEqual(a.get(i), b.get(i))) return false
  return true
}

function mapsEqual(a: MapValue, b: MapValue): boolean {
  if (a.size !== b.size) return false
  for (const key of a.keys()) {
    const [own, other] = [a.get(key), b.get(key)]
    if (own === undefined || other === undefined || !celEqual(own, other)) return false
  }
  return true
}

/** Two lists one after the other; of a set's or map's list, what is in both comes once. */
export function concatenated(a: ListValue, b: ListValue): ListValue {
  const { keyed } = a
  if (!keyed) return new ListValue([...a, ...b])
  const items = [...a]
  const same = (left: CelValue, right: CelValue): boolean => {
    if (keyed.listType === 'set') return celEqual(left, right)
    if (!(left instanceof MapValue) || !(right instanceof MapValue)) return false
    return keyed.keys.every(key => celEqual(left.get(key) ?? null, right.get(key) ?? null))
  }
  for (const item of b) {
    const at = items.findIndex(own => same(own, item))
    if (at < 0) items.push(item)
    else items[at] = item
  }
  return new ListValue(items, undefined, keyed)
}

/** Below, at or above 0; NaN compares with nothing. */
function compareNumbers(a: bigint | number | Uint, b: bigint | number | Uint): number {
  const left = a instanceof Uint ? a.value : a
  const right = b instanceof Uint ? b.value : b
  if (left < right) return -1
  if (left > right) return 1
  return left === right || Number(left) === Number(right) ? 0 : Number.NaN
}

/** The order of values that have one; undefined of those that do not. */
export function celCompare(a: CelValue, b: CelValue): number | undefined {
  if (isNumber(a)) return isNumber(b) ? compareNumbers(a, b) : undefined
  if (typeof a === 'string') return typeof b === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : undefined
  if (typeof a === 'boolean') return typeof b === 'boolean' ? Number(a) - Number(b) : undefined
  if (a instanceof Uint8Array) return b instanceof Uint8Array ? Buffer.compare(a, b) : undefined
  if (a instanceof Duration) return b instanceof Duration ? compareNumbers(a.nanos, b.nanos) : undefined
  if (a instanceof Timestamp) return b instanceof Timestamp ? compareNumbers(a.nanos, b.nanos) : undefined
  return undefined
}

/** Characters of text, bytes, items of a list, entries of a map; undefined of what has no size. */
export function sizeOf(value: CelValue): number | undefined {
  if (typeof value === 'string') {
    let count = 0
    for (const _ of value) count++
    return count
  }
  if (value instanceof Uint8Array) return value.length
  return value instanceof ListValue || value instanceof MapValue ? value.size : undefined
}
