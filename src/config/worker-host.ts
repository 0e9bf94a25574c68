import type { Clock } from '../machinery/clock.js'
import { StatusError } from '../machinery/status-error.js'
import { ConfigError } from './config-error.js'
import { loadedInTime } from './config-file.js'
import type { FaultReport } from './fault-report.js'
import type { Manifest } from './manifest.js'
import { errorOf, type PluginCall } from './plugin-call.js'
import { PluginFault, type PluginHost, tookTooLong } from './plugin-host.js'
import type { PluginMetrics } from './plugin-metrics.js'
import { RestartPause } from './restart-pause.js'
import { WatchedWorker, type WatchedWorkerOptions } from './watched-worker.js'
import type { FromWorker } from './worker-messages.js'

/** A thread that does not answer for so many ms when it is asked whether it is there is caught in a loop. */
const pingMs = 1_000
/** Requests wait for a thread that is started anew: the longest pause before that, in ms. */
const longestPauseMs = 5_000

export interface WorkerHostOptions extends Omit<WatchedWorkerOptions, 'onMessage' | 'component'> {
  readonly clock: Clock
  readonly report: FaultReport
  readonly metrics: PluginMetrics
}

interface Waiting {
  readonly call: PluginCall
  readonly timeoutMs: number
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** Ends its time: since it was sent, or since it waits for a thread that it could be sent to. */
  timer?: Disposable
  sent: boolean
  /** It was under way when a thread ended, and is made once more. */
  repeated: boolean
}

/**
 * Runs the functions of a configuration file in a thread, which is ended and started anew when a call takes too long
 * while the thread is caught in a loop. Calls that were under way with it may be others' victims: they are made once more,
 * one after the other, so that none falls twice with another one.
 */
export class WorkerHost implements PluginHost {
  readonly #calls = new Map<number, Waiting>()
  readonly #pause: RestartPause
  #worker: WatchedWorker | undefined
  #ready = false
  #checking = false
  #stopped = false
  #lastId = 0

  private constructor(
    private readonly options: WorkerHostOptions,
    public manifest: Manifest,
  ) {
    this.#pause = new RestartPause(options.clock, longestPauseMs)
  }

  /** Throws a `ConfigError` if the file is no configuration. */
  static async start(options: WorkerHostOptions): Promise<WorkerHost> {
    const empty: Manifest = {
      resources: [],
      controllers: [],
      admission: [],
      authenticators: [],
      authorizers: [],
      hooks: [],
      scheduler: [],
      rights: [],
    }
    const host = new WorkerHost(options, empty)
    const worker = host.#begin()
    try {
      host.manifest = (await loadedInTime(worker, options.file, options.clock)).manifest
    } catch (error) {
      host.#stopped = true
      await worker.end()
      throw error
    }
    if (isCalled(host.manifest)) host.#isReady(worker)
    else await host[Symbol.asyncDispose]()
    return host
  }

