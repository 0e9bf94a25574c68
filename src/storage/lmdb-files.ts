import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import type { Database, RootDatabase, Transaction } from 'lmdb'
import { messageOf } from '../machinery/message-of.js'
import { emptyState, encodeState, stateKey } from './lmdb-records.js'
import { StoreFailedError } from './store-failures.js'

const require = createRequire(import.meta.url)

/** Loaded where there are tables to open; `require` does it in half the time of `import`. */
const lmdb = (): typeof import('lmdb') => require('lmdb')

/** Reading one value without copying it: valid until the next read. */
interface BriefReads {
  getBinaryFast(key: Buffer, options: { transaction: Transaction }): Buffer | undefined
}

export type Table = Database<Buffer, Buffer> & BriefReads

/** See lmdb-records.ts for what they hold. */
export interface Tables {
  readonly root: RootDatabase<Buffer, Buffer>
  readonly log: Table
  readonly index: Table
  readonly expiry: Table
  readonly meta: Table
}

/** Makes the directory if need be. Throws `StoreFailedError` if it cannot be written. */
export function prepareDirectory(directory: string): void {
  try {
    if (fs.mkdirSync(directory, { recursive: true, mode: 0o700 })) syncDirectory(path.dirname(directory))
    fs.accessSync(directory, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK)
  } catch (cause) {
    throw new StoreFailedError(`data directory ${directory} cannot be used: ${messageOf(cause)}`, { cause })
  }
}

/** Opens the tables in a directory that nobody else uses. Throws `StoreFailedError`. */
export async function openTables(directory: string): Promise<Tables> {
  const file = path.join(directory, 'data.mdb')
  const lock = `${file}-lock`
  checkDataFile(file)
  // LMDB makes it anew when it is alone, but goes down if it may not.
  if (fs.lstatSync(lock, { throwIfNoEntry: false })) fs.closeSync(openFile(lock))
  const binary = { encoding: 'binary', keyEncoding: 'binary' } as const
  const root = lmdb().open<Buffer, Buffer>(file, {
    ...binary,
    noSubdir: true,
    maxDbs: 4,
    maxReaders: 1024,
    // Address space, not memory or disk; more is mapped should the file outgrow it.
    mapSize: 16 * 2 ** 30,
    // A commit is to be answered, and to be visible, once it is on disk: data first, then the page that makes it count,
    // each flushed. `overlappingSync` would show commits before.
    overlappingSync: false,
    noSync: false,
    noMetaSync: false,
    // Commits are made of what is put into one `ifVersion`, when it ends, and of nothing else.
    eventTurnBatching: false,
    // They set out as soon as there is more than one put, and not a turn of the event loop later.
    ...{ txnStartThreshold: 1, batchStartThreshold: 1 },
    ...{ permissionsMode: 0o600 },
  })
  try {
    const table = (name: string, useVersions: boolean) =>
      root.openDB<Buffer, Buffer>(name, { ...binary, useVersions }) as Table
    const tables: Tables = {
      root,
      log: table('log', false),
      index: table('index', false),
      expiry: table('expiry', false),
      meta: table('meta', true),
    }
    if (!tables.meta.get(stateKey)) await tables.meta.put(stateKey, encodeState(emptyState), 1)
    for (const name of [file, lock]) fs.chmodSync(name, 0o600)
    // The names of new files have to survive a power cut, too.
    syncDirectory(directory)
    return tables
  } catch (cause) {
    await root.close()
    throw new StoreFailedError(`${file} cannot be opened: ${messageOf(cause)}`, { cause })
  }
}

const metaMagic = 0xbeefc0de
const metaVersion = 2
const metaPageFlag = 0x08

/**
 * LMDB takes the process down with it when it opens what is no data file, or reads beyond the end of one that was cut
 * off. So its two meta pages are looked at first.
 */
function checkDataFile(file: string): void {
  if (!fs.lstatSync(file, { throwIfNoEntry: false })) return
  const handle = openFile(file)
  try {
    const { size } = fs.fstatSync(handle)
    // Created, but not written before the power went.
    if (size === 0) return
    const first = readMeta(handle, 0, file)
    const second = readMeta(handle, first.pageSize, file)
    const pages = (first.transaction > second.transaction ? first : second).pages
    if (pages * BigInt(first.pageSize) > BigInt(size)) {
      throw new StoreFailedError(
        `${file} is damaged: it has ${size} bytes and should have ${pages * BigInt(first.pageSize)}`,
      )
    }
  } finally {
    fs.closeSync(handle)
  }
}

function openFile(file: string): number {
  try {
    return fs.openSync(file, fs.constants.O_RDWR)
  } catch (cause) {
    throw new StoreFailedError(`${file} cannot be opened: ${messageOf(cause)}`, { cause })
  }
}

function readMeta(handle: number, offset: number, file: string) {
  const page = Buffer.alloc(160)
  const length = fs.readSync(handle, page, 0, page.length, offset)
  // Written in the byte order of the machine; those Node.js runs on are little-endian.
  const pageSize = page.readUInt32LE(48)
  if (
    length < page.length ||
    (page.readUInt16LE(18) & metaPageFlag) === 0 ||
    page.readUInt32LE(24) !== metaMagic ||
    pageSize < 512 ||
    pageSize > 65536
  ) {
    throw new StoreFailedError(`${file} is damaged, or was never a data file`)
  }
  const version = page.readUInt32LE(28) & 0xffff
  if (version !== metaVersion) throw new StoreFailedError(`${file} was written by another version of LMDB (${version})`)
  return { pageSize, pages: page.readBigUInt64LE(144) + 1n, transaction: page.readBigUInt64LE(152) }
}

function syncDirectory(directory: string): void {
  const handle = fs.openSync(directory, 'r')
  try {
    fs.fsyncSync(handle)
  } finally {
    fs.closeSync(handle)
  }
}
