import { randomUUID } from 'node:crypto'
import { rfc3339 } from '../../machinery/clock.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import type { ApiObject } from '../../machinery/object.js'
import { keyOf } from '../../machinery/object.js'
import { copyField, type Resource } from '../../machinery/resource.js'
import {
  alreadyExists,
  type FieldError,
  invalid,
  isAlreadyExists,
  notFound,
  type ResourceName,
  StatusError,
} from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import { RevisionConflictError } from '../../storage/store.js'
import { type AdmissionRequest, allocateAll, mutateAll, settleAll, validateAll } from '../admission/admission.js'
import type { ObjectCache } from '../cache/resource-cache.js'
import type { StoredObject } from '../cache/stored-object.js'
import { type DeletionRequest, deletionOf } from './deletion.js'
import { KeptObjects, shown } from './kept-objects.js'
import { trackManagedFields } from './managed-fields.js'
import { dropRepeatedOwners, validateMetadata, validateMetadataUpdate } from './metadata.js'
import { nameSuffix } from './names.js'
import { checkDeletion, checkName, checkUpdate, nameOf, placeIn, versionOf } from './preconditions.js'
import type { RegistryHost } from './registry-host.js'
import type { Change, Deleted, TimeToLive, WriteContext, Written } from './write.js'

export type { RegistryHost } from './registry-host.js'
export type { Change, Deleted, TimeToLive, WriteContext, Written } from './write.js'

/** Names tried for a `generateName` before the client is told, as upstream has it. */
const maximumNames = 8

/** Reads and writes the objects of one resource: the one generic implementation behind every kind. */
export class Registry<T extends ApiObject = ApiObject> {
  readonly name: ResourceName
  /** Events sent to watchers, ever. */
  watchEvents = 0
  readonly #kept: KeptObjects<T>

  constructor(
    readonly resource: Resource<T>,
    readonly cache: ObjectCache<T>,
    readonly host: RegistryHost,
    timeToLive: TimeToLive<T> = () => undefined,
  ) {
    this.name = nameOf(this.#anyResource)
    this.#kept = new KeptObjects(this.name, resource, cache, host, timeToLive)
  }

  /** Throws NotFound. Shows every write that was answered before the call. */
  async get(namespace: string, name: string): Promise<StoredObject<T>> {
    const stored = await this.#kept.find(keyOf({ namespace, name }))
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
    placeIn(this.#anyResource, namespace, metadata)
    for (const text of dropRepeatedOwners(metadata)) context.warn(text)
    if (metadata.resourceVersion)
      throw new StatusError(500, '', 'resourceVersion should not be set on objects to be created')
    if (!managedFieldsKnown) {
      // What admission and strategies add from here on is nobody's doing.
      trackManagedFields(resource, undefined, draft, context, undefined, host.clock.now())
    }
    const generate = metadata.name ? '' : (metadata.generateName ?? '')
    const request = this.#admissionRequest('CREATE', '', namespace, metadata.name ?? '', draft, undefined, context)
    let written = false
    try {
      // Awaiting what nobody has to wait for has its price, and most creates wait for nothing but the store.
      const mutated = mutateAll(host.admission, request)
      if (mutated) await mutated
      // Nor may admission put it elsewhere than its creator may.
      placeIn(this.#anyResource, namespace, metadata)
      if (generate) metadata.name = nameSuffix(generate)
      this.#begin(metadata)
      resource.strategy.prepareForCreate?.(draft, { user: context.user, now: host.clock.now() })
      const allocated = allocateAll(host.admission, request)
      if (allocated) await allocated
      for (let names = 1; ; names++) {
        const { nameErrors, bareFinalizers } = resource.strategy
        const errors = validateMetadata(metadata, resource.kind.namespaced, nameErrors, bareFinalizers)
        if (resource.strategy.verify) errors.push(...(await resource.strategy.verify(draft as T)))
        if (resource.strategy.validate) errors.push(...resource.strategy.validate(draft as T))
        this.#check(errors, metadata.name ?? '')
        const validated = validateAll(host.admission, request)
        if (validated) await validated
        if (names === 1)
          for (const text of resource.strategy.warnings?.(draft as T, undefined) ?? []) context.warn(text)
        try {
          const stored = await this.#kept.insert(draft, context)
          written = true
          return stored
        } catch (error) {
          if (!generate || !isAlreadyExists(error)) throw error
          if (names === maximumNames) throw this.#namesExhausted(metadata.name ?? '')
          metadata.name = nameSuffix(generate)
        }
      }
    } finally {
      const settled = settleAll(host.admission, request, written)
      if (settled) await settled
    }
  }

  /** What a new object's metadata has from the server alone. */
  #begin(metadata: Draft<ApiObject['metadata']>): void {
    metadata.uid = randomUUID()
    metadata.creationTimestamp = rfc3339(this.host.clock.now())
    delete metadata.deletionTimestamp
    delete metadata.deletionGracePeriodSeconds
    delete metadata.selfLink
    if (this.resource.strategy.generation) metadata.generation = 1
    else delete metadata.generation
  }

  /** Replaces an object by what `change` makes of it. */
  async update(namespace: string, name: string, change: Change<T>, context: WriteContext): Promise<Written<T>> {
    const key = keyOf({ namespace, name })
    return this.#kept.raced(name, key, change.retry === true, () => {
      const current = this.cache.get(key)
      if (current) return this.#updateFrom(namespace, name, current, change, context)
      if (!change.create) throw notFound(this.name, name)
      return this.#createByUpdate(namespace, name, change, context)
    })
  }

