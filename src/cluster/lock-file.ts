import { createHash, randomUUID } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { identifyProcess, isProcessIdentity, isRunning, type ProcessIdentity } from '../machinery/process-identity.js'
import { hasCode, OperatorError } from './operator-error.js'

export interface LockOptions {
  /** How long to wait for another holder. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** Called once if somebody else holds the lock. */
  readonly onWait?: (holder: ProcessIdentity | undefined) => void
}

/**
 * Takes the lock that the existence of `path` is (kubectl's way with `config.lock`), for one holder at a time across
 * processes; disposing of the answer gives it back. A lock whose holder has died is taken over; one that says nothing
 * about its holder, such as kubectl's, is waited for. Throws when `timeoutMs` have passed.
 */
export const lockFile = async (path: string, options: LockOptions): Promise<AsyncDisposable> => {
  const { timeoutMs, signal, onWait } = options
  const claim = `${path}.${randomUUID()}`
  // Linking a finished file makes the lock appear together with its holder's name.
  await writeFile(claim, `${JSON.stringify(identifyProcess(process.pid))}\n`, { flag: 'wx', mode: 0o600 })
  try {
    const deadline = performance.now() + timeoutMs
    for (let waited = false; ; waited = true) {
      signal?.throwIfAborted()
      if (await tryLink(claim, path)) break
      const holder = await readHolder(path)
      if (holder && holder !== 'unknown' && !isRunning(holder)) {
        await removeAbandoned(path)
        continue
      }
      const identity = holder === 'unknown' ? undefined : holder
      if (performance.now() >= deadline) throw heldError(path, identity)
      if (!waited) onWait?.(identity)
      await setTimeout(25, undefined, signal && { signal })
    }
  } finally {
    await rm(claim, { force: true })
  }
  return { [Symbol.asyncDispose]: () => rm(path, { force: true }) }
}

const tryLink = async (claim: string, path: string): Promise<boolean> => {
  try {
    await link(claim, path)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/** Who holds the lock; undefined if by now nobody does. */
const readHolder = async (path: string): Promise<ProcessIdentity | 'unknown' | undefined> => {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    return isProcessIdentity(value) ? value : 'unknown'
  } catch (error) {
    return hasCode(error, 'ENOENT') ? undefined : 'unknown'
  }
}

/** The process that a lock says holds it, running or not; undefined if nobody does or it does not say. */
export const lockHolder = async (path: string): Promise<ProcessIdentity | undefined> => {
  const holder = await readHolder(path)
  return holder === 'unknown' ? undefined : holder
}

const heldError = (path: string, holder: ProcessIdentity | undefined): OperatorError =>
  new OperatorError(
    `${path} is locked${holder ? ` by process ${holder.pid}` : ''}`,
    holder ? 'Wait until that process is done.' : `Remove ${path} if no other command is working on that file.`,
  )

/**
 * Removes a lock whose holder has died. Two who find it at once must not both remove it: the slower would remove the
 * faster one's new lock. The kernel decides between them by an abstract socket's name, which it frees by itself; only
 * Linux has those.
 */
const removeAbandoned = async (path: string): Promise<void> => {
  if (process.platform !== 'linux') return rm(path, { force: true })
  const server = await claimName(`\0t8s-lock-${createHash('sha256').update(resolve(path)).digest('hex')}`)
  if (!server) {
    await setTimeout(5)
    return
  }
  try {
    const holder = await readHolder(path)
    if (holder && holder !== 'unknown' && !isRunning(holder)) await rm(path, { force: true })
  } finally {
    await new Promise(done => server.close(done))
  }
}

const claimName = (name: string): Promise<Server | undefined> =>
  new Promise((done, fail) => {
    const server = createServer(socket => socket.destroy())
    server.once('error', error => (hasCode(error, 'EADDRINUSE') ? done(undefined) : fail(error)))
    server.listen(name, () => done(server))
  })