  call(call: PluginCall, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId
      const waiting: Waiting = { call, timeoutMs, resolve, reject, sent: false, repeated: false }
      this.#calls.set(id, waiting)
      this.#startTimer(id, waiting)
      if (this.#ready) this.#send(id, waiting)
    })
  }

  /** Makes the next call once more, unless one of them is under way. */
  #repeatNext(): void {
    if (!this.#ready) return
    const repeated = [...this.#calls].filter(([, waiting]) => waiting.repeated)
    const [next] = repeated
    if (!next || repeated.some(([, { sent }]) => sent)) return
    this.#startTimer(...next)
    this.#send(...next)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#pause[Symbol.dispose]()
    const gone = new PluginFault('crash', 'the cluster is stopping')
    for (const id of [...this.#calls.keys()]) this.#settle(id, waiting => waiting.reject(gone))
    await this.#worker?.end()
  }

  #begin(): WatchedWorker {
    const worker = new WatchedWorker({ ...this.options, onMessage: message => this.#hear(message) })
    this.#worker = worker
    void worker.ended.then(why => {
      if (!this.#stopped) this.#restart(why)
    })
    return worker
  }

  /** The thread has ended by itself, or was caught in a loop. */
  #restart(why: Error): void {
    const { report, metrics } = this.options
    this.#ready = false
    report.tell('the thread of plugins has ended and is started anew', why)
    metrics.restarted('config', why instanceof PluginFault ? why.reason : 'crash')
    const crashed = new PluginFault('crash', `its thread has ended: ${why.message}`, { cause: why })
    for (const [id, waiting] of [...this.#calls]) {
      if (!waiting.sent) continue
      if (waiting.repeated) this.#settle(id, () => waiting.reject(crashed))
      else {
        waiting.repeated = true
        waiting.sent = false
        this.#startTimer(id, waiting)
      }
    }
    this.#pause.before(async () => {
      const worker = this.#begin()
      try {
        const { file, clock } = this.options
        const { manifest } = await loadedInTime(worker, file, clock)
        if (JSON.stringify(manifest) !== JSON.stringify(this.manifest))
          throw new ConfigError(`${file} has changed since the cluster was started: start it again`)
        this.#isReady(worker)
      } catch (error) {
        // It ends, and is tried again after a longer pause.
        await worker.end(error as Error)
      }
    })
  }

  #isReady(worker: WatchedWorker): void {
    if (this.#worker !== worker) return
    this.#ready = true
    for (const [id, waiting] of this.#calls) {
      waiting.timer?.[Symbol.dispose]()
      if (waiting.repeated) continue
      this.#startTimer(id, waiting)
      this.#send(id, waiting)
    }
    this.#repeatNext()
  }

  #send(id: number, waiting: Waiting): void {
    waiting.sent = true
    this.#worker?.post({ type: 'call', id, call: waiting.call })
  }

  #startTimer(id: number, waiting: Waiting): void {
    waiting.timer?.[Symbol.dispose]()
    waiting.timer = this.options.clock.after(waiting.timeoutMs, () => void this.#overdue(id))
  }

  async #overdue(id: number): Promise<void> {
    const waiting = this.#calls.get(id)
    if (!waiting) return
    const { timeoutMs, reject } = waiting
    if (!waiting.sent) {
      const fault = new PluginFault('crash', `the thread of plugins did not come back within ${timeoutMs} ms`)
      return this.#settle(id, () => reject(fault))
    }
    const worker = this.#worker
    if (!worker || this.#checking || (await this.#isAlive(worker)))
      return this.#settle(id, () => reject(tookTooLong(timeoutMs)))
    const fault = new PluginFault('blocked', `it did not let go of its thread within ${timeoutMs} ms, which was ended`)
    this.#settle(id, () => reject(fault))
    await worker.end(fault)
  }

  async #isAlive(worker: WatchedWorker): Promise<boolean> {
    this.#checking = true
    try {
      return await worker.answers(pingMs)
    } finally {
      this.#checking = false
    }
  }

  #hear(message: FromWorker): void {
    if (message.type === 'answer' || message.type === 'failed') this.#pause.reset()
    if (message.type === 'answer') this.#settle(message.id, ({ resolve }) => resolve(message.value))
    else if (message.type === 'failed') {
      const error = errorOf(message.error)
      const fault = error instanceof StatusError ? error : new PluginFault('error', error.message, { cause: error })
      this.#settle(message.id, ({ reject }) => reject(fault))
    } else if (message.type === 'fault') this.options.report.tell(`plugins: ${message.where}`, errorOf(message.error))
  }

  #settle(id: number, how: (waiting: Waiting) => void): void {
    const waiting = this.#calls.get(id)
    if (!waiting) return
    this.#calls.delete(id)
    waiting.timer?.[Symbol.dispose]()
    how(waiting)
    if (waiting.repeated) this.#repeatNext()
  }
}

/** Whether there is anything to be called: controllers have threads of their own. */
const isCalled = ({ admission, authenticators, authorizers, hooks }: Manifest): boolean =>
  [admission, authenticators, authorizers, hooks].some(({ length }) => length > 0)
