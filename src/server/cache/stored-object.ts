import { managedFieldsText } from '../../machinery/apply/index.js'
import type { ApiObject } from '../../machinery/object.js'
import { exactJson, parseExactJson } from '../../schema/index.js'

/**
 * One version of an object as the store has it. Its bytes are made once, when it is written or read from disk, and
 * every read path sends them as they are; the parsed form is made on first use and shared.
 *
 * The stored value is JSON that begins with `kind`, `apiVersion` and `metadata` and lacks the resource version, which
 * is only known once the store has taken the write; it is spliced in behind `"metadata":{`.
 */
export class StoredObject<T extends ApiObject = ApiObject> {
  #line: Buffer | undefined
  /** Where `"metadata":{` begins, and where what follows the resource version does. */
  #metadataAt = 0
  #restAt = 0
  #object: T | undefined

  /**
   * Of bytes, or of an object alone: its bytes are made when somebody wants them. `revision` 0 is that of an object that
   * was not stored (a dry run): it has no resource version.
   */
  constructor(value: Uint8Array, revision: number, object?: T)
  constructor(value: undefined, revision: number, object: T)
  constructor(
    value: Uint8Array | undefined,
    readonly revision: number,
    object?: T,
  ) {
    if (value) this.#line = this.#lineOf(value)
    this.#object = object
  }

  /** The object as GET answers it, with a newline behind it. */
  get line(): Buffer {
    return (this.#line ??= this.#lineOf(encodeForStore(this.object)))
  }

  /** The object, shared and immutable. */
  get object(): T {
    return (this.#object ??= freeze(parseExactJson(this.json.toString()) as T))
  }

  /** The object as JSON. */
  get json(): Buffer {
    return this.line.subarray(0, -1)
  }

  /** As an item of a list: without `kind` and `apiVersion`, and without the opening brace. */
  get itemTail(): Buffer {
    const { line } = this
    return line.subarray(this.#metadataAt, -1)
  }

  /** The same object at another revision: what a deletion announces. */
  at(revision: number): StoredObject<T> {
    const { line } = this
    const splice = this.#metadataAt + metadataKey.length
    const value = Buffer.concat([line.subarray(0, splice), line.subarray(this.#restAt, -1)])
    return new StoredObject<T>(value, revision, this.#object && withRevision(this.#object, revision))
  }

  #lineOf(value: Uint8Array): Buffer {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    this.#metadataAt = bytes.indexOf(metadataKey)
    if (this.#metadataAt < 0) throw new Error('a stored object lacks its metadata')
    const splice = this.#metadataAt + metadataKey.length
    const version = this.revision === 0 ? '' : `"resourceVersion":"${this.revision}",`
    this.#restAt = splice + version.length
    // Not from Buffer's pool: objects live long, and one of them would keep a whole slab of the pool alive.
    const line = Buffer.allocUnsafeSlow(bytes.length + version.length + 1)
    bytes.copy(line, 0, 0, splice)
    line.write(version, splice, 'latin1')
    bytes.copy(line, this.#restAt, splice)
    line[line.length - 1] = newline
    return line
  }
}

const newline = 0x0a
const metadataKey = Buffer.from('"metadata":{', 'latin1')

/** A copy that is being put together. */
interface Members {
  [name: string]: unknown
}

/** The object as it is read back from the store at `revision`. */
export function withRevision<T extends ApiObject>(object: T, revision: number): T {
  // Members are assigned, since V8 takes several times as long for members that follow `...` in a literal.
  const metadata: Members = { ...object.metadata }
  if (revision > 0) metadata['resourceVersion'] = String(revision)
  else delete metadata['resourceVersion']
  const copy: Members = { ...(object as object) }
  copy['metadata'] = metadata
  return freeze(copy as unknown as T)
}

/**
 * The bytes of an object on their way through the store. They know what they were made of, so that the cache that gets
 * them back need not parse them, and then what the cache has made of them, so that the writer need not look for it.
 * Either is taken once, since a store may keep the bytes for long.
 */
export interface EncodedObject<T extends ApiObject = ApiObject> extends Buffer {
  source?: T | undefined
  stored?: StoredObject<T> | undefined
}

/** The bytes that go to the store: `kind`, `apiVersion`, `metadata` first, without the resource version. */
export function encodeForStore<T extends ApiObject>(object: T): EncodedObject<T> {
  const { managedFields } = object.metadata
  const metadata: Members = { ...object.metadata }
  // Assigned, and only where there is something, since that is quickest. What is undefined is not written.
  if (metadata['resourceVersion'] !== undefined) metadata['resourceVersion'] = undefined
  if (managedFields !== undefined) metadata['managedFields'] = undefined
  // Up to where metadata ends: there go managed fields, the JSON of which many objects have in common.
  let text = JSON.stringify({ kind: object.kind, apiVersion: object.apiVersion, metadata }).slice(0, -2)
  if (managedFields) text += `${text.endsWith('{') ? '' : ','}"managedFields":${managedFieldsText(managedFields)}`
  text += '}'
  for (const [name, value] of Object.entries(object)) {
    if (name === 'kind' || name === 'apiVersion' || name === 'metadata' || value === undefined) continue
    text += `,${JSON.stringify(name)}:${exactJson(value)}`
  }
  const encoded: EncodedObject<T> = Buffer.from(`${text}}`)
  encoded.source = object
  return encoded
}

const checked = process.env['NODE_ENV'] !== 'production'

/** Freezes deeply outside production, so that whoever changes a shared object hears of it at once. */
function freeze<T>(value: T): T {
  if (checked) freezeDeep(value)
  return value
}

function freezeDeep(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const part of Object.values(value)) freezeDeep(part)
}
