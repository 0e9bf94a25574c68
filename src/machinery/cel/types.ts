/**
 * Static types. Declared types may know how large their values can be (`maxElements`: bytes of text, items of lists,
 * entries of maps), by which the cost of expressions is estimated.
 */
export type CelType =
  | { readonly kind: ScalarKind; readonly maxElements?: number }
  | ListType
  | MapType
  | ObjectType
  /** Types of libraries: quantities, URLs, addresses, optional values. */
  | { readonly kind: 'opaque'; readonly name: string; readonly params: readonly CelType[] }
  | { readonly kind: 'type' }
  /** Stands for any one type in the signature of a function. */
  | { readonly kind: 'param'; readonly name: string }

export type ScalarKind =
  | 'null'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'duration'
  | 'timestamp'
  | 'dyn'

export interface ListType {
  readonly kind: 'list'
  readonly item: CelType
  readonly maxElements?: number
  /** How the lists of a schema are compared and joined: sets and maps without regard to order. */
  readonly listType?: 'set' | 'map'
  readonly keys?: readonly string[]
}

export interface MapType {
  readonly kind: 'map'
  readonly key: CelType
  readonly value: CelType
  readonly maxElements?: number
}

export interface ObjectType {
  readonly kind: 'object'
  readonly name: string
  /** The type of a field; undefined if it has none of that name. */
  readonly field: (name: string) => CelType | undefined
  /** Names in values where they are not those in expressions (`__namespace__`). */
  readonly valueName?: (name: string) => string
  readonly expressionName?: (name: string) => string
}

export const dyn: CelType = { kind: 'dyn' }
export const bool: CelType = { kind: 'bool' }
export const int: CelType = { kind: 'int' }
export const uint: CelType = { kind: 'uint' }
export const double: CelType = { kind: 'double' }
export const text: CelType = { kind: 'string' }
export const bytes: CelType = { kind: 'bytes' }
export const duration: CelType = { kind: 'duration' }
export const timestamp: CelType = { kind: 'timestamp' }
export const nullType: CelType = { kind: 'null' }
export const typeType: CelType = { kind: 'type' }
export const listOf = (item: CelType): ListType => ({ kind: 'list', item })
export const mapOf = (key: CelType, value: CelType): MapType => ({ kind: 'map', key, value })
export const opaque = (name: string, ...params: readonly CelType[]): CelType => ({ kind: 'opaque', name, params })
export const optionalOf = (value: CelType): CelType => opaque('optional_type', value)
export const param = (name: string): CelType => ({ kind: 'param', name })

/** An object type of known fields. */
export function objectType(name: string, fields: { readonly [name: string]: CelType }): ObjectType {
  return { kind: 'object', name, field: field => (Object.hasOwn(fields, field) ? fields[field] : undefined) }
}

/** A type as error messages name it. */
export function typeText(type: CelType): string {
  switch (type.kind) {
    case 'list':
      return `list(${typeText(type.item)})`
    case 'map':
      return `map(${typeText(type.key)}, ${typeText(type.value)})`
    case 'object':
      return type.name
    case 'opaque':
      return type.params.length > 0 ? `${type.name}(${type.params.map(typeText).join(', ')})` : type.name
    case 'param':
      return type.name
    case 'duration':
      return 'google.protobuf.Duration'
    case 'timestamp':
      return 'google.protobuf.Timestamp'
    default:
      return type.kind
  }
}

/** What type parameters of a signature stand for in one call. */
export type Bindings = Map<string, CelType>

/** Whether a value of type `from` may stand where `to` is wanted; binds the parameters of `to`. */
export function isAssignable(to: CelType, from: CelType, bindings: Bindings): boolean {
  if (to.kind === 'param') {
    const bound = bindings.get(to.name)
    if (!bound || bound.kind === 'dyn') {
      if (!bound) bindings.set(to.name, from)
      return true
    }
    if (isAssignable(bound, from, bindings)) return true
    // Something more general was seen later: `null` then a message, an empty list then a list.
    if (!isAssignable(from, bound, bindings)) return false
    bindings.set(to.name, from)
    return true
  }
  if (to.kind === 'dyn' || from.kind === 'dyn' || from.kind === 'param') return true
  if (from.kind === 'null') return to.kind === 'null' || isNullable(to)
  if (to.kind !== from.kind) return false
  if (to.kind === 'list' && from.kind === 'list') return isAssignable(to.item, from.item, bindings)
  if (to.kind === 'map' && from.kind === 'map')
    return isAssignable(to.key, from.key, bindings) && isAssignable(to.value, from.value, bindings)
  if (to.kind === 'object' && from.kind === 'object') return to.name === from.name
  if (to.kind === 'opaque' && from.kind === 'opaque')
    return (
      to.name === from.name && to.params.every((wanted, i) => isAssignable(wanted, from.params[i] ?? dyn, bindings))
    )
  return true
}

const isNullable = ({ kind }: CelType): boolean =>
  kind === 'object' || kind === 'opaque' || kind === 'duration' || kind === 'timestamp'

/** A result type with its parameters filled in; unbound ones are `dyn`. */
export function substitute(type: CelType, bindings: Bindings): CelType {
  switch (type.kind) {
    case 'param':
      return bindings.get(type.name) ?? dyn
    case 'list':
      return listOf(substitute(type.item, bindings))
    case 'map':
      return mapOf(substitute(type.key, bindings), substitute(type.value, bindings))
    case 'opaque':
      return type.params.length > 0 ? opaque(type.name, ...type.params.map(inner => substitute(inner, bindings))) : type
    default:
      return type
  }
}
