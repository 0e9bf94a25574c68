import { choiceForms, formOf } from './choice.js'
import { scalarWire } from './protobuf-scalars.js'
import { ProtobufError, WireType, type Writer } from './protobuf-wire.js'
import type { AnySchema, Field, ListSchema, MapSchema, MessageSchema, Scalar } from './types.js'
import { inlined, resolve } from './walk.js'
import { isKubernetes, zeroScalar } from './zero.js'

type Values = { readonly [name: string]: unknown }
type Put = (writer: Writer, value: unknown) => void
type PutFields = (writer: Writer, object: Values) => void

const encoders = new WeakMap<MessageSchema, PutFields>()

/** The function that writes a message's fields; compiled on first use. */
export function encoderOf(message: MessageSchema): PutFields {
  let encoder = encoders.get(message)
  if (!encoder) {
    let names: readonly string[] = []
    let puts: readonly PutFields[] | undefined
    encoder = (writer, object) => {
      if (!puts) {
        const fields = fieldsBackwards(message)
        names = fields.map(([name]) => name)
        puts = fields.map(([name, field]) => fieldEncoder(message, name, field))
      }
      let i = 0
      try {
        for (; i < puts.length; i++) puts[i]?.(writer, object)
      } catch (error) {
        if (error instanceof ProtobufError) throw error.within(names[i] ?? '')
        throw error
      }
    }
    encoders.set(message, encoder)
  }
  return encoder
}

/** The fields that protobuf carries, last one first, as the buffer is filled from its end. */
const fieldsBackwards = (message: MessageSchema): readonly (readonly [string, Field<AnySchema>])[] =>
  Object.entries(message.fields)
    .filter(([, field]) => field.number > 0)
    .sort(([, a], [, b]) => b.number - a.number)

function fieldEncoder(owner: MessageSchema, name: string, field: Field<AnySchema>): PutFields {
  const { number, presence } = field
  if (presence === 'inline') {
    const encode = encoderOf(inlined(field, owner, name))
    return (writer, object) => {
      nest(writer, object, encode)
      putTag(writer, number, WireType.bytes)
    }
  }
  const put = presentEncoder(owner, field)
  const putAbsent = absentEncoder(owner, field)
  const omitsZero = !isKubernetes(owner) && presence !== 'pointer' && presence !== 'nullable'
  return (writer, object) => {
    const value = object[name]
    if (value === undefined || value === null) putAbsent?.(writer)
    else if (!(omitsZero && (value === '' || value === 0 || value === false))) put(writer, value)
  }
}

/** Writes a value that is there, tag included. */
function presentEncoder(owner: MessageSchema, { number, schema: declared }: Field<AnySchema>): Put {
  const schema = resolve(declared)
  if (schema.kind === 'map') return mapEncoder(number, schema)
  if (schema.kind !== 'list') return tagged(number, valueEncoding(schema))
  if (schema.semantics.wrapped) return tagged(number, wrappedList(schema))
  return listEncoder(number, schema, !isKubernetes(owner))
}

/** Scalars that generated Go code holds by value, without knowing whether they were set. */
const heldByValue: ReadonlySet<string> = new Set<Scalar['kind']>([
  'string',
  'boolean',
  'int32',
  'int64',
  'uint32',
  'uint64',
  'double',
])

/**
 * What a field without a value writes. Kubernetes' generated code always writes what it holds by value. Times, raw
 * JSON and bytes are left out: an empty message would mean the same where they are held by value, and something else
 * where they are not.
 */
function absentEncoder(owner: MessageSchema, field: Field<AnySchema>): ((writer: Writer) => void) | undefined {
  const { presence, number, nullable } = field
  if (!isKubernetes(owner) || presence === 'pointer' || presence === 'nullable' || nullable) return undefined
  const schema = resolve(field.schema)
  if (schema.kind === 'list' || schema.kind === 'map') return undefined
  const always = presence === 'required' || presence === 'embedded'
  const zero = schema.kind === 'message' ? (schema.choice ? null : {}) : zeroScalar(schema)
  if (zero === null || !(always || heldByValue.has(schema.kind))) return undefined
  const put = tagged(number, valueEncoding(schema))
  return writer => put(writer, zero)
}

