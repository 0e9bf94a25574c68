import { jsonEqual } from '../json-equal.js'
import {
  type ApplyType,
  deduce,
  deduced,
  fieldElement,
  fieldType,
  itemElement,
  type KeyedType,
  keyValue,
  structField,
  valueElement,
} from './apply-type.js'
import { type FieldSet, FieldSetBuilder, leaf } from './field-set.js'

/** What became of the fields of an object. */
export interface Changes {
  /** Added or modified. */
  readonly changed: FieldSet | undefined
  readonly removed: FieldSet | undefined
}

type Values = { readonly [name: string]: unknown }
type Items = readonly unknown[]

const leafChanged: Changes = { changed: leaf, removed: undefined }
const leafRemoved: Changes = { changed: undefined, removed: leaf }

const isEmpty = (value: unknown): boolean => {
  if (value === undefined || value === null) return true
  if (Array.isArray(value)) return value.length === 0
  for (const _ in value as object) return false
  return true
}

/**
 * Compares two values of a type in one walk; undefined if nothing changed. Undefined stands for a value that is absent,
 * and shared parts cost nothing.
 */
export function compare(before: unknown, after: unknown, type: ApplyType): Changes | undefined {
  if (before === after) return undefined
  if (before === undefined) {
    const changed = added(after, type)
    return changed === leaf ? leafChanged : changed && { changed, removed: undefined }
  }
  switch (type.kind) {
    case 'ignored':
      return undefined
    case 'scalar':
    case 'atomic':
    case 'list':
      return compareLeaf(before, after)
    case 'deduced':
      return compareDeduced(before, after)
    case 'struct':
    case 'map':
      if (isEmpty(before) && isEmpty(after)) return compareLeaf(before, after)
      return compareFields(before, after, type)
    case 'keyed':
      if (isEmpty(before) && isEmpty(after)) return compareLeaf(before, after)
      return compareKeyed(before, after, type)
    default:
      if (isEmpty(before) && isEmpty(after)) return compareLeaf(before, after)
      return compareSet(before, after)
  }
}

/** The fields of a value that comes where there was none; undefined if they are nobody's. */
function added(value: unknown, type: ApplyType): FieldSet | undefined {
  switch (type.kind) {
    case 'ignored':
      return undefined
    case 'scalar':
    case 'atomic':
    case 'list':
      return leaf
    case 'deduced':
      return added(value, deduce(value))
    case 'struct': {
      const builder = new FieldSetBuilder()
      const fields = asValues(value)
      for (const name in fields) {
        const held = fields[name]
        if (held === undefined) continue
        const field = structField(type, name)
        const set = added(held, field?.type ?? deduced)
        if (set) builder.add(field?.element ?? fieldElement(name), set)
      }
      return builder.build(true) ?? leaf
    }
    case 'map': {
      const builder = new FieldSetBuilder()
      const entries = asValues(value)
      for (const key in entries) {
        const held = entries[key]
        const set = held === undefined ? undefined : added(held, type.value)
        if (set) builder.add(fieldElement(key), set)
      }
      return builder.build(true) ?? leaf
    }
    case 'keyed':
      return addedItems(asItems(value), item => itemElement(type, item), type.item, true) ?? leaf
    default:
      return addedItems(asItems(value), valueElement, itemOfSet, true) ?? leaf
  }
}

/** `member`: the list itself is new, too. */
function addedItems(
  items: Items,
  elementOf: (item: unknown) => string,
  type: ApplyType,
  member: boolean,
): FieldSet | undefined {
  const builder = new FieldSetBuilder()
  const elements = items.map(elementOf)
  if (elements.length < 2 || new Set(elements).size === elements.length)
    for (let i = 0; i < elements.length; i++) {
      const set = added(items[i], type)
      if (set) builder.add(elements[i] as string, set)
    }
  else
    for (const [element, alike] of grouped(items, elementOf)) {
      // Items that share an identity cannot be told apart.
      const set = alike.length > 1 ? leaf : added(alike[0], type)
      if (set) builder.add(element, set)
    }
  return builder.build(member)
}

const itemOfSet: ApplyType = { kind: 'scalar', accepts: 'any' }

function compareLeaf(before: unknown, after: unknown): Changes | undefined {
  if (after === undefined) return leafRemoved
  return before !== undefined && jsonEqual(before, after) ? undefined : leafChanged
}

