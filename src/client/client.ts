import type { ApiRequest, ApiResponse } from '../machinery/http.js'
import type { ApiObject } from '../machinery/object.js'
import type { Kind } from '../schema/index.js'

/** Names one object. Any object's `metadata` is one. */
export interface ObjectRef {
  readonly name?: string
  readonly namespace?: string
}

export interface ReadOptions {
  readonly resourceVersion?: string
  readonly signal?: AbortSignal
}

export interface ListOptions extends ReadOptions {
  /** All namespaces when absent. */
  readonly namespace?: string
  /** Ask for no more than kind and metadata; a server in the same process answers with whole objects all the same. */
  readonly metadataOnly?: boolean
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan'
}

export interface WatchOptions extends Omit<ListOptions, 'limit' | 'continue'> {
  readonly allowBookmarks?: boolean
  /** Start with the present objects as ADDED events and a bookmark that says they are complete. */
  readonly sendInitialEvents?: boolean
  /** The server ends the watch after so many seconds. */
  readonly timeoutSeconds?: number
}

export interface WriteOptions {
  readonly fieldManager?: string
  readonly dryRun?: boolean
  /** Writes through a subresource, e.g. `status`. */
  readonly subresource?: string
  readonly signal?: AbortSignal
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground'
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly signal?: AbortSignal
}

export type Patch =
  | { readonly type: 'merge' | 'strategic'; readonly body: unknown }
  | { readonly type: 'json'; readonly body: readonly unknown[] }
  /** Server-side apply; `body` is the whole applied configuration. */
  | { readonly type: 'apply'; readonly body: unknown; readonly force?: boolean }

export interface ListResult<T> {
  readonly items: readonly T[]
  readonly resourceVersion: string
  /** Token of the next page. */
  readonly continue?: string
  /** How many objects there are beyond this page, where the server says so. */
  readonly remainingItemCount?: number
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  /** Progress: everything up to this version has been sent. `initialEventsEnd` closes the initial events. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd: boolean }

/**
 * The one thing a component knows of the cluster. Kinds are named by their declaration (`Pod`), and answers are shared
 * and immutable. Every method throws `StatusError` for what the server refuses; connection trouble is a `StatusError`
 * too (503 `ServiceUnavailable`), so that callers have one kind of error to tell apart.
 */
export interface Client {
  get<T extends ApiObject, I>(kind: Kind<T, I>, ref: ObjectRef, options?: ReadOptions): Promise<T>
  list<T extends ApiObject, I>(kind: Kind<T, I>, options?: ListOptions): Promise<ListResult<T>>
  /** Ends when the server ends it, or without an error when `signal` aborts. Throws a 410 when the version is too old. */
  watch<T extends ApiObject, I>(kind: Kind<T, I>, options?: WatchOptions): AsyncIterable<WatchEvent<T>>
  create<T extends ApiObject, I>(kind: Kind<T, I>, object: I, options?: WriteOptions): Promise<T>
  /** Replaces the object; its `metadata.resourceVersion`, if set, must be the current one (409 otherwise). */
  update<T extends ApiObject, I>(kind: Kind<T, I>, object: I, options?: WriteOptions): Promise<T>
  patch<T extends ApiObject, I>(kind: Kind<T, I>, ref: ObjectRef, patch: Patch, options?: WriteOptions): Promise<T>
  /** Resolves once the deletion is accepted: the object may live on with a deletion timestamp. */
  delete<T extends ApiObject, I>(kind: Kind<T, I>, ref: ObjectRef, options?: DeleteOptions): Promise<void>
  deleteCollection<T extends ApiObject, I>(
    kind: Kind<T, I>,
    options?: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'> & DeleteOptions,
  ): Promise<void>
  /** POSTs `body` to a subresource that takes another kind (pods/binding, pods/eviction, serviceaccounts/token). */
  post<T extends ApiObject, I, B>(
    kind: Kind<T, I>,
    ref: ObjectRef,
    subresource: string,
    body: B,
    options?: WriteOptions,
  ): Promise<B>
  /** Anything else; `path` as on the wire. The answer is not checked. */
  request(request: Pick<ApiRequest, 'method' | 'path'> & Partial<ApiRequest>): Promise<ApiResponse>
}
