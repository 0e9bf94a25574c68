import { appendFileSync, closeSync, constants, fstatSync, openSync, readSync, truncateSync, writeSync } from 'node:fs'
import { copyFile, open, rename, rm, stat } from 'node:fs/promises'
import { messageOf } from '../machinery/message-of.js'
import { hasCode } from './operator-error.js'

/** How large log files may grow. */
export interface LogLimits {
  readonly maxBytes: number
  /** How many older files are kept beside the current one, as `<file>.1` and so on. */
  readonly keep: number
}

export const DEFAULT_LOG_LIMITS: LogLimits = { maxBytes: 20 * 1024 * 1024, keep: 3 }

const MODE = 0o640

/** Opens a log for a child to write into; the child, not this process, owns its lines, and outlives us if need be. */
export const openLog = (path: string): number =>
  openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, MODE)

/** Adds a line of ours between those of the child. A full disk loses the line, nothing else. */
export const noteInLog = (path: string, note: string): void => {
  try {
    appendFileSync(path, `[t8s ${new Date().toISOString()}] ${note}\n`, { mode: MODE })
  } catch (error) {
    process.emitWarning(`${path}: ${note} (not logged: ${messageOf(error)})`)
  }
}

const sizeOf = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 0
    throw error
  }
}

/**
 * Moves a log's content aside if it is too large. The writer holds the file open, so the content is copied and the file
 * emptied: appending goes on at its new end. What is written between copying and emptying is copied in the same breath.
 */
export const rotateLog = async (path: string, { maxBytes, keep }: LogLimits): Promise<boolean> => {
  if ((await sizeOf(path)) <= maxBytes) return false
  await rm(`${path}.${keep}`, { force: true })
  for (let at = keep - 1; at >= 1; at--) {
    await rename(`${path}.${at}`, `${path}.${at + 1}`).catch(error => {
      if (!hasCode(error, 'ENOENT')) throw error
    })
  }
  if (keep === 0) {
    truncateSync(path)
    return true
  }
  await copyFile(path, `${path}.1`)
  const from = openSync(path, 'r')
  const to = openSync(`${path}.1`, 'a')
  try {
    const rest = Buffer.alloc(64 * 1024)
    for (let at = fstatSync(to).size, read: number; (read = readSync(from, rest, 0, rest.length, at)) > 0; at += read)
      writeSync(to, rest, 0, read)
    truncateSync(path)
  } finally {
    closeSync(from)
    closeSync(to)
  }
  return true
}

const TAIL_BYTES = 16 * 1024

/** The last lines of a log, of what was written behind `offset`. Empty if there is no log. */
export const tailLog = async (
  path: string,
  { lines = 20, offset = 0 }: { readonly lines?: number; readonly offset?: number } = {},
): Promise<string[]> => {
  try {
    await using file = await open(path, 'r')
    const { size } = await file.stat()
    const from = Math.max(offset <= size ? offset : 0, size - TAIL_BYTES)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from)
    return buffer
      .subarray(0, bytesRead)
      .toString('utf8')
      .split('\n')
      .filter(line => line !== '')
      .slice(-lines)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}
