import type { ObjectRef } from '../client/client.js'
import { type ApiObject, keyOf } from '../machinery/object.js'

/** Where objects are as the API server tells of them. */
export interface ObjectSource<T> {
  get(ref: ObjectRef): T | undefined
}

interface Assumed<T> {
  readonly object: T
  /** What the source told of when this was assumed: once it tells of another, that is newer. */
  readonly base: string | undefined
  readonly written: boolean
}

/**
 * Objects as they will be when what has been decided is written, so that the next decision counts with it. What the
 * source learns meanwhile is the truth, and ends an assumption.
 */
export class AssumedObjects<T extends ApiObject> implements ObjectSource<T> {
  readonly #assumed = new Map<string, Assumed<T>>()

  constructor(private readonly source: ObjectSource<T>) {}

  get(ref: ObjectRef): T | undefined {
    const known = this.source.get(ref)
    const key = keyOf(ref)
    const assumed = this.#assumed.get(key)
    if (!assumed) return known
    if (known && known.metadata.resourceVersion === assumed.base) return assumed.object
    this.#assumed.delete(key)
    return known
  }

  assume(object: T): void {
    this.#set(object, false)
  }

  /** The server has answered with this: it stays until the source tells of it. */
  wrote(object: T): void {
    const known = this.source.get(object.metadata)
    if (known && versionOf(known) < versionOf(object)) this.#set(object, true)
    else this.#assumed.delete(keyOf(object.metadata))
  }

  /** Takes an assumption back; what was written stays. */
  restore(ref: ObjectRef): void {
    const key = keyOf(ref)
    if (!this.#assumed.get(key)?.written) this.#assumed.delete(key)
  }

  #set(object: T, written: boolean): void {
    const base = this.source.get(object.metadata)?.metadata.resourceVersion
    this.#assumed.set(keyOf(object.metadata), { object, base, written })
  }
}

const versionOf = ({ metadata }: ApiObject): bigint => BigInt(metadata.resourceVersion || 0)