  /** Deletes an object, or marks it deleted when an agent or a finalizer must act first. */
  async delete(namespace: string, name: string, request: DeletionRequest, context: WriteContext): Promise<Deleted<T>> {
    const key = keyOf({ namespace, name })
    return this.#kept.raced(name, key, false, async () => {
      const current = this.cache.get(key)
      if (!current) throw notFound(this.name, name)
      checkDeletion(this.#anyResource, name, current, request)
      const admission = this.#admissionRequest('DELETE', '', namespace, name, undefined, current.object, context)
      let written = false
      try {
        const mutated = mutateAll(this.host.admission, admission)
        if (mutated) await mutated
        const validated = validateAll(this.host.admission, admission)
        if (validated) await validated
        const step = deletionOf(this.resource, current.object, request, this.host.clock.now())
        if (step.type === 'pending') return { gone: false, stored: current }
        if (step.type === 'mark') {
          const stored = await this.#kept.replace(key, current, step.draft, context)
          written = true
          return { gone: false, stored }
        }
        const { last } = step
        const revision = await this.#kept.remove(key, current, context)
        written = true
        return {
          gone: true,
          // Made for those who look at what is gone: who deletes many at once does not.
          get stored() {
            return shown(last, revision)
          },
        }
      } finally {
        const settled = settleAll(this.host.admission, admission, written)
        if (settled) await settled
      }
    })
  }

  /** Whether an object is there but cannot be made out. */
  isUnreadable(namespace: string, name: string): boolean {
    return this.#kept.unreadableAt(keyOf({ namespace, name })) !== undefined
  }

  /** Removes what cannot be made out, without asking anybody: its finalizers and owners are not known. */
  async deleteUnreadable(namespace: string, name: string, { dryRun }: WriteContext): Promise<void> {
    const key = keyOf({ namespace, name })
    const revision = this.#kept.unreadableAt(key)
    if (revision === undefined) throw notFound(this.name, name)
    if (!dryRun) await this.host.feed.waitFor(await this.host.store.delete(this.cache.prefix + key, revision))
  }

  async #createByUpdate(
    namespace: string,
    name: string,
    change: Change<T>,
    context: WriteContext,
  ): Promise<Written<T>> {
    const draft = await change.apply(undefined)
    const metadata = draft.metadata as Draft<ApiObject['metadata']>
    checkName(metadata, name)
    checkUpdate(this.resource, this.cache.prefix, name, metadata, undefined, change)
    if (versionOf(metadata) !== undefined) throw notFound(this.name, name)
    delete metadata.resourceVersion
    try {
      return { stored: await this.create(namespace, draft, context, change.ownsManagedFields), created: true }
    } catch (error) {
      // Somebody else created it meanwhile: a lost race like any other.
      if (isAlreadyExists(error)) throw new RevisionConflictError(keyOf({ namespace, name }), undefined)
      throw error
    }
  }

  async #updateFrom(
    namespace: string,
    name: string,
    current: StoredObject<T>,
    change: Change<T>,
    context: WriteContext,
  ): Promise<Written<T>> {
    const { resource, host } = this
    const { view, seenAs } = change
    const old = current.object
    const applied = change.apply(old)
    const draft = applied instanceof Promise ? await applied : applied
    const metadata = draft.metadata as Draft<ApiObject['metadata']>
    placeIn(this.#anyResource, namespace, metadata)
    for (const text of dropRepeatedOwners(metadata)) context.warn(text)
    checkName(metadata, name)
    checkUpdate(resource, this.cache.prefix, name, metadata, current, change)
    const { deletionTimestamp, deletionGracePeriodSeconds } = metadata
    // Views leave alone what a deletion has set.
    const sent = view ? {} : { deletionTimestamp, deletionGracePeriodSeconds }
    for (const field of keptFields) copyField(metadata as Record<string, unknown>, old.metadata, field)
    if (change.direct) {
      metadata.resourceVersion = String(current.revision)
      return this.#store(current, draft, context)
    }
    if (!change.ownsManagedFields) trackManagedFields(resource, old, draft, context, view, host.clock.now())
    const whole = this.#admissionRequest('UPDATE', view?.name ?? '', namespace, name, draft, old, context)
    const request: AdmissionRequest = seenAs
      ? {
          ...whole,
          subresource: seenAs.subresource,
          object: seenAs.show(draft as T) as Draft<ApiObject>,
          old: seenAs.show(old),
        }
      : whole
    let written = false
    try {
      const mutated = mutateAll(host.admission, request)
      if (mutated) await mutated
      if (seenAs) seenAs.take(request.object as ApiObject, draft)
      const writer = { user: context.user, now: host.clock.now() }
      if (view) view.prepareForUpdate(draft, old, writer)
      else resource.strategy.prepareForUpdate?.(draft, old, writer)
      if (resource.strategy.generation && !countsAlike(draft, old, resource.strategy))
        metadata.generation = (old.metadata.generation ?? 0) + 1
      const allocated = allocateAll(host.admission, request)
      if (allocated) await allocated
      const looks = (view ?? resource.strategy).metadataLooks
      this.#check(
        [
          ...validateMetadataUpdate(metadata, old.metadata, looks, sent, resource.strategy.bareFinalizers),
          ...((view ? view.validateUpdate : resource.strategy.validateUpdate)?.(draft as T, old) ?? []),
        ],
        name,
      )
      const validated = validateAll(host.admission, request)
      if (validated) await validated
      for (const text of (view ?? resource.strategy).warnings?.(draft as T, old) ?? []) context.warn(text)
      metadata.resourceVersion = String(current.revision)
      const stored = await this.#store(current, draft, context)
      written = true
      return stored
    } finally {
      const settled = settleAll(host.admission, request, written)
      if (settled) await settled
    }
  }

  /**
   * Writes what has become of an object: nothing if neither it nor the form in which it is kept has changed, its removal
   * if nothing holds it any more.
   */
  async #store(current: StoredObject<T>, draft: Draft<T>, context: WriteContext): Promise<Written<T>> {
    const key = keyOf(current.object.metadata)
    if (jsonEqual(draft, current.object) && !(await this.#kept.isKeptOtherwise(key, current)))
      return { stored: current, created: false }
    if (!this.#released(draft as T))
      return { stored: await this.#kept.replace(key, current, draft, context), created: false }
    await this.#kept.remove(key, current, context)
    // Nothing was written that would have a version of its own.
    return { stored: shown(draft as T, current.revision), created: false }
  }

  /** Whether a deleted object is no longer held by anything. */
  #released(object: T): boolean {
    const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata
    return (
      deletionTimestamp !== undefined &&
      !deletionGracePeriodSeconds &&
      !finalizers?.length &&
      !this.resource.strategy.specFinalizers?.(object).length
    )
  }

  #namesExhausted(name: string): StatusError {
    const { code, reason, message, details } = alreadyExists(this.name, name)
    return new StatusError(
      code,
      reason,
      `${message}, the server was not able to generate a unique name for the object`,
      { ...details, retryAfterSeconds: 1 },
    )
  }

  #check(errors: readonly FieldError[], name: string): void {
    if (errors.length > 0) throw invalid(this.resource.kind.gvk, name, errors)
  }

  get #anyResource(): Resource {
    return this.resource as unknown as Resource
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
      resource: this.#anyResource,
      subresource,
      namespace,
      name,
      object: object as Draft<ApiObject> | undefined,
      old,
      user: context.user,
      dryRun: context.dryRun,
      warn: text => context.warn(text),
      annotate: context.annotate,
    }
  }
}

/** Metadata that no update changes, whatever it says. */
const keptFields = [
  'uid',
  'creationTimestamp',
  'generation',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
]

/** Whether two states of an object are the same in what the generation counts changes of. */
function countsAlike(
  one: object,
  other: object,
  { generationCountsStatus = false }: { readonly generationCountsStatus?: boolean },
): boolean {
  const left = one as { readonly [field: string]: unknown }
  const right = other as { readonly [field: string]: unknown }
  const counts = (field: string) => field !== 'metadata' && (field !== 'status' || generationCountsStatus)
  for (const field in left) if (counts(field) && !jsonEqual(left[field], right[field])) return false
  for (const field in right) if (counts(field) && left[field] === undefined && right[field] !== undefined) return false
  return true
}
