import { StoreFailedError } from './store-failures.js'
import type { KeyState, PlannedWrite } from './write-plan.js'

/**
 * How the tables are written. All numbers are big-endian, so that they sort.
 *
 *     log     revision (8) -> kind (1), previous revision (8, 0 if none), key length (2), key, value
 *     index   key          -> revision (8), deadline (8, 0 if none)
 *     expiry  deadline (8), revision (8) -> key
 *     meta    'state'      -> StoreState as JSON, with the number of the commit as its version
 *
 * A value is written once, into the log; the index says which record of the log a key stands at. A record is kept as
 * long as the key stands at it, or stood at it at a revision that is not compacted. Deletes are records without a value.
 */

/** A record of the log: one write. */
export interface LogRecord {
  readonly revision: number
  readonly key: string
  /** Revision of what the write replaced; 0 if there was nothing. */
  readonly previousRevision: number
  /** Undefined if the write was a delete. Shares the record's memory. */
  readonly value: Buffer | undefined
}

export interface StoreState {
  /** Version of all this. */
  readonly format: 1
  readonly revision: number
  readonly compacted: number
  /** Records up to here that compaction makes useless are gone; behind `compacted` while it is under way. */
  readonly swept: number
}

export const emptyState: StoreState = { format: 1, revision: 1, compacted: 1, swept: 1 }

export const stateKey = Buffer.from('state')

export const encodeState = (state: StoreState): Buffer => Buffer.from(JSON.stringify(state))

export function decodeState(bytes: Buffer): StoreState {
  const state: Partial<Record<keyof StoreState, unknown>> = JSON.parse(bytes.toString())
  if (state.format !== 1) throw new StoreFailedError(`the data have format ${state.format}; this version knows 1`)
  const { format, revision, compacted, swept } = state
  if (typeof revision !== 'number' || typeof compacted !== 'number' || typeof swept !== 'number') {
    throw new StoreFailedError(`the data are damaged: their state is ${bytes}`)
  }
  return { format, revision, compacted, swept }
}

const put = 1
const removal = 2
const recordHeader = 11
const stateSize = 16

/** A planned write as the tables take it. */
export interface EncodedWrite {
  readonly write: PlannedWrite
  readonly revision: Buffer
  readonly record: Buffer
  readonly key: Buffer
  readonly state: Buffer
}

const leastMemory = 256 << 10
const mostKept = 4 << 20

/**
 * Encodes what goes into one commit, all in one piece of memory: handing each piece to the native side has its price,
 * and so has fresh memory. What the one call answers is gone with the next.
 */
export class WriteEncoder {
  #memory = Buffer.allocUnsafeSlow(0)

  encode(writes: readonly PlannedWrite[]): EncodedWrite[] {
    const keys = writes.map(write => Buffer.from(write.key))
    let size = 0
    for (const [i, { value }] of writes.entries()) {
      size += 8 + stateSize + recordHeader + (keys[i] as Buffer).length + (value?.byteLength ?? 0)
    }
    const memory = this.#take(size)
    let used = 0
    const take = (bytes: number) => memory.subarray(used, (used += bytes))
    return writes.map((write, i) => {
      const key = keys[i] as Buffer
      const revision = take(8)
      writeNumber(revision, 0, write.revision)
      const state = take(stateSize)
      writeNumber(state, 0, write.revision)
      writeNumber(state, 8, write.deadline)
      const record = take(recordHeader + key.length + (write.value?.byteLength ?? 0))
      record[0] = write.value ? put : removal
      writeNumber(record, 1, write.previous?.revision ?? 0)
      record.writeUInt16BE(key.length, 9)
      record.set(key, recordHeader)
      if (write.value) record.set(write.value, recordHeader + key.length)
      return { write, revision, record, key, state }
    })
  }

  #take(size: number): Buffer {
    if (size <= this.#memory.length) return this.#memory
    const memory = Buffer.allocUnsafeSlow(Math.max(leastMemory, size))
    if (size <= mostKept) this.#memory = memory
    return memory
  }
}

export function decodeRecord(revision: number, record: Buffer): LogRecord {
  const kind = record[0]
  const end = record.length < recordHeader ? Number.NaN : recordHeader + record.readUInt16BE(9)
  if (!(end <= record.length) || (kind !== put && kind !== removal)) {
    throw new StoreFailedError(`the data are damaged: the record of revision ${revision} cannot be read`)
  }
  return {
    revision,
    key: record.toString('utf8', recordHeader, end),
    previousRevision: readNumber(record, 1),
    value: kind === put ? record.subarray(end) : undefined,
  }
}

export const decodeKeyState = (state: Buffer): KeyState => ({
  revision: readNumber(state, 0),
  deadline: readNumber(state, 8),
})

export function numberKey(first: number, second?: number): Buffer {
  const key = Buffer.allocUnsafe(second === undefined ? 8 : 16)
  writeNumber(key, 0, first)
  if (second !== undefined) writeNumber(key, 8, second)
  return key
}

/** Up to 2^53-1. */
function writeNumber(target: Buffer, offset: number, value: number): void {
  target.writeUInt32BE(Math.floor(value / 0x1_0000_0000), offset)
  target.writeUInt32BE(value % 0x1_0000_0000, offset + 4)
}

export const readNumber = (source: Buffer, offset: number): number =>
  source.readUInt32BE(offset) * 0x1_0000_0000 + source.readUInt32BE(offset + 4)
