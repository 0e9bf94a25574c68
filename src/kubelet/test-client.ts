import type {
  Client,
  DeleteOptions,
  ListOptions,
  ObjectRef,
  Patch,
  WatchEvent,
  WatchOptions,
} from '../client/client.js'
import { rfc3339 } from '../machinery/clock.js'
import { type ApiObject, keyOf } from '../machinery/object.js'
import { alreadyExists, conflict, notFound, serviceUnavailable } from '../machinery/status-error.js'
import type { Kind } from '../schema/index.js'

/** A request that reached the fake, for tests to look at. */
export interface FakeRequest {
  readonly verb: string
  readonly plural: string
  readonly key: string
  readonly body?: unknown
}

type Json = { [key: string]: unknown }
type AnyKind = Pick<Kind<ApiObject>, 'gvk' | 'plural'>

/**
 * An API server in memory for the tests of components: objects by kind, watches, field selectors on a path, patches
 * (merge, and strategic as far as pod statuses need it), graceful deletion of pods. No validation, no defaults.
 */
export class FakeClient implements Client {
  readonly requests: FakeRequest[] = []
  /** While set, every request fails as if the server could not be reached. */
  down = false
  readonly #objects = new Map<string, Map<string, ApiObject>>()
  readonly #watchers = new Set<{ readonly plural: string; readonly push: (event: WatchEvent<ApiObject>) => void }>()
  readonly #answers = new Map<string, (ref: ObjectRef, body: unknown) => unknown>()
  #version = 100
  #uid = 0

