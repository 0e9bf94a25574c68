import type { ApiObject } from '../machinery/object.js'
import type { Index } from './controller.js'
import { controllerOf } from './owners.js'

type IndexKeys<T> = (object: T) => Iterable<string>

/** Objects of one kind by namespace and name, with indexes over them. It keeps the objects it is given, never copies. */
export class ObjectCache<T extends ApiObject> {
  readonly #namespaces = new Map<string, Map<string, T>>()
  readonly #indexes = new Map<IndexKeys<T>, Map<string, Set<T>>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  get(namespace: string, name: string): T | undefined {
    return this.#namespaces.get(namespace)?.get(name)
  }

  /** How many there are in a namespace. */
  count(namespace: string): number {
    return this.#namespaces.get(namespace)?.size ?? 0
  }

  /** Every object, or those of one namespace; in no particular order. */
  objects(namespace?: string): Iterable<T> {
    return namespace === undefined ? this.#everywhere() : (this.#namespaces.get(namespace)?.values() ?? [])
  }

  *#everywhere(): Iterable<T> {
    for (const objects of this.#namespaces.values()) yield* objects.values()
  }

  /** Takes in an object and returns the one it replaces. */
  put(object: T): T | undefined {
    const { namespace = '', name = '' } = object.metadata
    let objects = this.#namespaces.get(namespace)
    if (!objects) this.#namespaces.set(namespace, (objects = new Map()))
    const old = objects.get(name)
    objects.set(name, object)
    if (!old) this.#size++
    for (const [keys, found] of this.#indexes) {
      if (old) removeFrom(found, keys(old), old)
      addTo(found, keys(object), object)
    }
    return old
  }

  /** Forgets an object and returns it. */
  remove(namespace: string, name: string): T | undefined {
    const objects = this.#namespaces.get(namespace)
    const old = objects?.get(name)
    if (!objects || !old) return undefined
    objects.delete(name)
    if (objects.size === 0) this.#namespaces.delete(namespace)
    this.#size--
    for (const [keys, found] of this.#indexes) removeFrom(found, keys(old), old)
    return old
  }

  by(index: Pick<Index<T>, 'keys'>, key: string): readonly T[] {
    let found = this.#indexes.get(index.keys)
    if (!found) {
      found = new Map()
      for (const object of this.objects()) addTo(found, index.keys(object), object)
      this.#indexes.set(index.keys, found)
    }
    const objects = found.get(key)
    return objects ? [...objects] : []
  }

  ownedBy(uid: string): readonly T[] {
    return this.by(byController, uid)
  }
}

const byController = {
  keys: (object: ApiObject): Iterable<string> => {
    const owner = controllerOf(object)
    return owner ? [owner.uid] : []
  },
}

function addTo<T>(found: Map<string, Set<T>>, keys: Iterable<string>, object: T): void {
  for (const key of keys) {
    const objects = found.get(key)
    if (objects) objects.add(object)
    else found.set(key, new Set([object]))
  }
}

function removeFrom<T>(found: Map<string, Set<T>>, keys: Iterable<string>, object: T): void {
  for (const key of keys) {
    const objects = found.get(key)
    objects?.delete(object)
    if (objects?.size === 0) found.delete(key)
  }
}
