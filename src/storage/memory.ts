import { type Clock, systemClock } from '../machinery/clock.js'
import { ChangeFeed } from './change-feed.js'
import { ExpiryTimer } from './expiry-timer.js'
import { checkKey, checkRange, checkRevision, checkTtl } from './keys.js'
import { OrderedKeys } from './ordered-keys.js'
import { type PastState, PastStates } from './past-state.js'
import {
  type Change,
  CompactedError,
  type Entry,
  FutureRevisionError,
  KeyExistsError,
  type ListOptions,
  type Page,
  RevisionConflictError,
  type Store,
  type WriteOptions,
} from './store.js'
import { StoreClosedError } from './store-failures.js'

export interface MemoryStoreOptions {
  readonly clock?: Clock
  /** The history is compacted by itself beyond so many changes. */
  readonly historyChanges?: number
  /** The history is compacted by itself once its values take so many bytes. */
  readonly historyBytes?: number
}

/** A store that lives as long as the process: for tests, and for clusters that are thrown away. */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options)
}

const historyPiece = 1000

class MemoryStore implements Store {
  readonly #entries = new Map<string, Entry>()
  readonly #keys = new OrderedKeys()
  /** The changes after `#compacted`, without a gap: the one of revision r is at `#oldest + r - #compacted - 1`. */
  #history: (Change | undefined)[] = []
  #oldest = 0
  #historyBytes = 0
  readonly #maxChanges: number
  readonly #maxBytes: number
  #revision = 1
  #compacted = 0
  readonly #past: PastStates<Entry>
  readonly #feed: ChangeFeed
  readonly #timer: ExpiryTimer
  readonly #deadlines = new Map<string, { key: string; deadline: number; revision: number }>()
  readonly #deadlineOrder = new OrderedKeys()
  /** Names of the deadlines above, by key. */
  readonly #expiring = new Map<string, string>()
  #closed = false

