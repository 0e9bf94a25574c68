import { randomUUID } from 'node:crypto'
import { type Clock, rfc3339 } from '../../machinery/clock.js'
import type { UserInfo } from '../../machinery/http.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import type { ApiObject } from '../../machinery/object.js'
import { keyOf } from '../../machinery/object.js'
import { copyField, type Resource, type ViewSubresource } from '../../machinery/resource.js'
import {
  alreadyExists,
  badRequest,
  conflict,
  type FieldError,
  invalid,
  notFound,
  type ResourceName,
  type StatusError,
  staleObject,
} from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import { KeyExistsError, RevisionConflictError, type Store } from '../../storage/store.js'
import type { AdmissionPlugin, AdmissionRequest } from '../admission/admission.js'
import type { ResourceCache } from '../cache/resource-cache.js'
import type { StoreFeed } from '../cache/store-feed.js'
import { encodeForStore, freeze, StoredObject } from '../cache/stored-object.js'
import { type DeletionRequest, type DeletionStep, deletionOf } from './deletion.js'
import { trackManagedFields } from './managed-fields.js'
import { validateMetadata, validateMetadataUpdate } from './metadata.js'
import { nameSuffix } from './names.js'

/** What all registries of a server share. */
export interface RegistryHost {
  readonly store: Store
  readonly feed: StoreFeed
  readonly clock: Clock
  readonly admission: readonly AdmissionPlugin[]
}

/** Who writes, and how. */
export interface WriteContext {
  readonly user: UserInfo
  /** The name under which managed fields are recorded. */
  readonly fieldManager: string
  readonly dryRun: boolean
  warn(text: string): void
}

/** Seconds after which the store forgets an object, for kinds that are not kept (events). */
export type TimeToLive<T extends ApiObject> = (object: T) => number | undefined

/** What an update does to the current object; called again with a newer one when a race is lost. */
export interface Change<T extends ApiObject> {
  /**
   * Makes the new object from the current one. The draft is the registry's to change. When there is none yet and the
   * resource may be created by update, `current` is undefined.
   */
  readonly apply: (current: T | undefined) => Draft<T> | Promise<Draft<T>>
  /** Writes through a view of the object instead of the object itself. */
  readonly view?: ViewSubresource<T>
  /** Managed fields are already worked out by the draft (server-side apply). */
  readonly ownsManagedFields?: boolean
  /** Lost races are retried with the newer object when the draft does not insist on a version. */
  readonly retry?: boolean
  /** A name that does not exist is created (apply; update where the resource allows it). */
  readonly create?: boolean
}

export interface Written<T extends ApiObject> {
  readonly stored: StoredObject<T>
  readonly created: boolean
}

export type Deleted<T extends ApiObject> =
  /** It is gone; the object as it was last. */
  | { readonly gone: true; readonly stored: StoredObject<T> }
  /** It lives on, marked deleted, until its agent and its finalizers are done. */
  | { readonly gone: false; readonly stored: StoredObject<T> }

/** Tries at a write that keeps losing races before the client is told. */
const maximumTries = 20

/** Reads and writes the objects of one resource: the one generic implementation behind every kind. */
export class Registry<T extends ApiObject = ApiObject> {
  readonly name: ResourceName

  constructor(
    readonly resource: Resource<T>,
    readonly cache: ResourceCache<T>,
    readonly host: RegistryHost,
    readonly timeToLive: TimeToLive<T> = () => undefined,
  ) {
    this.name = { group: resource.kind.gvk.group, plural: resource.kind.plural }
  }

  /** Throws NotFound. Shows every write that was answered before the call. */
  async get(namespace: string, name: string): Promise<StoredObject<T>> {
    await this.host.feed.consistent()
    const stored = this.cache.get(keyOf({ namespace, name }))
    if (!stored) throw notFound(this.name, name)
    return stored
  }

