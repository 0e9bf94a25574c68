import path from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, systemClock } from '../machinery/clock.js'
import { messageOf } from '../machinery/message-of.js'
import { ChangeFeed, type CommittedWrite } from './change-feed.js'
import { lockDirectory } from './directory-lock.js'
import { ExpiryTimer } from './expiry-timer.js'
import { checkKey, checkRange, checkRevision, checkTtl } from './keys.js'
import { Commits } from './lmdb-commits.js'
import { openTables, prepareDirectory, type Tables } from './lmdb-files.js'
import type { LogRecord } from './lmdb-records.js'
import { planSweep } from './lmdb-sweep.js'
import type { View } from './lmdb-view.js'
import { type PastState, PastStates } from './past-state.js'
import {
  type Change,
  CompactedError,
  type Entry,
  FutureRevisionError,
  type ListOptions,
  type Page,
  type Store,
  type WriteOptions,
} from './store.js'
import { StoreClosedError, StoreFailedError } from './store-failures.js'
import type { PlannedWrite } from './write-plan.js'

export interface LmdbStoreOptions {
  /** The data directory, made with mode 0700 if it is missing. Its files have mode 0600. */
  readonly path: string
  readonly clock?: Clock
}

/**
 * A store on this machine's disk, for one process at a time. A write is answered once it would survive a power cut.
 * Throws `StoreFailedError` if the directory is in use, cannot be written, or holds damaged data.
 */
export async function lmdbStore({ path: directory, clock = systemClock }: LmdbStoreOptions): Promise<Store> {
  const absolute = path.resolve(directory)
  prepareDirectory(absolute)
  const lock = await lockDirectory(absolute)
  let tables: Tables | undefined
  try {
    tables = await openTables(absolute)
    const store = new LmdbStore(tables, lock, clock)
    await store.start()
    return store
  } catch (error) {
    await tables?.root.close()
    await lock[Symbol.asyncDispose]()
    throw error
  }
}

const piece = 1000
const pieceBytes = 1 << 20
const expiryRetryMs = 5000

class LmdbStore implements Store {
  readonly #commits: Commits
  readonly #feed: ChangeFeed
  readonly #timer: ExpiryTimer
  /** Lists that read the tables; the tables must not be closed under them. */
  readonly #lists = new Set<Promise<unknown>>()
  readonly #past: PastStates<number>
  #expiring = false
  #sweep: Promise<void> = Promise.resolve()
  #end: Promise<void> | undefined

