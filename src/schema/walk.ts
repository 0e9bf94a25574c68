import type { AnySchema, Field, LazySchema, MessageSchema } from './types.js'

/** Any schema but a lazy one. */
export type ResolvedSchema = Exclude<AnySchema, LazySchema>

/** The schema itself, behind however many `lazy` there are. */
export function resolve(schema: AnySchema): ResolvedSchema {
  let resolved = schema
  while (resolved.kind === 'lazy') resolved = resolved.resolve()
  return resolved
}

/** A field as JSON shows it: fields of `inline` messages count as the parent's own. */
export interface JsonField {
  readonly name: string
  readonly field: Field<AnySchema>
  /** The message that declares the field: the one asked about, or one it inlines. */
  readonly owner: MessageSchema
}

interface Layout {
  readonly list: readonly JsonField[]
  readonly byName: ReadonlyMap<string, JsonField>
}

const layouts = new WeakMap<MessageSchema, Layout>()

/** Every JSON field of a message in the order JSON writes them: as declared, but an API kind leads with its identity. */
export const jsonFields = (message: MessageSchema): readonly JsonField[] => layoutOf(message).list

/** The JSON field called `name` with where it was declared, or undefined. */
export const jsonField = (message: MessageSchema, name: string): JsonField | undefined =>
  layoutOf(message).byName.get(name)

/** The field that JSON calls `name`, looking through `inline` fields; undefined if there is none. */
export const fieldOf = (message: MessageSchema, name: string): Field<AnySchema> | undefined =>
  layoutOf(message).byName.get(name)?.field

/** The message behind an `inline` field; a declaration that inlines anything else is a programming error. */
export function inlined(field: Field<AnySchema>, owner: MessageSchema, name: string): MessageSchema {
  const schema = resolve(field.schema)
  if (schema.kind !== 'message') throw new TypeError(`${owner.name}.${name}: only a message can be inlined`)
  return schema
}

function layoutOf(message: MessageSchema): Layout {
  let layout = layouts.get(message)
  if (!layout) {
    const fields: JsonField[] = []
    collect(message, fields)
    const leading = message.gvk ? ['kind', 'apiVersion', 'metadata'] : []
    const rank = ({ name }: JsonField) => (leading.includes(name) ? leading.indexOf(name) : leading.length)
    const list = fields.sort((a, b) => rank(a) - rank(b))
    layout = { list, byName: new Map(list.map(entry => [entry.name, entry])) }
    if (layout.byName.size !== list.length) throw new TypeError(`${message.name} declares a JSON field twice`)
    layouts.set(message, layout)
  }
  return layout
}

function collect(owner: MessageSchema, into: JsonField[]): void {
  for (const [name, field] of Object.entries(owner.fields)) {
    if (field.presence === 'inline') collect(inlined(field, owner, name), into)
    else into.push({ name, field, owner })
  }
}

/** The message and every message it refers to, directly or not, inlined ones included, each once. */
export function reachableMessages(message: MessageSchema): readonly MessageSchema[] {
  const found = new Set<MessageSchema>()
  const visit = (schema: AnySchema): void => {
    const resolved = resolve(schema)
    if (resolved.kind === 'list') visit(resolved.item)
    else if (resolved.kind === 'map') visit(resolved.value)
    else if (resolved.kind === 'message' && !found.has(resolved)) {
      found.add(resolved)
      for (const field of Object.values(resolved.fields)) visit(field.schema)
    }
  }
  visit(message)
  return [...found]
}
