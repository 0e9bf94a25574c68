import { decodeJson } from '../../schema/json.js'
import type { AnySchema, MessageSchema } from '../../schema/types.js'
import { resolve } from '../../schema/walk.js'
import { objectTypeOf } from './apply-type.js'
import { type Changes, compare } from './compare.js'
import { difference, type FieldSet, FieldSetBuilder, leaf, union, without } from './field-set.js'
import { isShared } from './field-set-builder.js'

/** A kind of object whose fields are managed. */
export interface ManagedType {
  /** Undefined: nothing is known, types are deduced from the values. */
  readonly schema: AnySchema | undefined
  /** `v1`, `apps/v1`. */
  readonly apiVersion: string
  /** Fields that this way of writing never changes (status of the main resource, spec of its status): see `fieldsAt`. */
  readonly resetFields?: FieldSet
  /**
   * How objects look in another version, for entries written through it. Undefined: as in this one. Only needed where
   * versions name fields differently.
   */
  readonly versions?: (apiVersion: string) => VersionView | undefined
}

export interface VersionView {
  readonly schema: AnySchema | undefined
  readonly convert: (object: unknown) => unknown
}

const empties = new WeakMap<AnySchema, object>()

/** An object of the kind with nothing set, against which a create is compared. */
export function emptyObject(schema: AnySchema | undefined): object {
  if (!schema) return {}
  let empty = empties.get(schema)
  if (!empty) {
    const resolved = resolve(schema)
    empty = resolved.kind === 'message' ? (decodeJson(resolved as MessageSchema<object>, {}) as object) : {}
    empties.set(schema, empty)
  }
  return empty
}

/** Having metadata is nobody's doing: no manager owns it, and it stays when nothing in it is owned. */
export const unowned: FieldSet = { 'f:metadata': leaf }

const ownables = new WeakMap<FieldSet, WeakMap<FieldSet, FieldSet | undefined>>()

/** What of the fields can be managed at all. */
export function ownable(fields: FieldSet | undefined, { resetFields = leaf }: ManagedType): FieldSet | undefined {
  if (!fields) return undefined
  let known = ownables.get(resetFields)
  if (!known) ownables.set(resetFields, (known = new WeakMap()))
  if (known.has(fields)) return known.get(fields)
  const named = Object.hasOwn(fields, 'f:metadata') ? difference(fields, unowned) : fields
  const found = resetFields === leaf ? named : without(named, resetFields)
  if (isShared(fields)) known.set(fields, found)
  return found
}

/** The object with those of its fields as they were that are never changed as a whole: they need not be compared. */
function withKept(before: unknown, after: unknown, { resetFields = leaf }: ManagedType): unknown {
  let kept: Record<string, unknown> | undefined
  for (const element in resetFields) {
    const name = element.slice(fieldPrefix.length)
    if (resetFields[element] !== leaf || !element.startsWith(fieldPrefix)) continue
    kept ??= { ...(after as object) }
    kept[name] = (before as Record<string, unknown> | undefined)?.[name]
  }
  return kept ?? after
}

const fieldPrefix = 'f:'

/** What a write changed that can be managed; undefined if nothing. */
export function changesOf(before: unknown, after: unknown, type: ManagedType): Changes | undefined {
  const changes = compare(before, withKept(before, after, type), objectTypeOf(type.schema))
  if (!changes) return undefined
  const changed = ownable(changes.changed, type)
  const removed = ownable(changes.removed, type)
  return changed || removed ? { changed, removed } : undefined
}

/** What a write changed as an entry of another version sees it. */
export class ChangesByVersion {
  // A new object has no entries that anybody would ask about.
  #found: Map<string, Touched> | undefined

  constructor(
    private readonly before: unknown,
    private readonly after: unknown,
    private readonly type: ManagedType,
    readonly here: Changes | undefined,
  ) {}

  /** What entries of this version lose to the writer. */
  at(apiVersion: string): Touched {
    this.#found ??= new Map()
    let found = this.#found.get(apiVersion)
    if (!found) {
      const view = apiVersion === this.type.apiVersion ? undefined : this.type.versions?.(apiVersion)
      found = view
        ? touched(
            changesOf(view.convert(this.before), view.convert(this.after), {
              ...this.type,
              schema: view.schema,
              apiVersion,
            }),
          )
        : touched(this.here)
      this.#found.set(apiVersion, found)
    }
    return found
  }
}

export interface Touched {
  readonly changed: FieldSet | undefined
  /** Changed and removed. */
  readonly all: FieldSet | undefined
}

const touched = (changes: Changes | undefined): Touched => ({
  changed: changes?.changed,
  all: union(changes?.changed, changes?.removed),
})

/** The set of these fields, given by their dotted paths: `fieldsAt('status', 'metadata.ownerReferences')`. */
export function fieldsAt(...paths: readonly string[]): FieldSet {
  let set: FieldSet | undefined
  for (const path of paths) {
    const one = path.split('.').reduceRight<FieldSet>((child, name) => {
      const builder = new FieldSetBuilder()
      builder.add(`f:${name}`, child)
      return builder.build(false) ?? child
    }, leaf)
    set = union(set, one)
  }
  return set ?? leaf
}