  constructor(
    readonly tables: Tables,
    readonly lock: AsyncDisposable,
    readonly clock: Clock,
  ) {
    this.#past = new PastStates(clock)
    this.#commits = new Commits(
      tables,
      (writes, view) => this.#committed(writes, view),
      failure => this.#feed.close(failure),
    )
    this.#feed = new ChangeFeed({
      newest: () => this.#view.state.revision,
      compacted: () => this.#view.state.compacted,
      read: (prefix, revision) => readChanges(this.#view, prefix, revision),
    })
    this.#timer = new ExpiryTimer(clock, () => void this.#expire())
  }

  async start(): Promise<void> {
    await this.#commits.claim()
    void this.#expire()
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#commits.check()
    return this.#view.entry(key)
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Page> {
    this.#commits.check()
    checkRange(prefix, options.after, options.limit)
    const list = this.#list(prefix, options)
    this.#lists.add(list)
    try {
      return await list
    } finally {
      this.#lists.delete(list)
    }
  }

  create(key: string, value: Uint8Array, options?: WriteOptions): Promise<number> {
    return this.#write('create', key, value, 0, options)
  }

  update(key: string, value: Uint8Array, expectedRevision: number, options?: WriteOptions): Promise<number> {
    return this.#write('update', key, value, expectedRevision, options)
  }

  delete(key: string, expectedRevision: number): Promise<number> {
    return this.#commits.write({ type: 'delete', key, expectedRevision, deadline: 0 })
  }

  watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncIterable<readonly Change[]> {
    return this.#feed.watch(prefix, fromRevision, signal)
  }

  async revision(): Promise<number> {
    this.#commits.check()
    return this.#view.state.revision
  }

  async compact(revision: number): Promise<void> {
    this.#commits.check()
    checkRevision(revision)
    if (revision > this.#view.state.revision) throw new FutureRevisionError(this.#view.state.revision)
    const sweep = this.#sweep.then(() => this.#compactTo(revision))
    this.#sweep = sweep.catch(() => undefined)
    await sweep
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#end ??= this.#close()
    return this.#end
  }

  async #close(): Promise<void> {
    this.#timer[Symbol.dispose]()
    this.#past[Symbol.dispose]()
    await this.#commits.close()
    this.#feed.close(new StoreClosedError())
    await Promise.allSettled([...this.#lists, this.#sweep])
    await this.tables.root.close()
    await this.lock[Symbol.asyncDispose]()
  }

  get #view(): View {
    return this.#commits.view
  }

  #write(
    type: 'create' | 'update',
    key: string,
    value: Uint8Array,
    expectedRevision: number,
    options: WriteOptions | undefined,
  ): Promise<number> {
    try {
      if (type === 'create') checkKey(key)
      checkTtl(options?.ttlSeconds)
      const deadline = this.#timer.deadline(options?.ttlSeconds) ?? 0
      return this.#commits.write({ type, key, value, expectedRevision, deadline })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #committed(writes: readonly PlannedWrite[], view: View): void {
    for (const { deadline } of writes) if (deadline) this.#timer.wakeAt(deadline)
    this.#feed.publish(writes.map(write => committedWrite(write, view)))
  }

  async #list(prefix: string, { limit = 0, after, revision }: ListOptions): Promise<Page> {
    const { view, past } = revision === undefined ? { view: this.#view.hold() } : await this.#stateAt(revision)
    try {
      const now = view.keys(prefix, after)
      const entries: Entry[] = []
      let last: string | undefined
      let bytes = 0
      for (const [key, at] of past?.merge(now, prefix, after) ?? now) {
        const entry = view.entryAt(key, at)
        entries.push(entry)
        if (entries.length === limit) {
          last = key
          break
        }
        bytes += entry.value.byteLength
        if (bytes > pieceBytes || entries.length % piece === 0) {
          bytes = 0
          await nextTurn()
          this.#commits.check()
        }
      }
      let remaining = 0
      if (last !== undefined) {
        remaining = past ? await this.#remainingAt(past.revision, prefix, last) : view.countAfter(prefix, last)
      }
      return { entries, revision: revision ?? view.state.revision, remaining }
    } finally {
      view.release()
    }
  }

  async #remainingAt(revision: number, prefix: string, after: string): Promise<number> {
    for (;;) {
      const { view, past } = await this.#stateAt(revision)
      try {
        if (!past) return view.countAfter(prefix, after)
        // Another list may have told it of more writes by now.
        if (past.through === view.state.revision) return view.countAfter(prefix, after) + past.excess(prefix, after)
      } finally {
        view.release()
      }
    }
  }

  /** How things stood at `revision`, and a view, to be released, that it knows all writes of. */
  async #stateAt(revision: number): Promise<{ view: View; past?: PastState<number> }> {
    checkRevision(revision)
    let past: PastState<number> | undefined
    for (;;) {
      const view = this.#view
      const { state } = view
      if (revision > state.revision) throw new FutureRevisionError(state.revision)
      if (revision < state.compacted) throw new CompactedError(state.compacted)
      if (revision === state.revision) return { view: view.hold() }
      past ??= this.#past.at(revision)
      for (const record of view.log(past.through, piece)) {
        past.apply(record.key, record.revision, record.previousRevision || undefined, record.value !== undefined)
      }
      if (past.through >= state.revision) return { view: view.hold(), past }
      await nextTurn()
      this.#commits.check()
    }
  }

  async #compactTo(revision: number): Promise<void> {
    for (;;) {
      this.#commits.check()
      const { state } = this.#view
      if (state.compacted >= revision && state.swept >= state.compacted) return
      await this.#commits.keepUp(view => planSweep(view, revision))
      this.#past.forgetBefore(revision)
    }
  }

  /** Deletes what is due, and sets the timer for what comes next. */
  async #expire(): Promise<void> {
    if (this.#expiring) return
    this.#expiring = true
    try {
      while (!this.#end) {
        const now = this.clock.now()
        const next = [...this.#view.expiring(piece)]
        const due = next.filter(({ deadline }) => deadline <= now)
        if (due.length === 0) {
          if (next[0]) this.#timer.wakeAt(next[0].deadline)
          return
        }
        const outcomes = await Promise.allSettled(
          due.map(({ key, revision }) =>
            this.#commits.write({ type: 'expire', key, expectedRevision: revision, deadline: 0 }),
          ),
        )
        if (outcomes.every(({ status }) => status === 'rejected')) {
          this.#timer.wakeAt(now + expiryRetryMs)
          return
        }
      }
    } catch (cause) {
      this.#commits.fail(new StoreFailedError(`entries cannot be expired: ${messageOf(cause)}`, { cause }))
    } finally {
      this.#expiring = false
    }
  }
}

function committedWrite(write: PlannedWrite, view: View): CommittedWrite {
  const { key, revision, value, previous } = write
  let change: Change | undefined
  return {
    key,
    change() {
      change ??= makeChange(key, revision, value, previous && view.entryAt(key, previous.revision))
      return change
    },
  }
}

function readChanges(view: View, prefix: string, revision: number): { changes: readonly Change[]; through: number } {
  const changes: Change[] = []
  let through = revision
  let bytes = 0
  for (const record of view.log(revision, piece)) {
    through = record.revision
    if (!record.key.startsWith(prefix)) continue
    const change = changeOf(record, view)
    changes.push(change)
    bytes += sizeOf(change)
    if (bytes > pieceBytes) break
  }
  if (through === revision) throw new StoreFailedError(`the data are damaged: revision ${revision + 1} is missing`)
  return { changes, through }
}

function changeOf({ key, revision, value, previousRevision }: LogRecord, view: View): Change {
  return makeChange(key, revision, value, previousRevision ? view.entryAt(key, previousRevision) : undefined)
}

function makeChange(key: string, revision: number, value: Uint8Array | undefined, previous: Entry | undefined): Change {
  if (value) return { type: 'put', entry: { key, value, revision }, ...(previous && { previous }) }
  if (!previous) throw new StoreFailedError(`the data are damaged: ${key} was not there to be deleted at ${revision}`)
  return { type: 'delete', key, revision, previous }
}

const sizeOf = (change: Change): number =>
  (change.type === 'put' ? change.entry.value.byteLength : 0) + (change.previous?.value.byteLength ?? 0)