  constructor({ clock = systemClock, historyChanges = 100_000, historyBytes = 64 << 20 }: MemoryStoreOptions) {
    this.#maxChanges = historyChanges
    this.#maxBytes = historyBytes
    // An empty store is at revision 1, and nothing came before.
    this.#compacted = 1
    this.#past = new PastStates(clock)
    this.#feed = new ChangeFeed({
      newest: () => this.#revision,
      compacted: () => this.#compacted,
      read: (prefix, revision) => this.#readHistory(prefix, revision),
    })
    this.#timer = new ExpiryTimer(clock, () => this.#expire())
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#checkOpen()
    return this.#entries.get(key)
  }

  async list(prefix: string, { limit = 0, after, revision }: ListOptions = {}): Promise<Page> {
    this.#checkOpen()
    checkRange(prefix, after, limit)
    const past = revision === undefined || revision === this.#revision ? undefined : this.#stateAt(revision)
    const entries: Entry[] = []
    let last: string | undefined
    for (const [key, entry] of past?.merge(this.#range(prefix, after), prefix, after) ?? this.#range(prefix, after)) {
      entries.push(entry)
      if (entries.length === limit) {
        last = key
        break
      }
    }
    let remaining = 0
    if (last !== undefined) {
      remaining = this.#keys.countAfter(last, prefix)
      if (past) remaining += past.excess(prefix, last)
    }
    return { entries, revision: revision ?? this.#revision, remaining }
  }

  async create(key: string, value: Uint8Array, options?: WriteOptions): Promise<number> {
    this.#checkOpen()
    checkKey(key)
    checkTtl(options?.ttlSeconds)
    const current = this.#entries.get(key)
    if (current) throw new KeyExistsError(key, current)
    return this.#put(key, value, undefined, options)
  }

  async update(key: string, value: Uint8Array, expectedRevision: number, options?: WriteOptions): Promise<number> {
    this.#checkOpen()
    checkTtl(options?.ttlSeconds)
    return this.#put(key, value, this.#expected(key, expectedRevision), options)
  }

  async delete(key: string, expectedRevision: number): Promise<number> {
    this.#checkOpen()
    return this.#delete(this.#expected(key, expectedRevision))
  }

  watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncIterable<readonly Change[]> {
    return this.#feed.watch(prefix, fromRevision, signal)
  }

  async revision(): Promise<number> {
    this.#checkOpen()
    return this.#revision
  }

  async compact(revision: number): Promise<void> {
    this.#checkOpen()
    checkRevision(revision)
    if (revision > this.#revision) throw new FutureRevisionError(this.#revision)
    while (this.#compacted < revision) this.#forgetOldest()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#timer[Symbol.dispose]()
    this.#past[Symbol.dispose]()
    this.#feed.close(new StoreClosedError())
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreClosedError()
  }

  #expected(key: string, revision: number): Entry {
    const current = this.#entries.get(key)
    if (current?.revision !== revision) throw new RevisionConflictError(key, current)
    return current
  }

  #put(key: string, value: Uint8Array, previous: Entry | undefined, options: WriteOptions | undefined): number {
    const entry: Entry = { key, value, revision: this.#revision + 1 }
    this.#entries.set(key, entry)
    if (!previous) this.#keys.add(key)
    this.#setDeadline(key, entry.revision, this.#timer.deadline(options?.ttlSeconds))
    this.#commit(previous ? { type: 'put', entry, previous } : { type: 'put', entry })
    return entry.revision
  }

  #delete(previous: Entry): number {
    const revision = this.#revision + 1
    this.#entries.delete(previous.key)
    this.#keys.delete(previous.key)
    this.#setDeadline(previous.key, revision, undefined)
    this.#commit({ type: 'delete', key: previous.key, revision, previous })
    return revision
  }

  #commit(change: Change): void {
    this.#revision++
    this.#history.push(change)
    this.#historyBytes += sizeOf(change)
    while (this.#history.length - this.#oldest > this.#maxChanges || this.#historyBytes > this.#maxBytes) {
      this.#forgetOldest()
    }
    this.#feed.publish([{ key: change.type === 'put' ? change.entry.key : change.key, change: () => change }])
  }

  #forgetOldest(): void {
    const change = this.#history[this.#oldest]
    if (change) this.#historyBytes -= sizeOf(change)
    this.#history[this.#oldest++] = undefined
    this.#compacted++
    // Shifting for each change would move the whole history each time.
    if (this.#oldest > 1024 && this.#oldest * 2 > this.#history.length) {
      this.#history = this.#history.slice(this.#oldest)
      this.#oldest = 0
    }
  }

  *#range(prefix: string, after: string | undefined): Generator<[string, Entry]> {
    for (const key of this.#keys.from(after ?? prefix, after !== undefined)) {
      if (!key.startsWith(prefix)) return
      const entry = this.#entries.get(key)
      if (entry) yield [key, entry]
    }
  }

  #stateAt(revision: number): PastState<Entry> {
    checkRevision(revision)
    if (revision > this.#revision) throw new FutureRevisionError(this.#revision)
    if (revision < this.#compacted) throw new CompactedError(this.#compacted)
    const past = this.#past.at(revision)
    for (let i = this.#indexOf(past.through); i < this.#history.length; i++) {
      const change = this.#history[i] as Change
      if (change.type === 'put') past.apply(change.entry.key, change.entry.revision, change.previous, true)
      else past.apply(change.key, change.revision, change.previous, false)
    }
    return past
  }

  #readHistory(prefix: string, revision: number): { changes: readonly Change[]; through: number } {
    const start = this.#indexOf(revision)
    const end = Math.min(this.#history.length, start + historyPiece)
    const changes: Change[] = []
    for (let i = start; i < end; i++) {
      const change = this.#history[i] as Change
      if ((change.type === 'put' ? change.entry.key : change.key).startsWith(prefix)) changes.push(change)
    }
    return { changes, through: revision + end - start }
  }

  /** Where the first change after `revision` is. */
  #indexOf(revision: number): number {
    return this.#oldest + revision - this.#compacted
  }

  #setDeadline(key: string, revision: number, deadline: number | undefined): void {
    const old = this.#expiring.get(key)
    if (old !== undefined) {
      this.#expiring.delete(key)
      this.#deadlines.delete(old)
      this.#deadlineOrder.delete(old)
    }
    if (deadline === undefined) return
    const name = `${String(deadline).padStart(16, '0')} ${revision}`
    this.#expiring.set(key, name)
    this.#deadlines.set(name, { key, deadline, revision })
    this.#deadlineOrder.add(name)
    this.#timer.wakeAt(deadline)
  }

  #expire(): void {
    for (;;) {
      const [name] = this.#deadlineOrder.from('')
      const next = name === undefined ? undefined : this.#deadlines.get(name)
      if (!next) return
      if (next.deadline > this.#timer.clock.now()) {
        this.#timer.wakeAt(next.deadline)
        return
      }
      const entry = this.#entries.get(next.key)
      if (entry) this.#delete(entry)
    }
  }
}

// What keeping a change costs: the value it replaced; the new one is in the store anyway until it is replaced itself.
const sizeOf = (change: Change): number => 200 + (change.previous?.value.byteLength ?? 0)
