import type { ApiObject } from '../../machinery/object.js'
import type { Resource } from '../../machinery/resource.js'
import type { Kind } from '../../schema/index.js'
import type { Registry } from './registry.js'

/**
 * All resources being served, by group, version and plural name; and those that the server and its components work with
 * although they are not served.
 */
export class Registries {
  readonly #byPath = new Map<string, Registry>()
  readonly #unserved = new Map<string, Registry>()
  /** Those of built-in kinds, as far as they have been asked for. */
  readonly #byKind = new Map<unknown, Registry>()

  add(registry: Registry): void {
    this.#byKind.clear()
    const { gvk, plural } = registry.resource.kind
    this.#byPath.set(pathOf(gvk.group, gvk.version, plural), registry)
  }

  /** Adds what nobody outside of the process may ask for. */
  addUnserved(registry: Registry): void {
    const { gvk, plural } = registry.resource.kind
    this.#unserved.set(pathOf(gvk.group, gvk.version, plural), registry)
  }

  remove(registry: Registry): void {
    this.#byKind.clear()
    const { gvk, plural } = registry.resource.kind
    this.#byPath.delete(pathOf(gvk.group, gvk.version, plural))
  }

  find(group: string, version: string, plural: string): Registry | undefined {
    return this.#byPath.get(pathOf(group, version, plural))
  }

  findUnserved(group: string, version: string, plural: string): Registry | undefined {
    return this.#unserved.get(pathOf(group, version, plural))
  }

  /** The registry of a built-in kind, typed; served or not. */
  of<T extends ApiObject, I>(kind: Kind<T, I>): Registry<T> {
    let registry = this.#byKind.get(kind)
    if (!registry) {
      const { gvk, plural } = kind
      registry = this.find(gvk.group, gvk.version, plural) ?? this.findUnserved(gvk.group, gvk.version, plural)
      if (!registry) throw new Error(`${gvk.kind} is not served`)
      this.#byKind.set(kind, registry)
    }
    return registry as unknown as Registry<T>
  }

  all(): Registry[] {
    return [...this.#byPath.values()]
  }

  get resources(): Resource[] {
    return this.all().map(({ resource }) => resource)
  }
}

const pathOf = (group: string, version: string, plural: string): string => `${group}/${version}/${plural}`
