import type { ApiObject } from '../machinery/object.js'
import type { Client, ListOptions, ListResult, WatchEvent, WatchOptions } from './client.js'

type Step = WatchEvent<ApiObject> | { readonly type: 'ERROR'; readonly error: unknown } | { readonly type: 'END' }

/** One watch a test holds the other end of. */
export class ScriptedWatch {
  #steps: Step[] = []
  #wake: (() => void) | undefined

  constructor(readonly options: WatchOptions) {
    options.signal?.addEventListener('abort', () => this.#push({ type: 'END' }), { once: true })
  }

  send(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: ApiObject): void {
    this.#push({ type, object })
  }

  bookmark(resourceVersion: string, initialEventsEnd = false): void {
    this.#push({ type: 'BOOKMARK', resourceVersion, initialEventsEnd })
  }

  fail(error: unknown): void {
    this.#push({ type: 'ERROR', error })
  }

  end(): void {
    this.#push({ type: 'END' })
  }

  #push(step: Step): void {
    this.#steps.push(step)
    this.#wake?.()
  }

  async *events(): AsyncGenerator<WatchEvent<ApiObject>> {
    for (;;) {
      const step = this.#steps.shift()
      if (!step)
        await new Promise<void>(resolve => {
          this.#wake = resolve
        })
      else if (step.type === 'END') return
      else if (step.type === 'ERROR') throw step.error
      else yield step
    }
  }
}

/** A client for tests whose watches are opened by the code under test and fed by the test. */
export class ScriptedClient {
  readonly #opened: ScriptedWatch[] = []
  #wake: (() => void) | undefined
  lists = 0
  /** What lists answer; throws by default. */
  list: (options: ListOptions) => ListResult<ApiObject> = () => {
    throw new Error('no list was expected')
  }

  readonly client = {
    list: async (_kind: unknown, options: ListOptions = {}) => {
      this.lists++
      return this.list(options)
    },
    watch: (_kind: unknown, options: WatchOptions = {}) => {
      const watch = new ScriptedWatch(options)
      this.#opened.push(watch)
      this.#wake?.()
      return watch.events()
    },
  } as unknown as Client

  /** The next watch that is opened. */
  async next(): Promise<ScriptedWatch> {
    for (;;) {
      const watch = this.#opened.shift()
      if (watch) return watch
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  get waiting(): number {
    return this.#opened.length
  }
}
