import { compileShape } from '../../api/apiextensions/schema/shape.js'
import type { CustomResourceDefinition } from '../../api/apiextensions/v1/index.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Resource } from '../../machinery/resource.js'
import type { ResourceCache } from '../cache/resource-cache.js'
import type { Registries } from '../registry/registries.js'
import { Registry, type RegistryHost } from '../registry/registry.js'
import { type AskWebhook, formOf } from './conversion.js'
import { CustomCache } from './custom-cache.js'
import { customResource, folderOf, kindOfVersion, schemaOfVersion } from './custom-resource.js'

interface Served {
  readonly spec: CustomResourceDefinition['spec']
  readonly uid: string
  readonly cache: ResourceCache
  readonly registries: readonly Registry[]
  readonly storage: Registry
}

/** Keeps the server's registries in step with the definitions that are established. */
export class ServedDefinitions {
  readonly #served = new Map<string, Served>()

  constructor(
    private readonly registries: Registries,
    private readonly host: RegistryHost,
    private readonly ask: AskWebhook,
    /** Told when an object of a definition is gone. */
    private readonly onGone: (definition: string) => void,
    /** Whether a definition is being deleted. */
    private readonly isTerminating: (definition: string) => boolean,
  ) {}

  /** The objects of a definition in the version they are stored in; undefined if it is not served. */
  storage(name: string): Registry | undefined {
    return this.#served.get(name)?.storage
  }

  /** The versions of a group that some definition serves. */
  versionsOf(group: string): ReadonlySet<string> {
    const groups = [...this.#served.values()].filter(({ spec }) => spec.group === group)
    return new Set(groups.flatMap(({ spec }) => spec.versions.filter(({ served }) => served).map(({ name }) => name)))
  }

  /** Serves a definition as it is now. */
  async serve(definition: CustomResourceDefinition): Promise<void> {
    const { name = '', uid = '' } = definition.metadata
    const before = this.#served.get(name)
    if (before && before.uid === uid && jsonEqual(before.spec, definition.spec)) return
    const cache = before?.cache ?? (await this.#load(definition, name))
    const registries = this.#registriesOf(definition, cache)
    for (const registry of before?.registries ?? []) this.registries.remove(registry)
    for (const { registry, served } of registries) if (served) this.registries.add(registry)
    const storage = registries.find(({ stored }) => stored)?.registry
    if (!storage) throw new Error(`${name} has no storage version`)
    this.#served.set(name, {
      spec: definition.spec,
      uid,
      cache,
      registries: registries.flatMap(({ registry, served }) => (served ? [registry] : [])),
      storage,
    })
    // Whoever watches begins anew, with today's schema.
    if (before) cache.closeWatchers()
  }

  /** Serves a definition no longer; answers the group that it was of, if it was served. */
  withdraw(name: string): string | undefined {
    const served = this.#served.get(name)
    if (!served) return undefined
    this.#served.delete(name)
    for (const registry of served.registries) this.registries.remove(registry)
    this.host.feed.remove(served.cache)
    return served.spec.group
  }

  async #load(definition: CustomResourceDefinition, name: string): Promise<ResourceCache> {
    const cache = await this.host.feed.addLate(folderOf(definition))
    cache.observe(({ type }) => {
      if (type === 'DELETED') this.onGone(name)
    })
    return cache
  }

  #registriesOf(definition: CustomResourceDefinition, cache: ResourceCache) {
    const { versions } = definition.spec
    const kinds = versions.map(version => kindOfVersion(definition, version))
    const storageKind = kinds[versions.findIndex(({ storage }) => storage)]
    if (!storageKind) throw new Error(`${definition.metadata.name} has no storage version`)
    return versions.flatMap((version, i) => {
      const kind = kinds[i]
      if (!kind || !(version.served || version.storage)) return []
      const form = formOf(definition, kind, storageKind, compileShape(schemaOfVersion(version), true), this.ask)
      const declared = customResource(definition, version, kind, () =>
        this.isTerminating(definition.metadata.name ?? ''),
      )
      const resource: Resource = version.storage
        ? declared
        : {
            ...declared,
            storedAs: {
              kind: storageKind,
              read: form.convert,
              write: form.write,
              ...(form.askToWrite ? { ask: form.askToWrite } : {}),
            },
          }
      const others = kinds.filter(other => other !== kind)
      const registry = new Registry<ApiObject>(
        others.length > 0 ? { ...resource, otherVersions: others } : resource,
        new CustomCache(cache, form),
        this.host,
      )
      return [{ registry, served: version.served, stored: version.storage }]
    })
  }
}
