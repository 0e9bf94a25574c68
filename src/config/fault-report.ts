import type { Clock } from '../machinery/clock.js'

/** The same fault is told of at most this often, in ms: a plugin fails as often as it is called. */
const quietMs = 10_000
const remembered = 200

/** Tells of faults of plugins, not of the same one again and again. */
export class FaultReport {
  readonly #told = new Map<string, { at: number; unsaid: number }>()

  constructor(
    private readonly clock: Clock,
    private readonly onError: (error: unknown) => void,
  ) {}

  tell(what: string, error: unknown): void {
    const key = `${what}: ${error instanceof Error ? error.message : String(error)}`
    const now = this.clock.now()
    const known = this.#told.get(key)
    if (known && now - known.at < quietMs) {
      known.unsaid++
      return
    }
    const times = known?.unsaid ? ` (and ${known.unsaid} times since it was last told)` : ''
    this.#told.delete(key)
    this.#told.set(key, { at: now, unsaid: 0 })
    const [oldest] = this.#told.keys()
    if (this.#told.size > remembered && oldest !== undefined) this.#told.delete(oldest)
    this.onError(new Error(`${what}${times}`, { cause: error }))
  }
}
