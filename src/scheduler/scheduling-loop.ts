import type { TakenPod } from './scheduling-queue.js'

/** So long, in ms, pods are tried in one go before others on the event loop get their turn. */
const turn = 10

export interface SchedulingLoopOptions {
  /** The pod whose turn it is, if there is one. */
  readonly take: () => TakenPod | undefined
  /** Resolves when the next pod may be tried. */
  readonly schedule: (taken: TakenPod) => Promise<void>
  readonly onError: (error: unknown) => void
}

/** Tries one pod after the other, as long as there are any, in turns with whoever shares the event loop. */
export class SchedulingLoop implements Disposable {
  #running = false
  #disposed = false

  constructor(private readonly options: SchedulingLoopOptions) {}

  /** There may be pods to try. */
  wake(): void {
    if (this.#running || this.#disposed) return
    this.#running = true
    setImmediate(() => {
      this.#run().catch(this.options.onError)
    })
  }

  [Symbol.dispose](): void {
    this.#disposed = true
  }

  async #run(): Promise<void> {
    const { take, schedule } = this.options
    try {
      let began = performance.now()
      while (!this.#disposed) {
        const taken = take()
        if (!taken) return
        await schedule(taken)
        if (performance.now() - began < turn) continue
        await new Promise<void>(resolve => setImmediate(resolve))
        began = performance.now()
      }
    } finally {
      this.#running = false
    }
  }
}
