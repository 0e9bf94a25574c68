import { exactJson } from '../../schema/exact-json.js'
import type { AnySchema, Field, MessageSchema } from '../../schema/types.js'
import { fieldOf, resolve } from '../../schema/walk.js'

/**
 * What server-side apply needs to know of a type, read off its schema once:
 * - `scalar` and `atomic` are owned and replaced as a whole;
 * - `struct` and `map` are owned field by field, key by key;
 * - `keyed` lists are owned item by item, by the items' keys, `set` lists by the items themselves;
 * - `deduced` is told by the value: objects are maps, lists atomic;
 * - `ignored` is nobody's: identity and bookkeeping.
 */
export type ApplyType =
  | { readonly kind: 'scalar'; readonly accepts: 'string' | 'number' | 'boolean' | 'any' }
  | { readonly kind: 'atomic'; readonly inner: ApplyType }
  | { readonly kind: 'struct'; readonly message: MessageSchema; readonly fields: Map<string, StructField> }
  | { readonly kind: 'map'; readonly value: ApplyType }
  | {
      readonly kind: 'keyed'
      readonly keys: readonly ItemKey[]
      readonly item: ApplyType
      readonly elements: ItemElements
    }
  | { readonly kind: 'set'; readonly item: ApplyType }
  | { readonly kind: 'list'; readonly item: ApplyType }
  | { readonly kind: 'deduced' }
  | { readonly kind: 'ignored'; readonly inner: ApplyType }

/** A field of a struct, and the path element it has. */
export interface StructField {
  readonly element: string
  readonly type: ApplyType
}

/** A field that identifies items of a list; an item without it counts as having the default. */
export interface ItemKey {
  readonly name: string
  /** The name as it stands in path elements: `"name":`. */
  readonly text: string
  readonly default: unknown
}

export type StructType = Extract<ApplyType, { kind: 'struct' }>
export type KeyedType = Extract<ApplyType, { kind: 'keyed' }>

const scalarOf = (accepts: 'string' | 'number' | 'boolean' | 'any'): ApplyType => ({ kind: 'scalar', accepts })
const text = scalarOf('string')
const number = scalarOf('number')
const boolean = scalarOf('boolean')
const any = scalarOf('any')
export const deduced: ApplyType = { kind: 'deduced' }
const ignored = (inner: ApplyType): ApplyType => ({ kind: 'ignored', inner })
const anything: ApplyType = { kind: 'atomic', inner: deduced }

const types = new WeakMap<AnySchema, ApplyType>()
const granularTypes = new WeakMap<AnySchema, ApplyType>()
const objectTypes = new WeakMap<AnySchema, ApplyType>()

/** The type of a schema; undefined means nothing is known. */
function applyTypeOf(schema: AnySchema | undefined, granular = false): ApplyType {
  if (!schema) return deduced
  const cache = granular ? granularTypes : types
  let type = cache.get(schema)
  if (!type) {
    type = compile(schema, granular)
    cache.set(schema, type)
  }
  return type
}

function compile(schema: AnySchema, granular: boolean): ApplyType {
  const resolved = resolve(schema)
  switch (resolved.kind) {
    case 'message': {
      if (resolved.choice) return anything
      const struct: ApplyType = { kind: 'struct', message: resolved, fields: new Map() }
      return resolved.atomic && !granular ? { kind: 'atomic', inner: struct } : struct
    }
    case 'map': {
      const map: ApplyType = { kind: 'map', value: applyTypeOf(resolved.value) }
      return resolved.atomic && !granular ? { kind: 'atomic', inner: map } : map
    }
    case 'list': {
      const item = applyTypeOf(resolved.item)
      const { type, keys } = resolved.semantics
      if (type === 'set') return { kind: 'set', item }
      if (type === 'map')
        return {
          kind: 'keyed',
          item,
          keys: [...keys].sort().map(name => itemKey(resolved.item, name)),
          elements: new ItemElements(),
        }
      return { kind: 'atomic', inner: { kind: 'list', item } }
    }
    case 'string':
    case 'bytes':
    case 'time':
    case 'microTime':
    case 'duration':
    case 'binary':
      return text
    case 'boolean':
      return boolean
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
    case 'double':
      return number
    case 'rawExtension':
    case 'json':
    case 'fieldsV1':
      return anything
    default:
      return any
  }
}

function itemKey(item: AnySchema, name: string): ItemKey {
  const message = resolve(item)
  const field = message.kind === 'message' ? fieldOf(message, name) : undefined
  return { name, text: `${JSON.stringify(name)}:`, default: field?.default }
}

/** The type of a field of a struct; undefined if it is not declared. */
export const fieldType = (struct: StructType, name: string): ApplyType | undefined => structField(struct, name)?.type

