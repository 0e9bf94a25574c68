import { type Change, type Entry, KeyExistsError, RevisionConflictError, type Store } from '../store.js'
import { identity } from './identity.js'
import type { Plain, Transformer } from './transformer.js'

/** Answers by whom the values of a key are transformed now; undefined if they are stored as they are. */
export type TransformerOf = (key: string) => Transformer | undefined

export interface EncryptedStore extends Store {
  /** Whether a key's value would be stored otherwise today: encrypted, or with another key. False if it is unreadable. */
  isStale(key: string): Promise<boolean>
}

/**
 * A store whose values are transformed on the way to `store` and back, so that nobody else sees other than plain bytes.
 * What cannot be made out comes as an entry with a `fault`. Values of other keys pass untouched. Its end is left to its
 * owner.
 */
export function encryptedStore(store: Store, transformerOf: TransformerOf): EncryptedStore {
  /** What stored values were made of, for as long as the store below keeps them: nothing is decrypted right after. */
  const written = new WeakMap<Uint8Array, Uint8Array>()

  const sealed = (key: string, plain: Uint8Array): Uint8Array => {
    const transformer = transformerOf(key)
    if (!transformer) return plain
    const stored = transformer.toStorage(plain, key)
    written.set(stored, plain)
    return stored
  }
  const opened = (entry: Entry): Entry | Promise<Entry> => {
    const { key, value, revision } = entry
    const transformer = transformerOf(key)
    if (!transformer && value[0] !== encryptedByte) return entry
    const known = written.get(value)
    if (known) return { key, value: known, revision }
    const unreadable = (cause: unknown): Entry => ({ key, value: nothing, revision, fault: asError(cause) })
    try {
      const plain = (transformer ?? identity).fromStorage(value, key)
      const readable = ({ bytes }: Plain): Entry => ({ key, value: bytes, revision })
      return plain instanceof Promise ? plain.then(readable, unreadable) : readable(plain)
    } catch (error) {
      return unreadable(error)
    }
  }
  const openedChange = (change: Change): Change | Promise<Change> => {
    const previous = change.previous && opened(change.previous)
    if (change.type === 'delete') {
      if (previous === change.previous) return change
      return Promise.resolve(previous ?? change.previous).then(before => ({ ...change, previous: before }))
    }
    const entry = opened(change.entry)
    if (entry === change.entry && previous === change.previous) return change
    if (!(entry instanceof Promise) && !(previous instanceof Promise)) return putOf(entry, previous)
    return Promise.all([entry, previous]).then(([now, before]) => putOf(now, before))
  }
  /** Who lost a race is shown what won. */
  const write = async (work: Promise<number>): Promise<number> => {
    try {
      return await work
    } catch (error) {
      if (error instanceof KeyExistsError) throw new KeyExistsError(error.key, await opened(error.current))
      if (error instanceof RevisionConflictError && error.current)
        throw new RevisionConflictError(error.key, await opened(error.current))
      throw error
    }
  }
  /** Runs what may throw at once as what rejects. */
  const sealing = (key: string, value: Uint8Array, use: (stored: Uint8Array) => Promise<number>): Promise<number> => {
    try {
      const stored = sealed(key, value)
      return stored === value ? use(value) : write(use(stored))
    } catch (error) {
      return Promise.reject(error)
    }
  }
  return {
    async get(key) {
      const entry = await store.get(key)
      return entry && opened(entry)
    },
    async list(prefix, options) {
      const page = await store.list(prefix, options)
      return { ...page, entries: await replaced(page.entries, opened) }
    },
    create: (key, value, options) => sealing(key, value, stored => store.create(key, stored, options)),
    update: (key, value, expected, options) =>
      sealing(key, value, stored => store.update(key, stored, expected, options)),
    delete: (key, expected) => (transformerOf(key) ? write(store.delete(key, expected)) : store.delete(key, expected)),
    async *watch(prefix, from, signal) {
      for await (const batch of store.watch(prefix, from, signal)) yield await replaced(batch, openedChange)
    },
    revision: () => store.revision(),
    compact: revision => store.compact(revision),
    async isStale(key) {
      const transformer = transformerOf(key)
      const entry = transformer && (await store.get(key))
      if (!entry) return false
      try {
        return (await transformer.fromStorage(entry.value, key)).stale
      } catch {
        return false
      }
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Stored objects begin with a brace, encrypted ones with `k8s:enc:`. */
const encryptedByte = 0x6b
const nothing = new Uint8Array(0)

const putOf = (entry: Entry, previous: Entry | undefined): Change =>
  previous ? { type: 'put', entry, previous } : { type: 'put', entry }

/** The values as `replace` has them: the very list if it changes none, and without waiting if none has to be waited for. */
function replaced<T extends object>(
  values: readonly T[],
  replace: (value: T) => T | Promise<T>,
): readonly T[] | Promise<readonly T[]> {
  let changed: (T | Promise<T>)[] | undefined
  let waits = false
  values.forEach((value, i) => {
    const now = replace(value)
    if (now === value) return
    changed ??= [...values]
    changed[i] = now
    waits ||= now instanceof Promise
  })
  if (!changed) return values
  return waits ? Promise.all(changed) : (changed as readonly T[])
}

const asError = (cause: unknown): Error => (cause instanceof Error ? cause : new Error(String(cause)))
