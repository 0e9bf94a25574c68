import { choiceForms, formOf } from './choice.js'
import { Misfit } from './decode-error.js'
import { foundIn, goType, takeScalar } from './json-scalars.js'
import { setEntry, sortedKeys } from './map-entry.js'
import type { AnySchema, Field, ListSchema, MapSchema, MessageSchema } from './types.js'
import { jsonFields, resolve } from './walk.js'
import { absentMaker, isKubernetes, zeroScalar } from './zero.js'

type Values = { [name: string]: unknown }

/** What one run of a decoder carries along. */
export interface Context {
  /** Paths of unknown fields, relative to the message being decoded; whoever calls puts its own step in front. */
  readonly unknown: string[]
  /** How many of them to collect. */
  readonly limit: number
  depth: number
}

/** How deep messages may nest: what gets in as JSON must also get through protobuf, which has the same limit. */
const maxDepth = 100

/** Takes a value that is not null; undefined is an unset value. Throws `Misfit`. */
type Take = (value: unknown, context: Context) => unknown

export interface Decoder {
  /** Decodes a message. */
  take(value: unknown, context: Context): Values
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
      take(value, context) {
        plan ??= planOf(message)
        return takeMessage(plan, value, context)
      },
      empty() {
        plan ??= planOf(message)
        return finish(plan.slots, [])
      },
    }
    decoders.set(message, decoder)
  }
  return decoder
}

const empties = (message: MessageSchema) => decoderOf(message).empty

interface Slot {
  readonly name: string
  readonly index: number
  readonly take: Take
  /** Which values count as unset. */
  readonly omits: 'nothing' | 'zero' | 'emptyList' | 'emptyMap'
  /** What an unset field shows; undefined leaves it out. */
  readonly absent: (() => unknown) | undefined
}

interface Plan {
  readonly message: MessageSchema
  readonly slots: readonly Slot[]
  readonly byName: ReadonlyMap<string, Slot>
}

function planOf(message: MessageSchema): Plan {
  const slots = jsonFields(message).map(({ name, field, owner }, index): Slot => {
    const missing = absentMaker(owner, name, field, empties)
    return { name, index, take: takeOf(field.schema), omits: omission(owner, field), absent: missing }
  })
  return { message, slots, byName: new Map(slots.map(slot => [slot.name, slot])) }
}

/** An empty list or map of Kubernetes counts as unset whatever the presence: protobuf, its stored form, cannot tell. */
function omission(owner: MessageSchema, field: Field<AnySchema>): Slot['omits'] {
  const { kind } = resolve(field.schema)
  const wherever = isKubernetes(owner) || field.presence === 'optional'
  if (kind === 'list') return wherever ? 'emptyList' : 'nothing'
  if (kind === 'map') return wherever ? 'emptyMap' : 'nothing'
  return field.presence === 'optional' ? 'zero' : 'nothing'
}

function isOmitted(omits: Slot['omits'], value: unknown): boolean {
  switch (omits) {
    case 'nothing':
      return false
    case 'zero':
      return value === '' || value === 0 || value === false
    case 'emptyList':
      return (value as readonly unknown[]).length === 0
    case 'emptyMap':
      for (const _ in value as Values) return false
      return true
  }
}

function takeMessage({ message, slots, byName }: Plan, value: unknown, context: Context): Values {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw Misfit.mismatch(foundIn(value), goType(message))
  if (++context.depth > maxDepth) throw Misfit.because('exceeded max depth')
  const input = value as Values
  const taken: unknown[] = new Array(slots.length).fill(undefined)
  for (const name in input) {
    const slot = byName.get(name)
    if (!slot) {
      if (context.unknown.length < context.limit) context.unknown.push(name)
      continue
    }
    const given = input[name]
    if (given === null || given === undefined) continue
    const before = context.unknown.length
    try {
      const normal = slot.take(given, context)
      if (!isOmitted(slot.omits, normal)) taken[slot.index] = normal
    } catch (error) {
      if (error instanceof Misfit) error.outOf(name, message.name)
      throw error
    }
    if (context.unknown.length !== before) stepOut(context.unknown, before, name)
  }
  context.depth--
  return finish(slots, taken)
}