function compareDeduced(before: unknown, after: unknown): Changes | undefined {
  const left = deduce(before, after)
  const right = deduce(after, before)
  if (left.kind === right.kind) return compare(before, after, right)
  // What changes its nature goes away as one thing and comes back as another.
  const gone = compare(before, undefined, left)
  const come = compare(undefined, after, right)
  return { changed: come?.changed, removed: gone?.removed }
}

const asValues = (value: unknown): Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Values) : none
const none: Values = {}
const asItems = (value: unknown): Items => (Array.isArray(value) ? value : noItems)
const noItems: Items = []

/** Collects what changed below a node. */
class Collector {
  #changed: FieldSetBuilder | undefined
  #removed: FieldSetBuilder | undefined

  add(element: string, changes: Changes | undefined): void {
    if (changes?.changed) (this.#changed ??= new FieldSetBuilder()).add(element, changes.changed)
    if (changes?.removed) (this.#removed ??= new FieldSetBuilder()).add(element, changes.removed)
  }

  finish(before: unknown, after: unknown): Changes | undefined {
    const changed = before === undefined ? (this.#changed?.build(true) ?? leaf) : this.#changed?.build(false)
    const removed = after === undefined ? (this.#removed?.build(true) ?? leaf) : this.#removed?.build(false)
    return changed || removed ? { changed, removed } : undefined
  }
}

function compareFields(
  before: unknown,
  after: unknown,
  type: Extract<ApplyType, { kind: 'struct' | 'map' }>,
): Changes | undefined {
  const left = asValues(before)
  const right = asValues(after)
  let collector: Collector | undefined
  for (const name in right) {
    const now = right[name]
    const then = Object.hasOwn(left, name) ? left[name] : undefined
    if (now === then) continue
    const changes = compare(then, now, type.kind === 'map' ? type.value : (fieldType(type, name) ?? deduced))
    if (changes) (collector ??= new Collector()).add(fieldElement(name), changes)
  }
  for (const name in left) {
    const then = left[name]
    if (then === undefined || Object.hasOwn(right, name)) continue
    const changes = compare(then, undefined, type.kind === 'map' ? type.value : (fieldType(type, name) ?? deduced))
    if (changes) (collector ??= new Collector()).add(fieldElement(name), changes)
  }
  if (!collector && before !== undefined && after !== undefined) return undefined
  return (collector ?? new Collector()).finish(before, after)
}

function compareKeyed(before: unknown, after: unknown, type: KeyedType): Changes | undefined {
  const left = asItems(before)
  const right = asItems(after)
  const elementOf = (item: unknown): string => itemElement(type, item)
  if (left.length === 0 && before !== undefined && after !== undefined) {
    const changed = addedItems(right, elementOf, type.item, false)
    return changed && { changed, removed: undefined }
  }
  const collector = new Collector()
  if (left.length === right.length && left.every((item, index) => sameKeys(type, item, right[index]))) {
    for (let index = 0; index < right.length; index++) {
      const changes = compare(left[index], right[index], type.item)
      if (changes) collector.add(itemElement(type, right[index]), changes)
    }
  } else {
    comparePaired(left, right, elementOf, type.item, collector)
  }
  return collector.finish(before, after)
}

function compareSet(before: unknown, after: unknown): Changes | undefined {
  const collector = new Collector()
  comparePaired(asItems(before), asItems(after), valueElement, itemOfSet, collector)
  return collector.finish(before, after)
}

function sameKeys(type: KeyedType, a: unknown, b: unknown): boolean {
  if (a === b) return true
  for (const key of type.keys) if (keyValue(key, a) !== keyValue(key, b)) return false
  return true
}

function comparePaired(
  left: Items,
  right: Items,
  elementOf: (item: unknown) => string,
  type: ApplyType,
  collector: Collector,
): void {
  const before = grouped(left, elementOf)
  const after = grouped(right, elementOf)
  for (const [element, items] of after) {
    const previous = before.get(element) ?? noItems
    // Items that share an identity cannot be told apart: they change together.
    if (items.length > 1 || previous.length > 1) collector.add(element, compareLeaf(previous, items))
    else collector.add(element, compare(previous[0], items[0], type))
  }
  for (const [element, items] of before) {
    if (after.has(element)) continue
    collector.add(element, items.length > 1 ? leafRemoved : compare(items[0], undefined, type))
  }
}

function grouped(items: Items, elementOf: (item: unknown) => string): Map<string, unknown[]> {
  const groups = new Map<string, unknown[]>()
  for (const item of items) {
    const element = elementOf(item)
    const group = groups.get(element)
    if (group) group.push(item)
    else groups.set(element, [item])
  }
  return groups
}
