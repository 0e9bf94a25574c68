/** What one consumer reads: whatever has gathered at a time, taken by hand or iterated over. */
export interface Batches<T> extends AsyncIterable<readonly T[]> {
  /** The consumer was too slow and items are lost. */
  readonly overflowed: boolean
  /** Everything has been taken, and nothing will come. */
  readonly ended: boolean
  /** What has gathered; nothing if there is nothing yet. */
  take(): readonly T[]
  /** Calls `action` once, soon after there is something to take or the end has come. */
  whenReady(action: () => void): void
  /** The consumer wants no more. */
  leave(): void
}

const nothing: readonly never[] = []

/**
 * A queue between one producer and one consumer that takes whatever has gathered at a time. Bounded: a consumer that
 * falls too far behind loses the queue, never the server its memory.
 */
export class BatchQueue<T> implements Batches<T> {
  /** One array for all who wait: there may be thousands, and mostly one item comes at a time. */
  #items: readonly T[] = nothing
  #ready: (() => void) | undefined
  #closed = false
  #overflowed = false

  constructor(readonly capacity: number) {}

  /** False once the queue is closed or has just overflowed: the producer may forget it. */
  push(item: T): boolean {
    if (this.#closed) return false
    if (this.#items.length >= this.capacity) {
      this.#items = nothing
      this.#overflowed = true
      this.close()
      return false
    }
    if (this.#items === nothing) this.#items = [item]
    else (this.#items as T[]).push(item)
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

  get overflowed(): boolean {
    return this.#overflowed
  }

  get ended(): boolean {
    return this.#closed && this.#items.length === 0
  }

  take(): readonly T[] {
    const batch = this.#items
    // Never what is pushed to later.
    this.#items = nothing
    return batch
  }

  whenReady(action: () => void): void {
    this.#ready = action
    if (this.#items.length > 0 || this.#closed) this.#notify()
  }

  leave(): void {
    this.#closed = true
    this.#items = nothing
    this.#ready = undefined
  }

  [Symbol.asyncIterator](): AsyncIterator<readonly T[]> {
    return batchesOf(this)
  }

  #notify(): void {
    if (!this.#ready) return
    soon(this.#ready)
    this.#ready = undefined
  }
}

/** Iterates over what is taken by hand. */
export async function* batchesOf<T>(batches: Batches<T>): AsyncGenerator<readonly T[]> {
  try {
    for (;;) {
      const batch = batches.take()
      if (batch.length > 0) yield batch
      else if (batches.ended) return
      else await new Promise<void>(resolve => batches.whenReady(resolve))
    }
  } finally {
    batches.leave()
  }
}

let waiting: (() => void)[] = []

/** One microtask for all that a commit wakes: there may be thousands. */
function soon(action: () => void): void {
  if (waiting.push(action) > 1) return
  queueMicrotask(() => {
    const actions = waiting
    waiting = []
    for (const action of actions) action()
  })
}