function finish(slots: readonly Slot[], taken: readonly unknown[]): Values {
  const values: Values = {}
  for (let i = 0; i < slots.length; i++) {
    const { name, absent } = slots[i] as Slot
    const value = taken[i]
    if (value !== undefined) values[name] = value
    else if (absent) values[name] = absent()
  }
  return values
}

/** Puts a step in front of the paths collected since `from`. */
function stepOut(paths: string[], from: number, step: string): void {
  for (let i = from; i < paths.length; i++) {
    const path = paths[i] as string
    paths[i] = path.startsWith('[') ? step + path : `${step}.${path}`
  }
}

function takeOf(schema: AnySchema): Take {
  const resolved = resolve(schema)
  switch (resolved.kind) {
    case 'message':
      return resolved.choice ? choiceTaker(resolved) : decoderOf(resolved).take
    case 'list':
      return listTaker(resolved)
    case 'map':
      return mapTaker(resolved)
    default:
      return takeScalar[resolved.kind]
  }
}

/** What null stands for inside a list or map: Go's zero value of the item. */
function nullItem(schema: AnySchema): () => unknown {
  const resolved = resolve(schema)
  switch (resolved.kind) {
    case 'message':
      return resolved.choice ? () => null : decoderOf(resolved).empty
    case 'list':
      return () => []
    case 'map':
      return () => ({})
    case 'bytes':
      return () => ''
    default: {
      const zero = zeroScalar(resolved)
      return () => zero
    }
  }
}

function listTaker(list: ListSchema): Take {
  const take = takeOf(list.item)
  const zero = nullItem(list.item)
  return (value, context) => {
    if (!Array.isArray(value)) throw Misfit.mismatch(foundIn(value), goType(list))
    // Of the very length: lists that grow have room for more, and objects are kept for long.
    const items: unknown[] = new Array(value.length)
    for (let i = 0; i < value.length; i++) {
      const given: unknown = value[i]
      if (given === null || given === undefined) {
        items[i] = zero()
        continue
      }
      const before = context.unknown.length
      try {
        items[i] = take(given, context) ?? zero()
      } catch (error) {
        if (error instanceof Misfit) error.outOf(i)
        throw error
      }
      if (context.unknown.length !== before) stepOut(context.unknown, before, `[${i}]`)
    }
    return items
  }
}

function mapTaker(map: MapSchema): Take {
  const take = takeOf(map.value)
  const zero = nullItem(map.value)
  return (value, context) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw Misfit.mismatch(foundIn(value), goType(map))
    const input = value as Values
    const entries: Values = {}
    for (const key of sortedKeys(input)) {
      const given = input[key]
      const before = context.unknown.length
      try {
        setEntry(entries, key, given === null || given === undefined ? zero() : (take(given, context) ?? zero()))
      } catch (error) {
        if (error instanceof Misfit) error.outOf(key)
        throw error
      }
      if (context.unknown.length !== before) stepOut(context.unknown, before, key)
    }
    return entries
  }
}

/**
 * Unknown fields inside are dropped but not reported: upstream's own decoders of these types do not either. An empty
 * list is nothing, as in Go, where its message then has no field set.
 */
function choiceTaker(message: MessageSchema): Take {
  let takes: ReadonlyMap<string, Take> | undefined
  return (value, context) => {
    takes ??= new Map([...choiceForms(message)].map(([form, [, { schema }]]) => [form, takeOf(schema)]))
    const take = takes.get(formOf(value))
    if (!take) throw Misfit.mismatch(foundIn(value), goType(message))
    const before = context.unknown.length
    const taken = take(value, context)
    context.unknown.length = before
    return Array.isArray(taken) && taken.length === 0 ? undefined : taken
  }
}