  async create(
    namespace: string,
    draft: Draft<T>,
    context: WriteContext,
    managedFieldsKnown = false,
  ): Promise<StoredObject<T>> {
    const { resource, host } = this
    const metadata = draft.metadata as Draft<ApiObject['metadata']>
    this.#placeIn(namespace, metadata)
    if (metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created')
    const generated = !metadata.name && metadata.generateName !== undefined && metadata.generateName !== ''
    const generate = metadata.generateName ?? ''
    if (generated) metadata.name = nameSuffix(generate)
    metadata.uid = randomUUID()
    metadata.creationTimestamp = rfc3339(host.clock.now())
    delete metadata.deletionTimestamp
    delete metadata.deletionGracePeriodSeconds
    delete metadata.selfLink
    if (resource.strategy.generation) metadata.generation = 1
    else delete metadata.generation
    if (!managedFieldsKnown) delete metadata.managedFields
    resource.strategy.prepareForCreate?.(draft)
    // What admission adds from here on is nobody's doing.
    if (!managedFieldsKnown) trackManagedFields(this.resource, undefined, draft, context, '', host.clock.now())

    const request = this.#admissionRequest('CREATE', '', namespace, metadata.name ?? '', draft, undefined, context)
    await this.#mutate(request)
    this.#check(
      [
        ...validateMetadata(metadata, resource.kind.namespaced, resource.strategy.nameErrors),
        ...(resource.strategy.validate?.(draft as T) ?? []),
      ],
      metadata.name ?? '',
    )
    await this.#validateAdmission(request)
    for (const text of resource.strategy.warnings?.(draft as T, undefined) ?? []) context.warn(text)
    return this.#insert(draft, context)
  }

