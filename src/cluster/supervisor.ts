import { mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../machinery/message-of.js'
import { isRunning, type ProcessIdentity } from '../machinery/process-identity.js'
import { lockFile, lockHolder } from './lock-file.js'
import { DEFAULT_LOG_LIMITS, type LogLimits, rotateLog } from './log-file.js'
import { OperatorError } from './operator-error.js'
import { checkSpecs, DEFAULT_GRACE, type ProcessSpec, specDigest } from './process-spec.js'
import {
  endSupervised,
  findOrphans,
  type ProcessRecord,
  removeTable,
  supervisorLock,
  writeTable,
} from './process-table.js'
import { DEFAULT_BACKOFF, type RestartBackoff } from './restart-backoff.js'
import { type ProcessEvent, SupervisedProcess } from './supervised-process.js'

export interface SupervisorOptions {
  /** Aborting it stops everything, last started first. */
  readonly signal?: AbortSignal
  /** Where it is written down what runs. One supervisor at a time has it. */
  readonly stateDir: string
  /** Each process writes to `<name>.log` in it. */
  readonly logDir: string
  readonly onEvent?: (event: ProcessEvent) => void
  readonly backoff?: RestartBackoff
  readonly logLimits?: LogLimits
}

/** Processes that are kept running. Disposing of it stops them. */
export interface Supervision extends AsyncDisposable {
  /** Resolves when all are ready; rejects at the first trouble before that, or when stopped. Trouble stops nothing. */
  readonly ready: Promise<void>
  /** Resolves when all have been stopped. */
  readonly stopped: Promise<void>
  processes(): readonly ProcessRecord[]
  /** Ends a process and starts it anew. Throws if there is none of that name. */
  restart(name: string): Promise<void>
  stop(): Promise<void>
}

const ROTATE_EVERY = 10_000

/**
 * Keeps processes running: starts them in order, each when the one before is ready; starts again what ends, waiting
 * longer each time; and stops them in reverse. What a killed predecessor with the same `stateDir` left running is
 * adopted or replaced, as each specification says. Throws an `OperatorError` if another supervisor has the folder.
 */
export const supervise = async (specs: readonly ProcessSpec[], options: SupervisorOptions): Promise<Supervision> => {
  checkSpecs(specs)
  options.signal?.throwIfAborted()
  await mkdir(options.stateDir, { recursive: true, mode: 0o700 })
  await mkdir(options.logDir, { recursive: true, mode: 0o750 })
  // The marker in the processes' environment must not depend on how the folder was named.
  const stateDir = await realpath(options.stateDir)
  const lock = await lockStateDir(stateDir)
  try {
    return new Supervisor(specs, { ...options, stateDir }, lock, await sortOrphans(stateDir, specs))
  } catch (error) {
    await lock[Symbol.asyncDispose]()
    throw error
  }
}

class Supervisor implements Supervision {
  readonly ready: Promise<void>
  readonly stopped: Promise<void>
  readonly #options: SupervisorOptions
  readonly #lock: AsyncDisposable
  readonly #processes: readonly SupervisedProcess[]
  readonly #rotation: NodeJS.Timeout
  readonly #stopping = new AbortController()
  #onTrouble: (error: OperatorError) => void = () => {}

  constructor(
    specs: readonly ProcessSpec[],
    options: SupervisorOptions,
    lock: AsyncDisposable,
    orphans: ReadonlyMap<string, ProcessIdentity>,
  ) {
    const { logDir, logLimits = DEFAULT_LOG_LIMITS, signal } = options
    this.#options = options
    this.#lock = lock
    this.#processes = specs.map(spec =>
      this.#supervised(spec, join(logDir, `${spec.name}.log`), orphans.get(spec.name)),
    )
    this.#rotation = rotateRegularly(
      specs.map(spec => join(logDir, `${spec.name}.log`)),
      logLimits,
    )
    this.stopped = new Promise((resolve, reject) => {
      this.#stopping.signal.addEventListener('abort', () => this.#stopAll().then(resolve, reject), { once: true })
    })
    this.ready = new Promise((resolve, reject) => {
      this.#onTrouble = reject
      this.#stopping.signal.addEventListener('abort', () => reject(this.#stopping.signal.reason), { once: true })
      this.#startAll().then(resolve, reject)
    })
    // Whoever does not ask need not be told of trouble twice: events tell it too.
    this.ready.catch(() => {})
    this.stopped.catch(() => {})
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (signal?.aborted) this.#onAbort()
  }

  #supervised(spec: ProcessSpec, logFile: string, orphan: ProcessIdentity | undefined): SupervisedProcess {
    const { stateDir, onEvent = () => {}, backoff = DEFAULT_BACKOFF } = this.#options
    return new SupervisedProcess(
      spec,
      {
        stateDir,
        logFile,
        backoff,
        changed: () => {
          try {
            writeTable(stateDir, this.processes())
          } catch (error) {
            // Processes go on; a successor would find them by their environment.
            process.emitWarning(`${stateDir}: what runs cannot be written down: ${messageOf(error)}`)
          }
        },
        emit: event => {
          if (event.type === 'trouble') this.#onTrouble(event.error)
          onEvent(event)
        },
      },
      orphan,
    )
  }

  async #startAll(): Promise<void> {
    for (const one of this.#processes) {
      if (this.#stopping.signal.aborted) return
      await one.start()
    }
  }

  readonly #onAbort = (): void => {
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#stopping.abort(new OperatorError('the processes were stopped before all were ready', 'Start them again.'))
  }

  async #stopAll(): Promise<void> {
    clearInterval(this.#rotation)
    const troubles: unknown[] = []
    for (const one of [...this.#processes].reverse()) await one.stop().catch(error => troubles.push(error))
    if (troubles.length === 0) await removeTable(this.#options.stateDir)
    await this.#lock[Symbol.asyncDispose]()
    if (troubles.length > 0) throw troubles[0]
  }

  processes(): readonly ProcessRecord[] {
    return this.#processes.map(one => one.record)
  }

  async restart(name: string): Promise<void> {
    const one = this.#processes.find(({ spec }) => spec.name === name)
    if (one) return one.restart()
    const known = this.#processes.map(({ spec }) => spec.name).join(', ')
    throw new OperatorError(`there is no process ${name}`, `There is: ${known}.`)
  }

  stop(): Promise<void> {
    this.#onAbort()
    return this.stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

const lockStateDir = async (stateDir: string): Promise<AsyncDisposable> => {
  try {
    return await lockFile(supervisorLock(stateDir), { timeoutMs: 0 })
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    throw new OperatorError(
      `the processes of ${stateDir} have a supervisor already (${error.message})`,
      'Stop that one first.',
      { cause: error },
    )
  }
}

/** Ends what is not to be kept of a predecessor's processes, last started first; answers those to adopt, by name. */
const sortOrphans = async (
  stateDir: string,
  specs: readonly ProcessSpec[],
): Promise<ReadonlyMap<string, ProcessIdentity>> => {
  const { recorded, strays } = await findOrphans(stateDir)
  const adopted = new Map<string, ProcessIdentity>()
  await Promise.all(strays.map(identity => endSupervised(identity, DEFAULT_GRACE)))
  for (const { name, digest, identity, graceMs } of recorded.reverse()) {
    const spec = specs.find(one => one.name === name)
    if (spec?.orphan === 'adopt' && specDigest(spec) === digest) adopted.set(name, identity)
    else await endSupervised(identity, graceMs)
  }
  return adopted
}

const rotateRegularly = (logFiles: readonly string[], limits: LogLimits): NodeJS.Timeout => {
  let busy = false
  // Not unreferenced: while all processes wait to be started again, nothing else would keep this one alive.
  return setInterval(async () => {
    if (busy) return
    busy = true
    for (const file of logFiles)
      await rotateLog(file, limits).catch(error => process.emitWarning(`${file} is not rotated: ${messageOf(error)}`))
    busy = false
  }, ROTATE_EVERY)
}

/** The process that supervises `stateDir`; undefined if none does. */
export const findSupervisor = async (stateDir: string): Promise<ProcessIdentity | undefined> => {
  const holder = await lockHolder(supervisorLock(stateDir))
  return holder && isRunning(holder) ? holder : undefined
}

/**
 * Ends whatever a killed supervisor of `stateDir` left running, last started first, and forgets it. Answers how many
 * there were. Throws an `OperatorError` if a supervisor is at work there.
 */
export const endOrphans = async (stateDir: string): Promise<number> => {
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const folder = await realpath(stateDir)
  await using _lock = await lockStateDir(folder)
  const { recorded, strays } = await findOrphans(folder)
  await Promise.all(strays.map(identity => endSupervised(identity, DEFAULT_GRACE)))
  for (const { identity, graceMs } of recorded.reverse()) await endSupervised(identity, graceMs)
  await removeTable(folder)
  return recorded.length + strays.length
}
