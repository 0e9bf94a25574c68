import { setTimeout } from 'node:timers/promises'
import { messageOf } from '../machinery/message-of.js'
import type { ProcessIdentity } from '../machinery/process-identity.js'
import { noteInLog, tailLog } from './log-file.js'
import { OperatorError } from './operator-error.js'
import { DEFAULT_GRACE, DEFAULT_READY_TIMEOUT, type ProcessSpec, specDigest } from './process-spec.js'
import { endSupervised, type ProcessRecord } from './process-table.js'
import { afterExit, NO_RESTARTS, type RestartBackoff } from './restart-backoff.js'
import { adoptProcess, type RunningProcess, startProcess } from './running-process.js'

/** What happens to supervised processes, as it happens. */
export type ProcessEvent = { readonly name: string } & (
  | { readonly type: 'started' | 'adopted'; readonly pid: number }
  | { readonly type: 'ready'; readonly afterMs: number }
  | { readonly type: 'ended'; readonly how: string; readonly ranMs: number; readonly restartInMs: number }
  /** It ends again and again, or does not become ready in time. It is still tried. */
  | { readonly type: 'trouble'; readonly error: OperatorError }
  | { readonly type: 'stopped'; readonly how: string }
)

export interface ProcessSurroundings {
  readonly stateDir: string
  readonly logFile: string
  readonly backoff: RestartBackoff
  readonly emit: (event: ProcessEvent) => void
  /** Called when the record has changed. */
  readonly changed: () => void
}

/** Ending so often in a row is trouble. */
const TROUBLE_AFTER = 5
const READY_RETRY = 50

/** Keeps one process running, from `start` until `stop` resolves. */
export class SupervisedProcess {
  readonly spec: ProcessSpec
  readonly #around: ProcessSurroundings
  readonly #stopping = new AbortController()
  /** Left by a predecessor, to be adopted on start. */
  #orphan: ProcessIdentity | undefined
  #run: RunningProcess | undefined
  #loop: Promise<void> | undefined
  #startedAt: number | undefined
  #ready = false
  #restarts = 0
  #lastExit: string | undefined
  #restarting = false
  #wake = new AbortController()

  constructor(spec: ProcessSpec, around: ProcessSurroundings, orphan?: ProcessIdentity) {
    this.spec = spec
    this.#around = around
    this.#orphan = orphan
  }

  get record(): ProcessRecord {
    return {
      name: this.spec.name,
      argv: this.spec.argv,
      digest: specDigest(this.spec),
      logFile: this.#around.logFile,
      // A successor must find an orphan even if we are killed before its turn.
      identity: this.#orphan ?? this.#run?.identity,
      startedAt: this.#startedAt,
      ready: this.#ready,
      restarts: this.#restarts,
      lastExit: this.#lastExit,
      graceMs: this.spec.graceMs ?? DEFAULT_GRACE,
    }
  }

  /** Starts the process, or takes over the orphan. Resolves when it is ready for the first time, or is stopped. */
  start(): Promise<void> {
    return new Promise(resolve => {
      this.#loop = this.#keepRunning(resolve).finally(resolve)
    })
  }

