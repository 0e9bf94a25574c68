import { choiceForms } from './choice.js'
import { setEntry } from './map-entry.js'
import { scalarWire } from './protobuf-scalars.js'
import { maxDepth, ProtobufError, type Reader, WireType } from './protobuf-wire.js'
import type { AnySchema, Field, ListSchema, MessageSchema, Scalar } from './types.js'
import { inlined, jsonFields, resolve } from './walk.js'
import { absentMaker, isZeroScalar, zeroScalar } from './zero.js'

type Values = { [name: string]: unknown }
/** A message under construction: one value for each of its JSON fields. */
type Slots = unknown[]

/** Reads one field, `type` being the wire type it came with, into the slots. */
type GetField = (reader: Reader, type: number, end: number, depth: number, slots: Slots) => void

/** By field number; those without a field are holes. */
type FieldReaders = readonly (GetField | undefined)[]

/** Reads a value, length included. `end` is where the enclosing message ends, `depth` how deep the value is. */
type Get = (reader: Reader, end: number, depth: number) => unknown

export interface Decoder {
  /** Reads a message that ends at `end`. */
  read(reader: Reader, end: number, depth: number): Values
  /** The message with nothing set. */
  empty(): Values
}

const decoders = new WeakMap<MessageSchema, Decoder>()

/** The decoder of a message; compiled on first use. */
export function decoderOf(message: MessageSchema): Decoder {
  let decoder = decoders.get(message)
  if (!decoder) {
    let plan: Plan | undefined
    decoder = {
      read(reader, end, depth) {
        plan ??= planOf(message)
        const slots: Slots = new Array(plan.slots.length).fill(undefined)
        readFields(plan.byNumber, reader, end, depth, slots)
        return finish(plan, slots)
      },
      empty() {
        plan ??= planOf(message)
        return finish(plan, [])
      },
    }
    decoders.set(message, decoder)
  }
  return decoder
}

const empties = (message: MessageSchema) => decoderOf(message).empty

interface Slot {
  readonly name: string
  /** Leaves the zero value out. */
  readonly omitsZero: boolean
  /** What an unset field shows; undefined leaves it out. */
  readonly absent: (() => unknown) | undefined
}

interface Plan {
  readonly slots: readonly Slot[]
  readonly byNumber: FieldReaders
}

function planOf(message: MessageSchema): Plan {
  const fields = jsonFields(message)
  const index = new Map(fields.map(({ name }, i) => [name, i]))
  return {
    byNumber: fieldReaders(message, index),
    slots: fields.map(({ name, field, owner }) => ({
      name,
      omitsZero: field.presence === 'optional',
      absent: absentMaker(owner, name, field, empties),
    })),
  }
}

function fieldReaders(message: MessageSchema, index: ReadonlyMap<string, number>): FieldReaders {
  const readers: GetField[] = []
  for (const [name, field] of Object.entries(message.fields)) {
    if (field.number === 0) continue
    if (readers[field.number]) throw new TypeError(`${message.name} uses field number ${field.number} twice`)
    readers[field.number] = fieldReader(message, name, field, index)
  }
  return readers
}

function fieldReader(
  message: MessageSchema,
  name: string,
  field: Field<AnySchema>,
  index: ReadonlyMap<string, number>,
): GetField {
  if (field.presence === 'inline') {
    const inner = fieldReaders(inlined(field, message, name), index)
    return (reader, type, end, depth, slots) => {
      expectType(type, WireType.bytes)
      const stop = reader.limit(end)
      readFields(inner, reader, stop, depth + 1, slots)
    }
  }
  const slot = index.get(name) as number
  const schema = resolve(field.schema)
  if (schema.kind === 'map') return mapReader(slot, itemReader(schema.value))
  if (schema.kind === 'list' && !schema.semantics.wrapped) return listReader(slot, itemReader(schema.item))
  const value = schema.kind === 'list' ? wrappedList(schema) : valueReader(schema)
  return (reader, type, end, depth, slots) => {
    expectType(type, value.type)
    slots[slot] = value.get(reader, end, depth)
  }
}

function readFields(fields: FieldReaders, reader: Reader, end: number, depth: number, slots: Slots): void {
  if (depth > maxDepth) throw new ProtobufError(`messages nest deeper than ${maxDepth}`)
  while (reader.position < end) {
    const tag = reader.tag(end)
    const field = fields[tag >>> 3]
    if (field) field(reader, tag & 7, end, depth, slots)
    else reader.skip(tag, end, depth)
  }
}

