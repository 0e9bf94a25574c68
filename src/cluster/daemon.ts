import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { mkdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { messageOf } from '../machinery/message-of.js'
import {
  endProcess,
  identifyProcess,
  isProcessIdentity,
  isRunning,
  type ProcessIdentity,
} from '../machinery/process-identity.js'
import { writeFileAtomicallySync } from './atomic-file.js'
import { lockFile } from './lock-file.js'
import { openLog, tailLog } from './log-file.js'
import { hasCode, OperatorError } from './operator-error.js'
import { SUPERVISED_BY } from './process-table.js'

export interface DaemonOptions {
  readonly stateDir: string
  readonly logFile: string
  /** Names the daemon among those of the folder. */
  readonly name?: string
  readonly env?: { readonly [name: string]: string }
  readonly cwd?: string
  /** Resolves once the daemon does its work; asked again shortly after it rejects. */
  readonly ready?: (signal: AbortSignal) => Promise<void>
  /** 60 s unless told. */
  readonly readyTimeoutMs?: number
  readonly signal?: AbortSignal
}

export interface StartedDaemon {
  readonly identity: ProcessIdentity
  /** It ran already; nothing was started. */
  readonly alreadyRunning: boolean
}

const DEFAULT_NAME = 'daemon'
const READY_RETRY = 25

const identityPath = (stateDir: string, name: string): string => join(stateDir, `${name}.json`)

/** The daemon of `stateDir`; undefined if it does not run. */
export const findDaemon = async (stateDir: string, name = DEFAULT_NAME): Promise<ProcessIdentity | undefined> => {
  try {
    const value: unknown = JSON.parse(await readFile(identityPath(stateDir, name), 'utf8'))
    return isProcessIdentity(value) && isRunning(value) ? value : undefined
  } catch (error) {
    if (hasCode(error, 'ENOENT') || error instanceof SyntaxError) return undefined
    throw error
  }
}

/**
 * Starts a process that goes on when this one ends: in its own session, its output in a log. Resolves when it is ready.
 * Throws an `OperatorError` with the end of the log if it ends before, or, having ended it, if it takes too long.
 */
export const startDaemon = async (
  argv: readonly [string, ...string[]],
  options: DaemonOptions,
): Promise<StartedDaemon> => {
  const { stateDir, logFile, name = DEFAULT_NAME, env, cwd, readyTimeoutMs = 60_000, signal } = options
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  await mkdir(dirname(logFile), { recursive: true, mode: 0o750 })
  await using _lock = await lockFile(join(stateDir, `${name}.lock`), { timeoutMs: readyTimeoutMs, signal })
  const present = await findDaemon(stateDir, name)
  if (present) return { identity: present, alreadyRunning: true }

  const [program, ...args] = argv
  const log = openLog(logFile)
  const { size: offset } = await stat(logFile)
  const environment: NodeJS.ProcessEnv = { ...process.env, ...env }
  // Whose supervisor started us is not whose supervises it.
  delete environment[SUPERVISED_BY]
  const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], env: environment, cwd })
  closeSync(log)
  const failed = (what: string, cause?: unknown) => startError(`${name} ${what}`, logFile, offset, cause)
  const over = new AbortController()
  const ended = new Promise<string>(resolve => {
    child.once('error', error => resolve(`cannot be started: ${error.message}`))
    child.once('exit', (code, by) => resolve(`ended before it was ready, with ${by ?? `code ${code}`}`))
  })
  ended.then(() => over.abort())
  const identity = identifyProcess(child.pid ?? 0)
  if (!identity) throw await failed(await ended)
  writeFileAtomicallySync(identityPath(stateDir, name), `${JSON.stringify(identity)}\n`, 0o600)
  try {
    const trouble = await untilReady(
      options.ready,
      AbortSignal.any([over.signal, ...(signal ? [signal] : [])]),
      readyTimeoutMs,
    )
    if (over.signal.aborted) throw await failed(await ended)
    if (signal?.aborted) throw signal.reason
    if (trouble !== undefined)
      throw await failed(`is not ready after ${readyTimeoutMs / 1000} s: ${messageOf(trouble)}`, trouble)
  } catch (error) {
    await stopDaemon(stateDir, { name })
    throw error
  }
  child.unref()
  return { identity, alreadyRunning: false }
}

/** Answers the last trouble if `check` does not resolve in time; nothing if it does, or if the signal aborts. */
const untilReady = async (check: DaemonOptions['ready'], over: AbortSignal, timeoutMs: number): Promise<unknown> => {
  const deadline = performance.now() + timeoutMs
  const aborted = new Promise<void>(resolve => {
    if (over.aborted) resolve()
    over.addEventListener('abort', () => resolve(), { once: true })
  })
  for (let trouble: unknown; ; ) {
    const late = new AbortController()
    const timeLeft = setTimeout(Math.max(deadline - performance.now(), 0), undefined, { signal: late.signal }).then(
      () => Promise.reject(trouble ?? new Error('no answer')),
      () => {},
    )
    try {
      await Promise.race([check?.(over), aborted, timeLeft])
      return undefined
    } catch (error) {
      if (over.aborted) return undefined
      trouble = error
      if (performance.now() >= deadline) return trouble
    } finally {
      late.abort()
    }
    await Promise.race([setTimeout(READY_RETRY), aborted])
  }
}

const startError = async (what: string, logFile: string, offset: number, cause: unknown): Promise<OperatorError> => {
  const lines = await tailLog(logFile, { lines: 20, offset })
  return new OperatorError(
    lines.length > 0 ? [`${what}; it wrote:`, ...lines].join('\n') : `${what}, and wrote nothing`,
    `See ${logFile} for all of it.`,
    { cause },
  )
}

/**
 * Stops the daemon of `stateDir`: SIGTERM, and SIGKILL if it takes longer than `graceMs`. Answers with which; undefined
 * if it did not run. What a killed supervisor leaves behind is for `endOrphans`.
 */
export const stopDaemon = async (
  stateDir: string,
  { name = DEFAULT_NAME, graceMs = 60_000 }: { readonly name?: string; readonly graceMs?: number } = {},
): Promise<NodeJS.Signals | undefined> => {
  const identity = await findDaemon(stateDir, name)
  const by = identity && (await endProcess(identity, { graceMs }))
  await rm(identityPath(stateDir, name), { force: true })
  return by
}

/** A signal that aborts when this process is asked to end. Asked a second time, it ends at once. */
export const terminationSignal = (): { readonly signal: AbortSignal } & Disposable => {
  const abort = new AbortController()
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
  const remove = () => {
    for (const name of signals) process.removeListener(name, onSignal)
  }
  const onSignal = (name: NodeJS.Signals) => {
    remove()
    abort.abort(new Error(`ended by ${name}`))
  }
  for (const name of signals) process.on(name, onSignal)
  return { signal: abort.signal, [Symbol.dispose]: remove }
}
