/**
 * Where the API server keeps its objects: an ordered map from keys to bytes with etcd's semantics, small enough that a
 * driver is an afternoon's work. One revision counter serves the whole store; every committed write takes the next one.
 */

export interface Entry {
  readonly key: string
  readonly value: Uint8Array
  /** Revision of the write that made this value. */
  readonly revision: number
  /** Why the value, empty then, cannot be made out: it is encrypted with a key that is not known. */
  readonly fault?: Error
}

/** One committed change. A `delete` carries the value it removed, a `put` the one it replaced, if there was one. */
export type Change =
  | { readonly type: 'put'; readonly entry: Entry; readonly previous?: Entry }
  | { readonly type: 'delete'; readonly key: string; readonly revision: number; readonly previous: Entry }

export interface ListOptions {
  /** At most so many entries; all when absent or 0. */
  readonly limit?: number
  /** Start after this key (exclusive); it must have the prefix. */
  readonly after?: string
  /** Read the state as of this revision; the newest when absent. */
  readonly revision?: number
}

export interface Page {
  readonly entries: readonly Entry[]
  /** The revision the page shows: `options.revision` or the newest. */
  readonly revision: number
  /** Entries of the prefix behind the last one of this page, at that revision. */
  readonly remaining: number
}

export interface WriteOptions {
  /** The entry is deleted by the store once this many seconds have passed; survives restarts. */
  readonly ttlSeconds?: number
}

export interface Store extends AsyncDisposable {
  /** The newest committed entry, or undefined. Never answers a write that could still be lost. */
  get(key: string): Promise<Entry | undefined>
  /** Entries whose key starts with `prefix`, in byte order. Throws `CompactedError`, `FutureRevisionError`. */
  list(prefix: string, options?: ListOptions): Promise<Page>
  /** Throws `KeyExistsError`. Resolves with the revision once the write is durable. */
  create(key: string, value: Uint8Array, options?: WriteOptions): Promise<number>
  /** Replaces the value if the entry still has `expectedRevision`. Throws `RevisionConflictError`. */
  update(key: string, value: Uint8Array, expectedRevision: number, options?: WriteOptions): Promise<number>
  /** Removes the entry if it still has `expectedRevision`. Throws `RevisionConflictError`. Resolves with the revision of the removal. */
  delete(key: string, expectedRevision: number): Promise<number>
  /**
   * All changes of keys with `prefix` after `fromRevision`, in order, without gap or repetition, in batches as they
   * were committed, until `signal` aborts (then the iteration ends without an error). A consumer that stays too far
   * behind gets `CompactedError`. `fromRevision` of the newest revision means: from now on.
   */
  watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncIterable<readonly Change[]>
  /** Newest committed revision; 1 in an empty store. */
  revision(): Promise<number>
  /** Forgets history up to and including `revision`: older lists and watches answer `CompactedError`. */
  compact(revision: number): Promise<void>
}

/** `create` found the key taken. */
export class KeyExistsError extends Error {
  constructor(
    readonly key: string,
    readonly current: Entry,
  ) {
    super(`key ${key} exists`)
  }
}

/** The entry is not at the expected revision; `current` is what is there instead, undefined if nothing. */
export class RevisionConflictError extends Error {
  constructor(
    readonly key: string,
    readonly current: Entry | undefined,
  ) {
    super(`key ${key} ${current ? `is at revision ${current.revision}` : 'is gone'}`)
  }
}

/** The revision asked for has been compacted away. */
export class CompactedError extends Error {
  constructor(readonly compactedRevision: number) {
    super(`revisions up to ${compactedRevision} have been compacted`)
  }
}

/** The revision asked for has not been reached yet. */
export class FutureRevisionError extends Error {
  constructor(readonly currentRevision: number) {
    super(`the newest revision is ${currentRevision}`)
  }
}