  /** Ends the process for good. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    if (this.#orphan) await endSupervised(this.#orphan, this.spec.graceMs ?? DEFAULT_GRACE)
    await this.#endRun()
    await this.#loop
  }

  /** Ends the current run, or the wait for the next one, which begins at once. */
  async restart(): Promise<void> {
    this.#wake.abort()
    if (this.#run) this.#restarting = true
    await this.#endRun()
  }

  async #endRun(): Promise<void> {
    const run = this.#run
    if (!run) return
    run.signal(this.spec.stopSignal ?? 'SIGTERM')
    const grace = new AbortController()
    const outcome = await Promise.race([
      run.ended,
      setTimeout(this.spec.graceMs ?? DEFAULT_GRACE, 'late' as const, { signal: grace.signal }),
    ])
    grace.abort()
    if (outcome === 'late') {
      noteInLog(this.#around.logFile, `${this.spec.name} did not end in time and is killed`)
      run.signal('SIGKILL')
      await run.ended
    }
  }

  async #keepRunning(onReady: () => void): Promise<void> {
    const { stateDir, logFile, backoff, emit, changed } = this.#around
    const { name } = this.spec
    let restarts = NO_RESTARTS
    for (;;) {
      if (this.#stopping.signal.aborted) return
      const adopted = this.#orphan
      this.#orphan = undefined
      const began = performance.now()
      const run = adopted ? adoptProcess(adopted) : startProcess(this.spec, logFile, stateDir)
      this.#run = run
      this.#startedAt = Date.now()
      this.#ready = false
      changed()
      if (run.pid !== undefined) emit({ name, type: adopted ? 'adopted' : 'started', pid: run.pid })
      const over = new AbortController()
      const readiness = run.pid === undefined ? undefined : this.#awaitReady(over.signal, began, onReady)
      const how = await run.ended
      over.abort()
      await readiness
      this.#run = undefined
      this.#startedAt = undefined
      this.#ready = false
      this.#lastExit = how
      const ranMs = performance.now() - began
      if (this.#stopping.signal.aborted) {
        changed()
        emit({ name, type: 'stopped', how })
        return
      }
      this.#restarts++
      changed()
      restarts = this.#restarting ? NO_RESTARTS : afterExit(restarts, ranMs, backoff)
      this.#restarting = false
      noteInLog(
        logFile,
        `${name} ended after ${(ranMs / 1000).toFixed(2)} s with ${how}; it is started again in ${restarts.delayMs} ms`,
      )
      emit({ name, type: 'ended', how, ranMs, restartInMs: restarts.delayMs })
      if (restarts.quickExits === TROUBLE_AFTER)
        await this.#tell(`${name} ended ${TROUBLE_AFTER} times in a row, with ${how}`)
      this.#wake = new AbortController()
      await pause(restarts.delayMs, AbortSignal.any([this.#stopping.signal, this.#wake.signal]))
      if (this.#stopping.signal.aborted) emit({ name, type: 'stopped', how })
    }
  }

  /** Asks until the process is ready or `over`. Never rejects. */
  async #awaitReady(over: AbortSignal, began: number, onReady: () => void): Promise<void> {
    const { name, ready, readyTimeoutMs = DEFAULT_READY_TIMEOUT } = this.spec
    let late = false
    let trouble: unknown
    for (;;) {
      // A check that never answers must not hide that the time is over.
      const left = began + readyTimeoutMs - performance.now()
      const attempt = AbortSignal.any([over, AbortSignal.timeout(Math.ceil(Math.max(late ? readyTimeoutMs : left, 1)))])
      try {
        await orAborted(ready?.(attempt), attempt)
        break
      } catch (error) {
        if (over.aborted) return
        // What it said last says more than that it said nothing since.
        if (!attempt.aborted || trouble === undefined) trouble = attempt.aborted ? new Error('no answer') : error
        if (!late && performance.now() - began >= readyTimeoutMs) {
          late = true
          await this.#tell(`${name} is not ready after ${readyTimeoutMs / 1000} s: ${messageOf(trouble)}`)
        }
        await pause(READY_RETRY, over)
      }
    }
    if (over.aborted) return
    this.#ready = true
    this.#around.changed()
    this.#around.emit({ name, type: 'ready', afterMs: performance.now() - began })
    onReady()
  }

  async #tell(what: string): Promise<void> {
    const { logFile, emit } = this.#around
    const lines = await tailLog(logFile, { lines: 10 }).catch(() => [])
    const error = new OperatorError(
      [what, ...(lines.length > 0 ? [`the end of ${logFile}:`, ...lines] : [])].join('\n'),
      `See ${logFile}; it is tried again and again until the cause is gone.`,
    )
    emit({ name: this.spec.name, type: 'trouble', error })
  }
}

/** Waits, or not to the end if the signal aborts. */
const pause = (ms: number, signal: AbortSignal): Promise<void> => setTimeout(ms, undefined, { signal }).catch(() => {})

/** Settles as `work` does, or rejects when the signal aborts, whatever `work` makes of it. */
const orAborted = async (work: Promise<void> | undefined, signal: AbortSignal): Promise<void> => {
  if (!work) return
  let stop: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
  })
  try {
    await Promise.race([work, aborted])
  } finally {
    if (stop) signal.removeEventListener('abort', stop)
  }
}
