/**
 * Turns for keys: who has lost a race for an object tries again in turn, so that of many conflicting writers each
 * loses few races, and their work grows with their number, not with its square.
 */
export class Turns {
  readonly #last = new Map<string, Promise<void>>()

  /** Runs `action` once all earlier ones of the key are over, however they ended. */
  async take<T>(key: string, action: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(key) ?? nobody).then(action)
    const over = turn.then(ignore, ignore)
    this.#last.set(key, over)
    try {
      return await turn
    } finally {
      if (this.#last.get(key) === over) this.#last.delete(key)
    }
  }

  /** Whether somebody works on a key. */
  has(key: string): boolean {
    return this.#last.has(key)
  }

  /** Keys that somebody works on or waits for. */
  get size(): number {
    return this.#last.size
  }
}

const nobody = Promise.resolve()
const ignore = () => {}
