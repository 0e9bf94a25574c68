/** Lets a limited number of tasks run at once; the others wait in line. */
export class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(size: number) {
    this.#free = size
  }

  /**
   * Runs a task when its turn comes; `first` puts it before those that wait already. Throws the signal's reason if it
   * aborts before that, and what the task throws.
   */
  async run<T>(task: () => Promise<T>, signal?: AbortSignal, first = false): Promise<T> {
    await this.#enter(signal, first)
    try {
      return await task()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }

  #enter(signal: AbortSignal | undefined, first: boolean): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (this.#free > 0) {
      this.#free--
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1)
        reject(signal?.reason)
      }
      if (first) this.#waiting.unshift(enter)
      else this.#waiting.push(enter)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }
}
