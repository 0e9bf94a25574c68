import type { ApiObject } from '../../machinery/object.js'

/**
 * One version of an object as the store has it. Its bytes are made once, when it is written or read from disk, and
 * every read path sends them as they are; the parsed form is made on first use and shared.
 *
 * The stored value is JSON that begins with `kind`, `apiVersion` and `metadata` and lacks the resource version, which
 * is only known once the store has taken the write; it is spliced in behind `"metadata":{`.
 */
export class StoredObject<T extends ApiObject = ApiObject> {
  /** The object as GET answers it. */
  readonly json: Buffer
  #metadataAt: number
  #object: T | undefined
  #frames: { [type: string]: Buffer } | undefined

  constructor(
    value: Uint8Array,
    readonly revision: number,
    object?: T,
  ) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    this.#metadataAt = bytes.indexOf(metadataKey)
    if (this.#metadataAt < 0) throw new Error('a stored object lacks its metadata')
    const splice = this.#metadataAt + metadataKey.length
    this.json = Buffer.concat([
      bytes.subarray(0, splice),
      Buffer.from(`"resourceVersion":"${revision}",`, 'latin1'),
      bytes.subarray(splice),
    ])
    this.#object = object
  }

  /** The object, shared and immutable. */
  get object(): T {
    return (this.#object ??= freeze(JSON.parse(this.json.toString()) as T))
  }

  /** As an item of a list: without `kind` and `apiVersion`, and without the opening brace. */
  get itemTail(): Buffer {
    return this.json.subarray(this.#metadataAt)
  }

  /** One line of a JSON watch. Shared by all watchers. */
  frame(type: 'ADDED' | 'MODIFIED' | 'DELETED'): Buffer {
    this.#frames ??= {}
    return (this.#frames[type] ??= Buffer.concat([
      Buffer.from(`{"type":"${type}","object":`, 'latin1'),
      this.json,
      frameEnd,
    ]))
  }

  /** The same object at another revision: what a deletion announces. */
  at(revision: number): StoredObject<T> {
    const { resourceVersion: _, ...metadata } = this.object.metadata
    return new StoredObject<T>(encodeForStore({ ...this.object, metadata }), revision)
  }
}

const metadataKey = Buffer.from('"metadata":{', 'latin1')
const frameEnd = Buffer.from('}\n', 'latin1')

/** The bytes that go to the store: `kind`, `apiVersion`, `metadata` first, without the resource version. */
export function encodeForStore(object: ApiObject): Buffer {
  const { kind, apiVersion, metadata, ...rest } = object
  const { resourceVersion: _, ...kept } = metadata
  return Buffer.from(JSON.stringify({ kind, apiVersion, metadata: kept, ...rest }))
}

const checked = process.env['NODE_ENV'] !== 'production'

/** Freezes deeply outside production, so that whoever changes a shared object hears of it at once. */
export function freeze<T>(value: T): T {
  if (checked) freezeDeep(value)
  return value
}

function freezeDeep(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const part of Object.values(value)) freezeDeep(part)
}