/** A field of a struct; undefined if it is not declared. */
export function structField(struct: StructType, name: string): StructField | undefined {
  const known = struct.fields.get(name)
  if (known) return known
  const field: Field<AnySchema> | undefined = fieldOf(struct.message, name)
  if (!field) return isOpen(struct.message) ? { element: fieldElement(name), type: deduced } : undefined
  return noteField(struct, name, applyTypeOf(field.schema, field.granular ?? false))
}

function noteField({ fields }: StructType, name: string, type: ApplyType): StructField {
  const field = { element: fieldElement(name), type }
  fields.set(name, field)
  return field
}

/** Custom resources may keep fields that their schema does not declare. */
const isOpen = (message: MessageSchema): boolean => message.open ?? false

const unownedMetadata = [
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
]

/** The type of a whole object: identity and bookkeeping are nobody's. */
export function objectTypeOf(schema: AnySchema | undefined): ApplyType {
  if (!schema) return schemaless
  let type = objectTypes.get(schema)
  if (!type) {
    type = compile(schema, true)
    if (type.kind === 'struct') {
      for (const name of ['apiVersion', 'kind']) noteField(type, name, ignored(text))
      const metadata = fieldOf(type.message, 'metadata')
      const inner = metadata && compile(metadata.schema, true)
      if (inner?.kind === 'struct') {
        for (const name of unownedMetadata) noteField(inner, name, ignored(fieldType(inner, name) ?? deduced))
        noteField(type, 'metadata', inner)
      }
    }
    objectTypes.set(schema, type)
  }
  return type
}

const schemalessMessage = (fields: readonly [string, ApplyType][]): StructType => ({
  kind: 'struct',
  message: { kind: 'message', name: '', fields: {}, atomic: false, open: true },
  fields: new Map(fields.map(([name, type]) => [name, { element: `f:${name}`, type }])),
})

const schemaless: ApplyType = schemalessMessage([
  ['apiVersion', ignored(text)],
  ['kind', ignored(text)],
  ['metadata', schemalessMessage(unownedMetadata.map(name => [name, ignored(deduced)]))],
])

/** What `deduced` stands for with these values; the first that is there decides. */
export function deduce(...values: readonly unknown[]): ApplyType {
  for (const value of values) {
    if (value === undefined || value === null) continue
    if (Array.isArray(value)) return anyList
    if (typeof value === 'object') return anyMap
    return any
  }
  return any
}

const anyMap: ApplyType = { kind: 'map', value: deduced }
const anyList: ApplyType = { kind: 'atomic', inner: { kind: 'list', item: deduced } }

// The same few names come again and again.
const fieldElements = new Map<string, string>()
const rememberedNames = 4096

/** The path element of a field, or of a key of a map. */
export function fieldElement(name: string): string {
  let element = fieldElements.get(name)
  if (element === undefined) {
    element = `f:${name}`
    if (fieldElements.size >= rememberedNames) fieldElements.clear()
    fieldElements.set(name, element)
  }
  return element
}

/** Elements that were made, by the values of their keys: the same few items come again and again. */
class ItemElements {
  readonly #tree = new Map<unknown, unknown>()
  #size = 0

  of(keys: readonly ItemKey[], item: unknown): string {
    let found: unknown = this.#tree
    for (let i = 0; found && i < keys.length; i++)
      found = (found as Map<unknown, unknown>).get(keyValue(keys[i] as ItemKey, item))
    return (found as string | undefined) ?? this.#made(keys, item)
  }

  #made(keys: readonly ItemKey[], item: unknown): string {
    const element = makeElement(keys, item)
    const values = keys.map(key => keyValue(key, item))
    // What is an object is another one the next time.
    if (element.length > longestElement || values.some(value => typeof value === 'object')) return element
    if (this.#size >= rememberedItems) {
      this.#tree.clear()
      this.#size = 0
    }
    this.#size++
    let level = this.#tree
    for (const value of values.slice(0, -1)) {
      const below = (level.get(value) as Map<unknown, unknown> | undefined) ?? new Map<unknown, unknown>()
      level.set(value, below)
      level = below
    }
    level.set(values.at(-1), element)
    return element
  }
}

const rememberedItems = 512
const longestElement = 256

/** The path element of an item of a keyed list, canonical: keys sorted, defaults filled in. */
export const itemElement = ({ keys, elements }: KeyedType, item: unknown): string => elements.of(keys, item)

function makeElement(keys: readonly ItemKey[], item: unknown): string {
  let element = 'k:{'
  let separator = ''
  for (const key of keys) {
    const value = keyValue(key, item)
    if (value === undefined || value === null) continue
    element += `${separator}${key.text}${exactJson(value)}`
    separator = ','
  }
  return `${element}}`
}

/** The value of a key of an item, its default if it has none. */
export function keyValue(key: ItemKey, item: unknown): unknown {
  const value = (item as { readonly [name: string]: unknown } | null)?.[key.name]
  return value ?? key.default
}

/** The path element of an item of a set. */
export const valueElement = (item: unknown): string => `v:${exactJson(item)}`