  /** Replaces an object by what `change` makes of it. */
  async update(namespace: string, name: string, change: Change<T>, context: WriteContext): Promise<Written<T>> {
    await this.host.feed.consistent()
    const key = keyOf({ namespace, name })
    let current = this.cache.get(key)
    for (let tries = 1; ; tries++) {
      if (!current) {
        if (!change.create) throw notFound(this.name, name)
        const draft = await change.apply(undefined)
        if (draft.metadata.uid) throw this.#uidConflict(name, draft.metadata.uid, '')
        if (draft.metadata.resourceVersion) throw notFound(this.name, name)
        return { stored: await this.create(namespace, draft, context, change.ownsManagedFields), created: true }
      }
      const draft = await change.apply(current.object)
      const insists = draft.metadata.resourceVersion !== undefined && draft.metadata.resourceVersion !== ''
      const step = await this.#prepareUpdate(namespace, name, current, draft, change, context)
      if (step === 'unchanged') return { stored: current, created: false }
      try {
        if (step === 'remove') {
          const gone = await this.#remove(key, current, draft as T, context)
          return { stored: gone, created: false }
        }
        return { stored: await this.#replace(key, current, draft, context), created: false }
      } catch (error) {
        if (!(error instanceof RevisionConflictError)) throw error
        if (insists && !change.retry) throw staleObject(this.name, name)
        if (tries >= maximumTries) throw staleObject(this.name, name)
        current = await this.#fresh(error)
      }
    }
  }

  /** Deletes an object, or marks it deleted when an agent or a finalizer must act first. */
  async delete(namespace: string, name: string, request: DeletionRequest, context: WriteContext): Promise<Deleted<T>> {
    await this.host.feed.consistent()
    const key = keyOf({ namespace, name })
    let current = this.cache.get(key)
    for (let tries = 1; ; tries++) {
      if (!current) throw notFound(this.name, name)
      this.#checkPreconditions(name, current, request)
      const admission = this.#admissionRequest('DELETE', '', namespace, name, undefined, current.object, context)
      await this.#mutate(admission)
      await this.#validateAdmission(admission)
      const step: DeletionStep<T> = deletionOf(this.resource, current.object, request, this.host.clock.now())
      if (step.type === 'pending') return { gone: false, stored: current }
      try {
        if (step.type === 'remove')
          return { gone: true, stored: await this.#remove(key, current, current.object, context) }
        return { gone: false, stored: await this.#replace(key, current, step.draft, context) }
      } catch (error) {
        if (!(error instanceof RevisionConflictError)) throw error
        if (tries >= maximumTries) throw staleObject(this.name, name)
        current = await this.#fresh(error)
      }
    }
  }

  async #prepareUpdate(
    namespace: string,
    name: string,
    current: StoredObject<T>,
    draft: Draft<T>,
    change: Change<T>,
    context: WriteContext,
  ): Promise<'write' | 'unchanged' | 'remove'> {
    const { resource, host } = this
    const old = current.object
    const metadata = draft.metadata as Draft<ApiObject['metadata']>
    this.#placeIn(namespace, metadata)
    if (metadata.name !== name)
      throw badRequest(
        metadata.name
          ? `the name of the object (${metadata.name}) does not match the name on the URL (${name})`
          : `name must be provided`,
      )
    if (metadata.uid && metadata.uid !== old.metadata.uid)
      throw this.#uidConflict(name, metadata.uid, old.metadata.uid ?? '')
    if (metadata.resourceVersion && metadata.resourceVersion !== String(current.revision))
      throw staleObject(this.name, name)
    if (!metadata.resourceVersion && resource.strategy.unconditionalUpdate === false)
      throw invalid(resource.kind.gvk, name, [
        {
          reason: 'FieldValueInvalid',
          field: 'metadata.resourceVersion',
          message: 'Invalid value: 0: must be specified for an update',
        },
      ])
    const kept = metadata as Record<string, unknown>
    for (const field of [
      'uid',
      'creationTimestamp',
      'generation',
      'deletionTimestamp',
      'deletionGracePeriodSeconds',
      'selfLink',
    ])
      copyField(kept, old.metadata, field)
    if (change.view) change.view.prepareForUpdate(draft, old)
    else resource.strategy.prepareForUpdate?.(draft, old)
    if (resource.strategy.generation && !jsonEqual(withoutStatus(draft), withoutStatus(old)))
      metadata.generation = (old.metadata.generation ?? 0) + 1

    if (!change.ownsManagedFields)
      trackManagedFields(resource, old, draft, context, change.view?.name ?? '', host.clock.now())
    const request = this.#admissionRequest('UPDATE', change.view?.name ?? '', namespace, name, draft, old, context)
    await this.#mutate(request)
    this.#check(
      [
        ...validateMetadataUpdate(metadata, old.metadata),
        ...((change.view ? change.view.validateUpdate : resource.strategy.validateUpdate)?.(draft as T, old) ?? []),
      ],
      name,
    )
    await this.#validateAdmission(request)
    for (const text of resource.strategy.warnings?.(draft as T, old) ?? []) context.warn(text)
    metadata.resourceVersion = String(current.revision)
    if (jsonEqual(draft, old)) return 'unchanged'
    if (metadata.deletionTimestamp && (metadata.deletionGracePeriodSeconds ?? 0) === 0 && this.#released(draft as T))
      return 'remove'
    return 'write'
  }

  /** Nothing holds a deleted object any more. */
  #released(object: T): boolean {
    return (
      (object.metadata.finalizers?.length ?? 0) === 0 &&
      (this.resource.strategy.specFinalizers?.(object).length ?? 0) === 0
    )
  }

  async #insert(draft: Draft<T>, context: WriteContext): Promise<StoredObject<T>> {
    const object = draft as T
    const key = keyOf(object.metadata)
    const value = encodeForStore(object)
    if (context.dryRun) {
      if (this.cache.get(key)) throw alreadyExists(this.name, object.metadata.name ?? '')
      return new StoredObject<T>(value, 0)
    }
    this.host.feed.parsed.set(value, freeze(object))
    try {
      const ttlSeconds = this.timeToLive(object)
      const revision = await this.host.store.create(this.cache.prefix + key, value, ttlSeconds ? { ttlSeconds } : {})
      return await this.#seen(key, value, revision)
    } catch (error) {
      if (error instanceof KeyExistsError) throw alreadyExists(this.name, object.metadata.name ?? '')
      throw error
    }
  }

