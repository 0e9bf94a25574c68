import type { Clock } from '../machinery/clock.js'
import type { Handler } from '../machinery/http.js'
import { loadedInTime } from './config-file.js'
import type { FaultReport } from './fault-report.js'
import { errorOf } from './plugin-call.js'
import { PluginFault } from './plugin-host.js'
import type { PluginMetrics } from './plugin-metrics.js'
import { RestartPause } from './restart-pause.js'
import { nameOf, WatchedWorker } from './watched-worker.js'
import type { FromWorker, ThreadComponent } from './worker-messages.js'

/** A thread is asked so often, in ms, whether it is there. */
const lookEveryMs = 2_000
const longestPauseMs = 60_000
/** One that does not answer for so many ms is caught in a loop. */
const patienceMs = 10_000

export interface ComponentThreadOptions {
  readonly file: string
  readonly component: ThreadComponent
  readonly handle: Handler
  readonly clock: Clock
  readonly report: FaultReport
  readonly metrics: PluginMetrics
  readonly patienceMs?: number
}

/** Keeps a controller of a configuration file, or the scheduler, running in a thread of its own, until disposed of. */
export class ComponentThread implements AsyncDisposable {
  readonly #pause: RestartPause
  #worker: WatchedWorker
  #look: Disposable | undefined
  #stopped = false

  constructor(private readonly options: ComponentThreadOptions) {
    this.#pause = new RestartPause(options.clock, longestPauseMs)
    this.#worker = this.#begin()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#pause[Symbol.dispose]()
    this.#look?.[Symbol.dispose]()
    await this.#worker.end()
  }

  #begin(): WatchedWorker {
    const { file, component, handle } = this.options
    const worker = new WatchedWorker({
      file,
      component,
      handle,
      onMessage: message => this.#hear(message),
    })
    loadedInTime(worker, file, this.options.clock).then(
      () => this.#watch(worker),
      error => void worker.end(error),
    )
    void worker.ended.then(why => {
      this.#look?.[Symbol.dispose]()
      if (!this.#stopped) this.#restart(why)
    })
    return worker
  }

  /** Asks again and again whether it is there. */
  #watch(worker: WatchedWorker): void {
    const { clock, patienceMs: patience = patienceMs } = this.options
    // One that has ended meanwhile is replaced, and its successor watched.
    if (this.#stopped || this.#worker !== worker) return
    this.#look = clock.after(Math.min(lookEveryMs, patience), async () => {
      if (await worker.answers(patience)) return this.#watch(worker)
      await worker.end(new PluginFault('blocked', `it did not let go of its thread within ${patience} ms`))
    })
  }

  #restart(why: Error): void {
    const { component, report, metrics } = this.options
    const name = nameOf(component)
    report.tell(`${calledOf(component)} has ended and is started anew`, why)
    metrics.restarted(name, why instanceof PluginFault ? why.reason : 'crash')
    this.#pause.before(() => {
      this.#worker = this.#begin()
    })
  }

  #hear(message: FromWorker): void {
    const { component, report, metrics } = this.options
    if (message.type === 'ran') {
      const { controller, result, seconds } = message.outcome
      metrics.called(controller, 'reconcile', result, seconds)
    } else if (message.type === 'fault') report.tell(`${calledOf(component)}, ${message.where}`, errorOf(message.error))
  }
}

const calledOf = (component: ThreadComponent): string =>
  component.type === 'scheduler' ? 'the scheduler' : `controller ${component.name}`
