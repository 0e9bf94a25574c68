import { setImmediate as nextTurn } from 'node:timers/promises'
import { messageOf } from '../machinery/message-of.js'
import type { Tables } from './lmdb-files.js'
import { decodeState, encodeState, numberKey, type StoreState, stateKey, WriteEncoder } from './lmdb-records.js'
import { View } from './lmdb-view.js'
import { KeyExistsError, RevisionConflictError } from './store.js'
import { StoreClosedError, StoreFailedError } from './store-failures.js'
import { type PlannedWrite, planWrites, type Verdict, type WriteRequest } from './write-plan.js'

const maxBatchWrites = 2000
const maxBatchBytes = 16 << 20
/**
 * So many writes wait for no others. Each commit has its price, so that few for many writes are better; but when all that
 * a server can take at once go together, disk and processor wait for each other.
 */
const enough = 32

/** A change to the tables that is no write of a key. */
export interface Upkeep {
  /** What the state shall be; its revision must stay. */
  readonly state: StoreState
  /** Revisions whose records go. */
  readonly forget: readonly number[]
}

interface Waiting {
  readonly request: WriteRequest
  resolve(revision: number): void
  reject(reason: Error): void
}

/** What became of a commit. */
interface Outcome {
  /** What is on disk by now; undefined if nothing has changed. */
  readonly state?: StoreState
  /** Tells whoever waits for it. */
  tell(): void
  /** Lets down whoever waits for it. */
  refuse(reason: Error): void
}

interface WaitingUpkeep {
  plan(view: View): Upkeep
  resolve(): void
  reject(reason: Error): void
}

/**
 * Group commit: writes that arrive while one commit is on its way to the disk make up the next one. If enough of them
 * wait when it has arrived, they set out before anybody is told of it: the disk is at work while the answers are. Fewer
 * wait for the rest of what this turn of the event loop brings. A lone write goes at the end of its turn.
 */
export class Commits {
  #waiting: Waiting[] = []
  #upkeep: WaitingUpkeep[] = []
  /** One at a time is on its way. */
  readonly #encoder = new WriteEncoder()
  #running: Promise<void> | undefined
  #closed = false
  #failure: StoreFailedError | undefined
  #view: View
  /** Version of the state on disk. Each commit raises it, on condition that nobody else has. */
  #sequence: number

  constructor(
    readonly tables: Tables,
    /** Is told of every commit of writes at once after it became durable, before the writers are. */
    readonly onCommit: (writes: readonly PlannedWrite[], view: View) => void,
    readonly onFailure: (failure: StoreFailedError) => void,
  ) {
    const found = tables.meta.getEntry(stateKey)
    if (!found) throw new StoreFailedError('the data are damaged: they have no state')
    this.#sequence = found.version ?? 0
    this.#view = new View(tables, decodeState(found.value))
  }

  /** What is durable. Do not keep it without holding it. */
  get view(): View {
    return this.#view
  }

  /** Throws if the store is closed or has failed for good. */
  check(): void {
    if (this.#failure) throw this.#failure
    if (this.#closed) throw new StoreClosedError()
  }

  /**
   * Raises the sequence, so that a process that had the directory before, if it still runs, finds out when it writes.
   * Throws `StoreFailedError`, but not if the disk is full: what is there may still be read.
   */
  async claim(): Promise<void> {
    try {
      const { state } = this.#view
      await this.#commit(state, () => {})
      this.#look(state)
    } catch (error) {
      if (!(error instanceof StoreFailedError && error.usable)) throw error
    }
  }

  /** The store is of no use any more, for this reason. */
  fail(failure: StoreFailedError): StoreFailedError {
    if (!this.#failure) {
      this.#failure = failure
      this.onFailure(failure)
    }
    return this.#failure
  }

  /** Resolves with the revision once the write is durable. Rejects as `Store` says, or with `StoreFailedError`. */
  write(request: WriteRequest): Promise<number> {
    return new Promise((resolve, reject) => {
      this.check()
      this.#waiting.push({ request, resolve, reject })
      this.#start()
    })
  }

  /** Commits what `plan` asks for, by itself, between the writes. */
  keepUp(plan: (view: View) => Upkeep): Promise<void> {
    return new Promise((resolve, reject) => {
      this.check()
      this.#upkeep.push({ plan, resolve, reject })
      this.#start()
    })
  }

  /** Refuses new writes, commits those that were taken, and lets go of the view. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#running
    this.#view.release()
  }

  #start(): void {
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    let upkeepIsDue = false
    let done: Outcome | undefined
    do {
      if (this.#waiting.length < enough) {
        done?.tell()
        done = undefined
        await this.#gathered()
      }
      const upkeep: WaitingUpkeep | undefined =
        upkeepIsDue || this.#waiting.length === 0 ? this.#upkeep.shift() : undefined
      upkeepIsDue = upkeep === undefined
      const next = upkeep ? this.#commitUpkeep(upkeep) : this.#commitWrites(this.#takeBatch())
      done?.tell()
      done = this.#arrived(await next)
    } while (this.#waiting.length > 0 || this.#upkeep.length > 0)
    // In one go with finding nothing, or a write that comes in between would wait for ever.
    this.#running = undefined
    done.tell()
  }

  /** Resolves once enough wait to share a commit, or a turn of the event loop has brought no more of them. */
  async #gathered(): Promise<void> {
    for (let seen = -1; seen < this.#waiting.length && this.#waiting.length < enough; ) {
      seen = this.#waiting.length
      await nextTurn()
    }
  }

  /** From now on everybody reads what is on disk; in one go with telling of it, or watchers would see it twice. */
  #arrived(done: Outcome): Outcome {
    if (!done.state) return done
    try {
      this.#look(done.state)
      return done
    } catch (cause) {
      const failure = new StoreFailedError(`what was written cannot be read: ${messageOf(cause)}`, { cause })
      return { ...done, tell: () => done.refuse(this.fail(failure)) }
    }
  }

