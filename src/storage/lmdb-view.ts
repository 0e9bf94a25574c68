import type { Transaction } from 'lmdb'
import { isKey } from './keys.js'
import type { Tables } from './lmdb-files.js'
import { decodeKeyState, decodeRecord, type LogRecord, numberKey, readNumber, type StoreState } from './lmdb-records.js'
import type { Entry } from './store.js'
import { StoreFailedError } from './store-failures.js'
import type { KeyState } from './write-plan.js'

/**
 * The store as of one commit: later ones do not change it. Whoever holds one keeps old pages from being used again, so
 * `release` it soon; the newest is always held.
 */
export class View {
  readonly #transaction: Transaction
  readonly #in: { transaction: Transaction }
  #holders = 1

  /** The view of the newest commit, which left `state`. */
  constructor(
    readonly tables: Tables,
    readonly state: StoreState,
  ) {
    tables.root.resetReadTxn()
    this.#transaction = tables.root.useReadTransaction()
    this.#in = { transaction: this.#transaction }
  }

  hold(): this {
    this.#holders++
    return this
  }

  release(): void {
    if (--this.#holders === 0) this.#transaction.done()
  }

  keyState(key: string): KeyState | undefined {
    if (!isKey(key)) return undefined
    const found = this.tables.index.getBinaryFast(Buffer.from(key), this.#in)
    return found && decodeKeyState(found)
  }

  entry(key: string): Entry | undefined {
    const state = this.keyState(key)
    return state && this.entryAt(key, state.revision)
  }

  /** What was written to `key` at `revision`, which must still be kept. */
  entryAt(key: string, revision: number): Entry {
    const record = this.tables.log.get(numberKey(revision), this.#in)
    const value = record && decodeRecord(revision, record).value
    if (!value) throw new StoreFailedError(`the data are damaged: ${key} of revision ${revision} is missing`)
    return { key, value, revision }
  }

  /** Keys with `prefix` behind `after`, in order, and at which revision they stand. */
  *keys(prefix: string, after: string | undefined): Generator<[string, number]> {
    const range = this.tables.index.getRange({ ...rangeOf(prefix, after), ...this.#in })
    for (const { key, value } of range) yield [key.toString(), readNumber(value, 0)]
  }

  /** How many keys with `prefix` come after `after`. */
  countAfter(prefix: string, after: string): number {
    return this.tables.index.getKeysCount({ ...rangeOf(prefix, after), ...this.#in })
  }

  /** At most `limit` records of the log after `revision`, in order. */
  *log(revision: number, limit: number): Generator<LogRecord> {
    for (const { key, value } of this.tables.log.getRange({ start: numberKey(revision + 1), limit, ...this.#in })) {
      yield decodeRecord(readNumber(key, 0), value)
    }
  }

  /** At most `limit` of the entries that expire, the next one first. */
  *expiring(limit: number): Generator<KeyState & { readonly key: string }> {
    for (const { key, value } of this.tables.expiry.getRange({ limit, ...this.#in })) {
      yield { deadline: readNumber(key, 0), revision: readNumber(key, 8), key: value.toString() }
    }
  }
}

function rangeOf(prefix: string, after: string | undefined) {
  const start = Buffer.from(after ?? prefix)
  const end = Buffer.from(prefix)
  // No byte of UTF-8 is 255, so the last one can always be raised to get the end of the prefix.
  if (end.length > 0) end[end.length - 1] = (end[end.length - 1] as number) + 1
  return {
    ...(start.length > 0 && { start }),
    ...(end.length > 0 && { end }),
    ...(after !== undefined && { exclusiveStart: true }),
  }
}