function finish({ slots: plan }: Plan, slots: Slots): Values {
  const values: Values = {}
  for (let i = 0; i < plan.length; i++) {
    const { name, omitsZero, absent } = plan[i] as Slot
    const value = slots[i]
    if (value === undefined) {
      if (absent) values[name] = absent()
    } else if (!(omitsZero && isZeroScalar(value))) values[name] = value
  }
  return values
}

interface Decoding {
  readonly type: number
  readonly get: Get
  readonly packable: boolean
  /** What an unset value inside a list or map shows. */
  readonly zero: () => unknown
}

function valueReader(schema: Scalar | MessageSchema): Decoding {
  if (schema.kind !== 'message') {
    const { type, read, packable } = scalarWire[schema.kind]
    const zero = zeroScalar(schema) ?? (schema.kind === 'bytes' ? '' : null)
    return { type, get: read, packable, zero: () => zero }
  }
  if (schema.choice) return choiceReader(schema)
  const decoder = decoderOf(schema)
  return {
    type: WireType.bytes,
    get: (reader, end, depth) => decoder.read(reader, reader.limit(end), depth + 1),
    packable: false,
    zero: decoder.empty,
  }
}

function itemReader(schema: AnySchema): Decoding {
  const item = resolve(schema)
  if (item.kind === 'list') return wrappedList(item)
  if (item.kind === 'map') throw new TypeError('protobuf carries no map as the item of a list or map')
  return valueReader(item)
}

/** Repeated scalars are understood packed and unpacked, whichever way the message would write them. */
function listReader(slot: number, { type: itemType, get, packable, zero }: Decoding): GetField {
  return (reader, type, end, depth, slots) => {
    const items = (slots[slot] ??= []) as unknown[]
    if (type === itemType) items.push(get(reader, end, depth) ?? zero())
    else if (packable && type === WireType.bytes) {
      const stop = reader.limit(end)
      while (reader.position < stop) items.push(get(reader, stop, depth))
    } else expectType(type, itemType)
  }
}

/** A list in field 1 of a message of its own. */
function wrappedList(list: ListSchema): Decoding {
  let fields: FieldReaders | undefined
  const get: Get = (reader, end, depth) => {
    fields ??= [undefined, listReader(0, itemReader(list.item))]
    const slots: Slots = []
    readFields(fields, reader, reader.limit(end), depth + 1, slots)
    return slots[0]
  }
  return { type: WireType.bytes, get, packable: false, zero: () => [] }
}

function mapReader(slot: number, { type: valueType, get, zero }: Decoding): GetField {
  return (reader, type, end, depth, slots) => {
    expectType(type, WireType.bytes)
    const stop = reader.limit(end)
    let key = ''
    let value: unknown
    while (reader.position < stop) {
      const tag = reader.tag(stop)
      if (tag === 0x0a) key = reader.string(stop)
      else if (tag === 0x10 + valueType) value = get(reader, stop, depth)
      else reader.skip(tag, stop, depth)
    }
    setEntry((slots[slot] ??= {}) as Values, key, value ?? zero())
  }
}

/** Reads the message's fields and answers the one that is set; a boolean counts only if there is nothing else. */
function choiceReader(message: MessageSchema): Decoding {
  let compiled: { fields: FieldReaders; order: readonly number[] } | undefined
  const get: Get = (reader, end, depth) => {
    compiled ??= compileChoice(message)
    const slots: Slots = []
    readFields(compiled.fields, reader, reader.limit(end), depth, slots)
    for (const slot of compiled.order) if (slots[slot] !== undefined) return slots[slot]
    return undefined
  }
  return { type: WireType.bytes, get, packable: false, zero: () => null }
}

function compileChoice(message: MessageSchema) {
  const names = Object.keys(message.fields)
  const fields = fieldReaders(message, new Map(names.map((name, i) => [name, i])))
  const forms = choiceForms(message)
  const order = (['array', 'object', 'string', 'number', 'boolean'] as const)
    .flatMap(form => forms.get(form)?.[0] ?? [])
    .map(name => names.indexOf(name))
  return { fields, order }
}

function expectType(type: number, expected: number): void {
  if (type !== expected) throw new ProtobufError(`wire type ${type} where ${expected} belongs`)
}