  #takeBatch(): Waiting[] {
    let bytes = 0
    let count = 0
    while (count < Math.min(this.#waiting.length, maxBatchWrites) && bytes < maxBatchBytes) {
      bytes += this.#waiting[count++]?.request.value?.byteLength ?? 0
    }
    return this.#waiting.splice(0, count)
  }

  async #commitWrites(batch: readonly Waiting[]): Promise<Outcome> {
    const refuse = (reason: Error) => {
      for (const { reject } of batch) reject(reason)
    }
    try {
      const before = this.#view
      const requests = batch.map(({ request }) => request)
      const { writes, verdicts } = planWrites(requests, before.state.revision, key => before.keyState(key))
      // The losers too are only told then: what they lost to must not be lost.
      const answer = () => {
        for (const [i, { request, resolve, reject }] of batch.entries()) {
          const verdict = verdicts[i] as Verdict
          if ('write' in verdict) resolve(verdict.write.revision)
          else reject(this.#refusal(request, verdict.instead?.revision))
        }
      }
      if (writes.length === 0) return { tell: answer, refuse }
      const state = { ...before.state, revision: before.state.revision + writes.length }
      await this.#commit(state, this.#applying(writes))
      const tell = () => {
        this.#announce(writes)
        answer()
      }
      return { state, tell, refuse }
    } catch (error) {
      return { tell: () => refuse(asError(error)), refuse }
    }
  }

  #announce(writes: readonly PlannedWrite[]): void {
    try {
      this.onCommit(writes, this.#view)
    } catch (cause) {
      // The writes are done; but who was to hear of them has not, and must not go on as if nothing were missing.
      this.fail(new StoreFailedError(`a commit could not be announced: ${messageOf(cause)}`, { cause }))
    }
  }

  #refusal({ type, key }: WriteRequest, revision: number | undefined): Error {
    try {
      const current = revision === undefined ? undefined : this.#view.entryAt(key, revision)
      return type === 'create' && current ? new KeyExistsError(key, current) : new RevisionConflictError(key, current)
    } catch (error) {
      return asError(error)
    }
  }

  async #commitUpkeep({ plan, resolve, reject }: WaitingUpkeep): Promise<Outcome> {
    try {
      const { state, forget } = plan(this.#view)
      const keys = forget.map(revision => numberKey(revision))
      await this.#commit(state, () => {
        for (const key of keys) this.tables.log.remove(key)
      })
      return { state, tell: resolve, refuse: reject }
    } catch (error) {
      return { tell: () => reject(asError(error)), refuse: reject }
    }
  }

  /** All that can go wrong with the data is done here, so that nothing but calls to the tables is left. */
  #applying(writes: readonly PlannedWrite[]): () => void {
    const { log, index, expiry } = this.tables
    const encoded = this.#encoder.encode(writes)
    return () => {
      for (const { write, revision, record, key, state } of encoded) {
        log.put(revision, record)
        if (write.value) index.put(key, state)
        else index.remove(key)
        const { previous } = write
        if (previous?.deadline) expiry.remove(numberKey(previous.deadline, previous.revision))
        if (write.deadline) expiry.put(numberKey(write.deadline, write.revision), key)
      }
    }
  }

  /** Makes one transaction of what `apply` does and the new state, at once. When it resolves, all of that is on disk. */
  async #commit(state: StoreState, apply: () => void): Promise<void> {
    if (this.#failure) throw this.#failure
    const { meta } = this.tables
    const encoded = encodeState(state)
    let complete = false
    let ours: boolean
    try {
      ours = await meta.ifVersion(stateKey, this.#sequence, () => {
        apply()
        meta.put(stateKey, encoded, this.#sequence + 1)
        complete = true
      })
    } catch (error) {
      // What is left out when `apply` breaks off, lmdb commits the rest of.
      if (!complete)
        throw this.fail(new StoreFailedError(`half a write was stored: ${messageOf(error)}`, { cause: error }))
      throw await this.#judge(error)
    }
    if (!ours) throw this.fail(new StoreFailedError('another process has written to the data directory'))
    this.#sequence++
  }

  #look(state: StoreState): void {
    const before = this.#view
    this.#view = new View(this.tables, state)
    before.release()
  }

  /**
   * A transaction that could not be written has left no trace, and the next one may well succeed, as when the disk is
   * no longer full. Only when LMDB could not write the page that makes a transaction count it refuses to go on.
   */
  async #judge(error: unknown): Promise<StoreFailedError> {
    const cause = await causeOf(error)
    const message = `a write could not be stored: ${messageOf(cause)}`
    try {
      this.#look(this.#view.state)
      return new StoreFailedError(message, { cause, usable: true })
    } catch {
      return this.fail(new StoreFailedError(message, { cause }))
    }
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new StoreFailedError(String(error)))

/** lmdb hides what the system said in a promise that rejects with it. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error && 'commitError' in error)) return error
  try {
    await error.commitError
    return error
  } catch (cause) {
    return cause
  }
}
