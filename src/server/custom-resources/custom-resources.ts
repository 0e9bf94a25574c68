import { CustomResourceDefinition } from '../../api/apiextensions/v1/index.js'
import { APIService } from '../../api/apiregistration/v1/index.js'
import { type Clock, rfc3339 } from '../../machinery/clock.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import type { ViewSubresource } from '../../machinery/resource.js'
import { isNotFound } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import type { Registries } from '../registry/registries.js'
import type { Registry, RegistryHost } from '../registry/registry.js'
import { serverWriter } from '../registry/server-writer.js'
import type { AskWebhook } from './conversion.js'
import { cleanupFinalizer, isEstablished, namedStatus, withCondition } from './definition-status.js'
import { ServedDefinitions } from './served-definitions.js'
import { registerVersions } from './version-registration.js'

export interface CustomResourcesOptions {
  readonly registries: Registries
  readonly host: RegistryHost
  readonly clock: Clock
  readonly askWebhook: AskWebhook
  readonly onError: (error: unknown) => void
}

/** After a fault a definition is looked at again, in milliseconds. */
const retryAfter = 1000

/**
 * Makes CustomResourceDefinitions take effect: accepts their names, serves what is established, and removes the objects
 * of what is deleted. https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
 */
export class CustomResources {
  readonly #served: ServedDefinitions
  readonly #dirty = new Set<string>()
  readonly #timers = new Set<Disposable>()
  #working: Promise<void> | undefined
  #stopped = false