  /** Puts an object there, as if it had been created or changed by somebody else. */
  put<T extends ApiObject, I>(kind: Kind<T, I>, object: T): T {
    const key = keyOf(object.metadata)
    const old = this.#map(kind).get(key)
    const uid = object.metadata.uid ?? old?.metadata.uid ?? `uid-${++this.#uid}`
    const stored = {
      ...object,
      metadata: {
        creationTimestamp: rfc3339(Date.now()),
        ...object.metadata,
        uid,
        resourceVersion: String(++this.#version),
      },
    }
    this.#map(kind).set(key, stored)
    this.#tell(kind, old ? 'MODIFIED' : 'ADDED', stored)
    return stored
  }

  /** Takes an object away at once. */
  remove<T extends ApiObject, I>(kind: Kind<T, I>, ref: ObjectRef): void {
    const object = this.#map(kind).get(keyOf(ref))
    if (!object) return
    this.#map(kind).delete(keyOf(ref))
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) }
    this.#tell(kind, 'DELETED', { ...object, metadata })
  }

  /** What a POST to a subresource answers. */
  answer(plural: string, subresource: string, make: (ref: ObjectRef, body: unknown) => unknown): void {
    this.#answers.set(`${plural}/${subresource}`, make)
  }

  peek<T extends ApiObject, I>(kind: Kind<T, I>, ref: ObjectRef): T | undefined {
    return this.#map(kind).get(keyOf(ref)) as T | undefined
  }

  all<T extends ApiObject, I>(kind: Kind<T, I>): readonly T[] {
    return [...this.#map(kind).values()] as unknown as readonly T[]
  }

  async get<T extends ApiObject, I>(kind: Kind<T, I>, ref: ObjectRef): Promise<T> {
    this.#request('get', kind, ref)
    return this.#find(kind, ref) as T
  }

  async list<T extends ApiObject, I>(kind: Kind<T, I>, options: ListOptions = {}) {
    this.#request('list', kind, options)
    const items = [...this.#map(kind).values()].filter(object => selects(options, object)) as unknown as T[]
    return { items, resourceVersion: String(this.#version) }
  }

  async *watch<T extends ApiObject, I>(kind: Kind<T, I>, options: WatchOptions = {}): AsyncGenerator<WatchEvent<T>> {
    this.#request('watch', kind, options)
    const queue: WatchEvent<ApiObject>[] = []
    let wake = () => {}
    const watcher = {
      plural: kind.plural,
      push: (event: WatchEvent<ApiObject>) => {
        queue.push(event)
        wake()
      },
    }
    const since = Number(options.resourceVersion ?? 0)
    for (const object of this.#map(kind).values())
      if (Number(object.metadata.resourceVersion) > since) queue.push({ type: 'ADDED', object })
    if (options.sendInitialEvents)
      queue.push({ type: 'BOOKMARK', resourceVersion: String(this.#version), initialEventsEnd: true })
    this.#watchers.add(watcher)
    const onAbort = () => wake()
    options.signal?.addEventListener('abort', onAbort)
    try {
      while (!options.signal?.aborted) {
        const event = queue.shift()
        if (!event) {
          await new Promise<void>(resolve => {
            wake = resolve
          })
          if (this.down) throw serviceUnavailable('down')
          continue
        }
        if (event.type === 'BOOKMARK' || selects(options, event.object)) yield event as WatchEvent<T>
      }
    } finally {
      options.signal?.removeEventListener('abort', onAbort)
      this.#watchers.delete(watcher)
    }
  }

  /** Ends all watches as a broken connection does. */
  breakWatches(): void {
    this.down = true
    for (const { push } of this.#watchers) push({ type: 'BOOKMARK', resourceVersion: '0', initialEventsEnd: false })
  }

  async create<T extends ApiObject, I>(kind: Kind<T, I>, object: I): Promise<T> {
    const value = object as unknown as T
    this.#request('create', kind, value.metadata, object)
    if (this.#map(kind).has(keyOf(value.metadata)))
      throw alreadyExists({ group: kind.gvk.group, plural: kind.plural }, value.metadata.name ?? '')
    return this.put(kind, value)
  }

  async update<T extends ApiObject, I>(kind: Kind<T, I>, object: I): Promise<T> {
    const value = object as unknown as T
    this.#request('update', kind, value.metadata, object)
    const old = this.#find(kind, value.metadata)
    const { resourceVersion } = value.metadata
    if (resourceVersion && resourceVersion !== old.metadata.resourceVersion)
      throw conflict({ group: kind.gvk.group, plural: kind.plural }, value.metadata.name ?? '', 'modified')
    return this.put(kind, value)
  }

  async patch<T extends ApiObject, I>(kind: Kind<T, I>, ref: ObjectRef, patch: Patch): Promise<T> {
    this.#request('patch', kind, ref, patch.body)
    const old = this.#find(kind, ref)
    const wanted = (patch.body as { metadata?: { uid?: string } }).metadata?.uid
    if (wanted && wanted !== old.metadata.uid)
      throw conflict({ group: kind.gvk.group, plural: kind.plural }, ref.name ?? '', 'another uid')
    const merged = merge(old as unknown as Json, patch.body as Json, patch.type === 'strategic')
    return this.put(kind, merged as unknown as T)
  }

  async delete<T extends ApiObject, I>(kind: Kind<T, I>, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    this.#request('delete', kind, ref, options)
    const old = this.#find(kind, ref)
    const { uid } = options.preconditions ?? {}
    if (uid && uid !== old.metadata.uid)
      throw conflict({ group: kind.gvk.group, plural: kind.plural }, ref.name ?? '', 'another uid')
    const { spec = {} } = old as { spec?: { nodeName?: string; terminationGracePeriodSeconds?: number } }
    const grace = options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30
    if (kind.gvk.kind !== 'Pod' || grace === 0 || !spec.nodeName) return this.remove(kind, ref)
    const generation = (old.metadata.generation ?? 0) + 1
    const deletionTimestamp = rfc3339(Date.now() + grace * 1000)
    const metadata = { ...old.metadata, deletionTimestamp, deletionGracePeriodSeconds: grace, generation }
    this.put(kind, { ...old, metadata } as unknown as T)
  }

  deleteCollection(): Promise<void> {
    throw new Error('not in the fake')
  }

  async post<T extends ApiObject, I, B>(kind: Kind<T, I>, ref: ObjectRef, subresource: string, body: B): Promise<B> {
    this.#request(`post ${subresource}`, kind, ref, body)
    const make = this.#answers.get(`${kind.plural}/${subresource}`)
    if (!make) throw notFound({ group: '', plural: `${kind.plural}/${subresource}` }, ref.name ?? '')
    return make(ref, body) as B
  }

  request(): never {
    throw new Error('not in the fake')
  }

  #request(verb: string, kind: AnyKind, ref: ObjectRef, body?: unknown): void {
    this.requests.push({ verb, plural: kind.plural, key: keyOf(ref), body })
    if (this.down) throw serviceUnavailable('the server is down')
  }

  #map(kind: AnyKind): Map<string, ApiObject> {
    const key = `${kind.gvk.group}/${kind.plural}`
    const map = this.#objects.get(key) ?? new Map<string, ApiObject>()
    this.#objects.set(key, map)
    return map
  }

  #find(kind: AnyKind, ref: ObjectRef): ApiObject {
    const found = this.#map(kind).get(keyOf(ref))
    if (!found) throw notFound({ group: kind.gvk.group, plural: kind.plural }, ref.name ?? '')
    return found
  }

  #tell(kind: AnyKind, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: ApiObject): void {
    for (const { plural, push } of this.#watchers) if (plural === kind.plural) push({ type, object })
  }
}

function selects({ namespace, fieldSelector }: ListOptions, object: ApiObject): boolean {
  if (namespace && object.metadata.namespace !== namespace) return false
  return (fieldSelector ?? '').split(',').every(term => {
    if (!term) return true
    const [, path = '', sign, value] = /^(.*?)(!?=)(.*)$/.exec(term) ?? []
    const found = path.split('.').reduce<unknown>((at, key) => (at as Json | undefined)?.[key], object)
    return ((found ?? '') === value) === (sign === '=')
  })
}

const mergeKeys: { readonly [field: string]: string } = { conditions: 'type', podIPs: 'ip', hostIPs: 'ip' }

function merge(target: Json, patch: Json, strategic: boolean): Json {
  const result: Json = { ...target }
  for (const [key, value] of Object.entries(patch)) {
    const mergeKey = strategic ? mergeKeys[key] : undefined
    if (value === null) delete result[key]
    else if (mergeKey && Array.isArray(value)) result[key] = mergeList((target[key] ?? []) as Json[], value, mergeKey)
    else if (typeof value === 'object' && !Array.isArray(value))
      result[key] = merge((target[key] ?? {}) as Json, value as Json, strategic)
    else result[key] = value
  }
  return result
}

function mergeList(target: readonly Json[], patch: readonly Json[], mergeKey: string): Json[] {
  const result = [...target]
  for (const item of patch) {
    const index = result.findIndex(other => other[mergeKey] === item[mergeKey])
    if (item.$patch === 'delete') {
      if (index >= 0) result.splice(index, 1)
    } else if (index >= 0) result[index] = merge(result[index] ?? {}, item, true)
    else result.push(merge({}, item, true))
  }
  return result
}
