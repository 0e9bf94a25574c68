/**
 * A queue between one producer and one consumer that takes whatever has gathered at a time. Bounded: a consumer that
 * falls too far behind loses the queue, never the server its memory.
 */
export class BatchQueue<T> implements AsyncIterable<readonly T[]> {
  #items: T[] = []
  #wake: (() => void) | undefined
  #closed = false
  #overflowed = false

  constructor(readonly capacity: number) {}

  /** False once the queue is closed or has just overflowed: the producer may forget it. */
  push(item: T): boolean {
    if (this.#closed) return false
    if (this.#items.length >= this.capacity) {
      this.#items = []
      this.#overflowed = true
      this.close()
      return false
    }
    this.#items.push(item)
    this.#notify()
    return true
  }

  /** What has been pushed is still delivered. */
  close(): void {
    this.#closed = true
    this.#notify()
  }

  get closed(): boolean {
    return this.#closed
  }

  /** The consumer was too slow and items are lost. */
  get overflowed(): boolean {
    return this.#overflowed
  }

  async *[Symbol.asyncIterator](): AsyncIterator<readonly T[]> {
    try {
      for (;;) {
        if (this.#items.length > 0) {
          const batch = this.#items
          this.#items = []
          yield batch
        } else if (this.#closed) return
        else
          await new Promise<void>(resolve => {
            this.#wake = resolve
          })
      }
    } finally {
      this.#closed = true
      this.#items = []
    }
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
