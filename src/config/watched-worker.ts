import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { sleepAwake, systemClock } from '../machinery/clock.js'
import type { Handler, UserInfo } from '../machinery/http.js'
import { ConfigError } from './config-error.js'
import type { Manifest } from './manifest.js'
import { configUser, controllerUser, schedulerUser } from './plugin-users.js'
import { servePort } from './port-transport.js'
import type { FromWorker, ThreadComponent, ToWorker, WorkerStart } from './worker-messages.js'

const defaultHeapMb = 256

/**
 * At a full heap V8 gives a thread 16 MB more to end in; what one collection of the young generation moves into the old
 * one has to fit, or the whole process ends.
 */
const youngHeapMb = 16

export interface WatchedWorkerOptions {
  readonly file: string
  /** What it runs; to be called, when absent. */
  readonly component?: ThreadComponent
  /** How much room the thread's objects may take, in megabytes; what takes more ends it, and it alone. 256 by default. */
  readonly heapMb?: number
  /** The API server, for the thread's clients. */
  readonly handle: Handler
  readonly onMessage: (message: FromWorker) => void
}

/** What a thread has found in a file. */
export interface LoadedConfig {
  readonly manifest: Manifest
  /** The file, and those of the same project that it imports. */
  readonly files: readonly string[]
}

/** How logs and metrics call what a thread runs. */
export const nameOf = (component: ThreadComponent): string =>
  component.type === 'scheduler' ? component.type : component.name

const userOf = (component: ThreadComponent): UserInfo =>
  component.type === 'scheduler' ? schedulerUser : controllerUser(component.name)

/** One life of a thread of plugins. */
export class WatchedWorker {
  /** What the configuration declares. Rejects with a `ConfigError` if it cannot be used. */
  readonly loaded: Promise<LoadedConfig>
  /** Why it has ended. */
  readonly ended: Promise<Error>
  readonly #worker: Worker
  readonly #pongs = new Map<number, () => void>()
  readonly #over = new AbortController()
  #pings = 0
  #failure: Error | undefined

  constructor({ file, component, handle, heapMb = defaultHeapMb, onMessage }: WatchedWorkerOptions) {
    const serve = (user: UserInfo): MessagePort => {
      const { port1: near, port2: far } = new MessageChannel()
      servePort(near, { handle, user, signal: this.#over.signal })
      return far
    }
    const port = serve(configUser)
    const own = component && { of: component, port: serve(userOf(component)) }
    const start: WorkerStart = { file, port, ...(own ? { component: own } : {}) }
    // Beside this file, whether it is compiled or bundled.
    this.#worker = new Worker(new URL('./config-worker.js', import.meta.url), {
      workerData: start,
      transferList: [port, ...(own ? [own.port] : [])],
      name: component ? nameOf(component) : 'config',
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: youngHeapMb },
      // Flags of this process, such as a test runner's, are not for plugins.
      execArgv: [],
    })
    this.loaded = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromWorker) => {
        if (message.type === 'loaded') resolve(message)
        else if (message.type === 'unusable')
          reject(Object.assign(new ConfigError(message.message), { stack: message.stack }))
        else if (message.type === 'pong') this.#pongs.get(message.id)?.()
        else onMessage(message)
      })
      this.#worker.once('exit', () =>
        reject(this.#failure ?? new ConfigError(`${file} ended its thread: does it call process.exit?`)),
      )
    })
    this.loaded.catch(() => {})
    this.#worker.on('error', (error: Error) => {
      this.#failure ??= error
    })
    this.ended = new Promise(resolve => {
      this.#worker.once('exit', code => {
        this.#over.abort()
        // One that has ended is not caught in a loop: its end is told by itself.
        for (const settle of this.#pongs.values()) settle()
        resolve(this.#failure ?? new Error(`its thread has ended with code ${code}`))
      })
    })
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  /** Whether it answers within so many ms that this thread was awake: whether it is not caught in a loop. */
  async answers(withinMs: number): Promise<boolean> {
    const id = ++this.#pings
    const over = new AbortController()
    const answered = new Promise<boolean>(resolve => this.#pongs.set(id, () => resolve(true)))
    this.post({ type: 'ping', id })
    const late = sleepAwake(systemClock, withinMs, over.signal).then(() => false)
    try {
      return await Promise.race([answered, late])
    } finally {
      over.abort()
      this.#pongs.delete(id)
    }
  }

  /** Ends it, whatever it is doing. */
  async end(why?: Error): Promise<void> {
    this.#failure ??= why
    await this.#worker.terminate()
  }
}