  constructor(private readonly options: CustomResourcesOptions) {
    const { registries, host, askWebhook } = options
    this.#served = new ServedDefinitions(
      registries,
      host,
      askWebhook,
      name => this.#gone(name),
      name => this.#isTerminating(name),
    )
  }

  /** Serves what is established, and follows the definitions until `signal` aborts. The caches must be loaded. */
  async start(signal: AbortSignal): Promise<void> {
    const { gvk, plural } = CustomResourceDefinition
    const { registries } = this.options
    if (!registries.find(gvk.group, gvk.version, plural)) return
    const { cache } = this.#definitions
    signal.addEventListener('abort', () => this.#stop(), { once: true })
    cache.observe(({ key, stored }) => {
      this.#mark(key)
      // A name that is given up may be what another definition of the group waits for.
      for (const other of cache.list())
        if (other.object.spec.group === stored.object.spec.group && !isEstablished(other.object))
          this.#mark(other.object.metadata.name ?? '')
    })
    // A registration that somebody has removed is made again.
    registries.of(APIService).cache.observe(({ type, stored }) => {
      if (type !== 'DELETED') return
      for (const { object } of cache.list())
        if (object.spec.group === stored.object.spec.group) this.#mark(object.metadata.name ?? '')
    })
    for (const { object } of cache.list()) {
      if (isEstablished(object)) await this.#served.serve(object)
      this.#mark(object.metadata.name ?? '')
    }
  }

  get #definitions(): Registry<CustomResourceDefinition> {
    return this.options.registries.of(CustomResourceDefinition)
  }

  #stop(): void {
    this.#stopped = true
    for (const timer of this.#timers) timer[Symbol.dispose]()
    this.#timers.clear()
  }

  #isTerminating(name: string): boolean {
    return this.#definitions.cache.get(name)?.object.metadata.deletionTimestamp !== undefined
  }

  #gone(name: string): void {
    if (this.#isTerminating(name)) this.#mark(name)
  }

  #mark(name: string): void {
    this.#dirty.add(name)
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
      if (this.#dirty.size > 0 && !this.#stopped) this.#mark([...this.#dirty][0] ?? '')
    })
  }

  async #work(): Promise<void> {
    // Not within the change that is being told.
    await Promise.resolve()
    for (const name of this.#dirty) {
      if (this.#stopped) return
      this.#dirty.delete(name)
      try {
        await this.#reconcile(name)
      } catch (error) {
        if (this.#stopped) return
        if (!isNotFound(error)) this.options.onError(error)
        this.#later(name)
      }
    }
  }

  #later(name: string): void {
    const timer = this.options.clock.after(retryAfter, () => {
      this.#timers.delete(timer)
      this.#mark(name)
    })
    this.#timers.add(timer)
  }

  async #reconcile(name: string): Promise<void> {
    const definition = this.#definitions.cache.get(name)?.object
    if (!definition) {
      const group = this.#served.withdraw(name)
      if (group !== undefined) await this.#register(group)
      return
    }
    if (definition.metadata.deletionTimestamp) return this.#cleanUp(definition)
    const others = this.#definitions.cache
      .list()
      .map(({ object }) => object)
      .filter(other => other.spec.group === definition.spec.group && other.metadata.name !== name)
    const now = rfc3339(this.options.clock.now())
    const status = namedStatus(definition, others, now)
    const next = { ...definition, status }
    // It is served before it says so: whoever waits for the condition finds it.
    if (isEstablished(next)) await this.#served.serve(next)
    if (!jsonEqual(status, definition.status))
      await this.#writeStatus(name, current => namedStatus(current, others, now))
    await this.#register(definition.spec.group)
  }

  #register(group: string): Promise<void> {
    return registerVersions(this.options.registries, group, this.#served.versionsOf(group), serverWriter)
  }

  async #writeStatus(
    name: string,
    statusOf: (current: CustomResourceDefinition) => CustomResourceDefinition['status'],
  ): Promise<void> {
    const view = this.#definitions.resource.subresources.find(
      (candidate): candidate is ViewSubresource<CustomResourceDefinition> => candidate.type === 'view',
    )
    await this.#definitions.update(
      '',
      name,
      {
        ...(view ? { view } : {}),
        retry: true,
        apply(current) {
          const draft = structuredClone(current) as Draft<CustomResourceDefinition>
          delete (draft.metadata as { resourceVersion?: string }).resourceVersion
          if (current) draft.status = structuredClone(statusOf(current)) as Draft<CustomResourceDefinition['status']>
          return draft
        },
      },
      serverWriter,
    )
  }

  /** Whoever waits for a definition to go learns that its objects go first. */
  async #tellOfCleanUp({ metadata: { name = '' }, status }: CustomResourceDefinition): Promise<void> {
    const reason = 'InstanceDeletionInProgress'
    if (status.conditions?.some(condition => condition.reason === reason)) return
    const now = rfc3339(this.options.clock.now())
    const condition = { type: 'Terminating', status: 'True', reason, message: 'CustomResource deletion is in progress' }
    await this.#writeStatus(name, current => ({
      ...current.status,
      conditions: withCondition(current.status.conditions, condition, now) as never,
    }))
  }

  /** Removes the objects of a deleted definition, then lets it go. */
  async #cleanUp(definition: CustomResourceDefinition): Promise<void> {
    const { name = '', finalizers = [] } = definition.metadata
    if (!finalizers.includes(cleanupFinalizer)) return
    await this.#tellOfCleanUp(definition)
    const storage = this.#served.storage(name)
    if (storage) {
      await storage.host.feed.consistent()
      for (const { object } of storage.cache.list()) {
        if (object.metadata.deletionTimestamp) continue
        await storage
          .delete(object.metadata.namespace ?? '', object.metadata.name ?? '', {}, serverWriter)
          .catch(error => {
            if (!isNotFound(error)) throw error
          })
      }
      // What finalizers hold goes in its own time; its going brings us back here.
      if (storage.cache.list().length > 0) return
    }
    const reason = storage ? 'InstanceDeletionCompleted' : 'NeverEstablished'
    const message = storage ? 'removed all instances' : 'resource was never established'
    const now = rfc3339(this.options.clock.now())
    await this.#definitions.update(
      '',
      name,
      {
        direct: true,
        retry: true,
        apply(current) {
          const draft = structuredClone(current) as Draft<CustomResourceDefinition>
          const metadata = draft.metadata as { finalizers?: string[]; resourceVersion?: string; generation?: number }
          delete metadata.resourceVersion
          metadata.finalizers = metadata.finalizers?.filter(finalizer => finalizer !== cleanupFinalizer) ?? []
          const conditions = withCondition(
            draft.status.conditions,
            { type: 'Terminating', status: 'False', reason, message },
            now,
          )
          draft.status = { ...draft.status, conditions: conditions as never }
          return draft
        },
      },
      serverWriter,
    )
  }
}