  async #replace(
    key: string,
    current: StoredObject<T>,
    draft: Draft<T>,
    context: WriteContext,
  ): Promise<StoredObject<T>> {
    const object = draft as T
    const value = encodeForStore(object)
    if (context.dryRun) return new StoredObject<T>(value, current.revision)
    this.host.feed.parsed.set(value, freeze(object))
    const ttlSeconds = this.timeToLive(object)
    const revision = await this.host.store.update(
      this.cache.prefix + key,
      value,
      current.revision,
      ttlSeconds ? { ttlSeconds } : {},
    )
    return this.#seen(key, value, revision)
  }

  async #remove(key: string, current: StoredObject<T>, last: T, context: WriteContext): Promise<StoredObject<T>> {
    if (context.dryRun) return current
    const revision = await this.host.store.delete(this.cache.prefix + key, current.revision)
    await this.host.feed.waitFor(revision)
    return new StoredObject<T>(encodeForStore(last), revision)
  }

  /** The write as the cache has it, so that its bytes are made once; or as written, if it is already history. */
  async #seen(key: string, value: Buffer, revision: number): Promise<StoredObject<T>> {
    await this.host.feed.waitFor(revision)
    const stored = this.cache.get(key)
    return stored?.revision === revision ? stored : new StoredObject<T>(value, revision)
  }

  /** What is there after a lost race; undefined if it was deleted. */
  async #fresh(error: RevisionConflictError): Promise<StoredObject<T> | undefined> {
    if (!error.current) {
      await this.host.feed.consistent()
      return this.cache.get(error.key.slice(this.cache.prefix.length))
    }
    await this.host.feed.waitFor(error.current.revision)
    return this.cache.get(error.key.slice(this.cache.prefix.length))
  }

  #placeIn(namespace: string, metadata: Draft<ApiObject['metadata']>): void {
    if (!this.resource.kind.namespaced) {
      if (metadata.namespace) throw badRequest('namespace is not allowed on this type')
      delete metadata.namespace
      return
    }
    if (metadata.namespace && metadata.namespace !== namespace)
      throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`)
    metadata.namespace = namespace
  }

  #checkPreconditions(name: string, current: StoredObject<T>, { preconditions }: DeletionRequest): void {
    if (preconditions?.uid !== undefined && preconditions.uid !== current.object.metadata.uid)
      throw this.#uidConflict(name, preconditions.uid, current.object.metadata.uid ?? '')
    if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== String(current.revision))
      throw conflict(
        this.name,
        name,
        `Precondition failed: ResourceVersion in precondition: ${preconditions.resourceVersion}, ResourceVersion in object meta: ${current.revision}`,
      )
  }

  #uidConflict(name: string, expected: string, actual: string): StatusError {
    return conflict(
      this.name,
      name,
      `Precondition failed: UID in precondition: ${expected}, UID in object meta: ${actual}`,
    )
  }

  #check(errors: readonly FieldError[], name: string): void {
    if (errors.length > 0) throw invalid(this.resource.kind.gvk, name, errors)
  }

  #admissionRequest(
    operation: AdmissionRequest['operation'],
    subresource: string,
    namespace: string,
    name: string,
    object: Draft<T> | undefined,
    old: T | undefined,
    context: WriteContext,
  ): AdmissionRequest {
    return {
      operation,
      resource: this.resource as unknown as Resource,
      subresource,
      namespace,
      name,
      object: object as Draft<ApiObject> | undefined,
      old,
      user: context.user,
      dryRun: context.dryRun,
      warn: text => context.warn(text),
    }
  }

  async #mutate(request: AdmissionRequest): Promise<void> {
    for (const plugin of this.host.admission) {
      const pending = plugin.mutate?.(request)
      if (pending) await pending
    }
  }

  async #validateAdmission(request: AdmissionRequest): Promise<void> {
    for (const plugin of this.host.admission) {
      const pending = plugin.validate?.(request)
      if (pending) await pending
    }
  }
}

function withoutStatus(object: object): object {
  const { metadata: _metadata, status: _status, ...rest } = object as { metadata?: unknown; status?: unknown }
  return rest
}