interface Encoding {
  readonly type: number
  readonly put: Put
  readonly packable: boolean
  /** What stands for null inside a list or map. */
  readonly zero: unknown
}

function valueEncoding(schema: Scalar | MessageSchema): Encoding {
  if (schema.kind !== 'message') {
    const { type, write, packable } = scalarWire[schema.kind]
    return { type, put: write, packable, zero: zeroScalar(schema) ?? (schema.kind === 'bytes' ? '' : null) }
  }
  if (schema.choice) return { type: WireType.bytes, put: choiceEncoder(schema), packable: false, zero: null }
  const encode = encoderOf(schema)
  const put: Put = (writer, value) => {
    if (formOf(value) !== 'object') throw new ProtobufError(`cannot encode ${formOf(value)} as ${schema.name}`)
    nest(writer, value as Values, encode)
  }
  return { type: WireType.bytes, put, packable: false, zero: {} }
}

const tagged =
  (number: number, { type, put }: Encoding): Put =>
  (writer, value) => {
    put(writer, value)
    putTag(writer, number, type)
  }

function putTag(writer: Writer, number: number, type: number): void {
  writer.varint(number * 8 + type)
}

function nest(writer: Writer, object: Values, encode: PutFields): void {
  const before = writer.size
  encode(writer, object)
  writer.varint(writer.size - before)
}

/** How an item of a list or a value of a map is written. A list there is a message of its own. */
function itemEncoding(schema: AnySchema): Encoding {
  const item = resolve(schema)
  if (item.kind === 'list') return wrappedList(item)
  if (item.kind === 'map') throw new TypeError('protobuf carries no map as the item of a list or map')
  return valueEncoding(item)
}

function listEncoder(number: number, list: ListSchema, packed: boolean): Put {
  const item = itemEncoding(list.item)
  if (packed && item.packable)
    return (writer, value) => {
      const items = asList(value)
      if (items.length === 0) return
      const before = writer.size
      for (let i = items.length - 1; i >= 0; i--) item.put(writer, items[i])
      writer.varint(writer.size - before)
      putTag(writer, number, WireType.bytes)
    }
  const put = tagged(number, item)
  return (writer, value) => {
    const items = asList(value)
    for (let i = items.length - 1; i >= 0; i--) put(writer, items[i] ?? item.zero)
  }
}

/** A list inside a message of its own, in field 1. */
function wrappedList(list: ListSchema): Encoding {
  const putItems = listEncoder(1, list, false)
  const put: Put = (writer, value) => {
    const before = writer.size
    putItems(writer, value)
    writer.varint(writer.size - before)
  }
  return { type: WireType.bytes, put, packable: false, zero: [] }
}

/** Entries go out sorted by key, so that equal maps give equal bytes. */
function mapEncoder(number: number, map: MapSchema): Put {
  const item = itemEncoding(map.value)
  const put = tagged(2, item)
  return (writer, value) => {
    if (formOf(value) !== 'object') throw new ProtobufError(`cannot encode ${formOf(value)} as a map`)
    const entries = value as Values
    const keys = Object.keys(entries)
    if (keys.length > 1) keys.sort()
    for (let i = keys.length - 1; i >= 0; i--) {
      const key = keys[i] as string
      const before = writer.size
      put(writer, entries[key] ?? item.zero)
      writer.string(key)
      writer.byte(0x0a)
      writer.varint(writer.size - before)
      putTag(writer, number, WireType.bytes)
    }
  }
}

/** A bare JSON value goes into the field of its form; a boolean field is also true beside an object, as Go has it. */
function choiceEncoder(message: MessageSchema): Put {
  let puts: ReadonlyMap<string, Put> | undefined
  return (writer, value) => {
    puts ??= new Map([...choiceForms(message)].map(([form, [, field]]) => [form, presentEncoder(message, field)]))
    const before = writer.size
    const form = formOf(value)
    const put = puts.get(form)
    if (put) put(writer, value)
    else if (form !== 'null') throw new ProtobufError(`cannot encode ${form} as ${message.name}`)
    if (form === 'object') puts.get('boolean')?.(writer, true)
    writer.varint(writer.size - before)
  }
}

function asList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new ProtobufError(`cannot encode ${formOf(value)} as a list`)
  return value
}
