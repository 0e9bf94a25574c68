import { createHash } from 'node:crypto'
import type { Clock } from '../../machinery/clock.js'

/**
 * Answers that are believed for a while, found by what was asked. What was asked is not kept itself: it may be secret.
 * Questions that are asked again while they are under way are asked once.
 */
export class Remembered<T> {
  readonly #answers = new Map<string, { readonly value: T; readonly until: number }>()
  readonly #asked = new Map<string, Promise<T>>()

  constructor(
    private readonly options: {
      readonly clock: Clock
      /** How long an answer counts, in ms; 0 is not at all. */
      readonly lifetime: (value: T) => number
      readonly most?: number
    },
  ) {}

  /** The remembered answer, or that of `ask`. What `ask` throws is not remembered. */
  async get(question: string, ask: () => Promise<T>): Promise<T> {
    const key = createHash('sha256').update(question).digest('base64')
    const known = this.#answers.get(key)
    if (known && known.until > this.options.clock.now()) return known.value
    const pending = this.#asked.get(key)
    if (pending) return pending
    const asked = ask()
    this.#asked.set(key, asked)
    try {
      const value = await asked
      const lifetime = this.options.lifetime(value)
      if (this.#answers.size >= (this.options.most ?? 4096)) this.#answers.clear()
      if (lifetime > 0) this.#answers.set(key, { value, until: this.options.clock.now() + lifetime })
      else this.#answers.delete(key)
      return value
    } finally {
      this.#asked.delete(key)
    }
  }
}
