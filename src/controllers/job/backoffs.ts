/** Ms before the first new pod after a failure; doubled with each further one, up to the most. */
const first = 10_000
const most = 10 * 60_000

interface Record {
  /** Failures since the last success. */
  readonly failures: number
  readonly failedAt: number
}

/** Ms to wait after so many failures in a row. */
export const backOff = (failures: number): number => Math.min(most, first * 2 ** (failures - 1))

/** How long each job waits after its pods have failed. */
export class Backoffs {
  readonly #records = new Map<string, Record>()

  /** Ends of pods that are new, in ms. */
  note(job: string, failedAt: readonly number[], succeededAt: readonly number[]): void {
    if (failedAt.length + succeededAt.length === 0) return
    const lastSuccess = Math.max(0, ...succeededAt)
    const later = failedAt.filter(at => at > lastSuccess)
    const before = succeededAt.length > 0 ? 0 : (this.#records.get(job)?.failures ?? 0)
    const failedBefore = this.#records.get(job)?.failedAt ?? 0
    if (before + later.length === 0) this.#records.delete(job)
    else this.#records.set(job, { failures: before + later.length, failedAt: Math.max(failedBefore, ...later) })
  }

  /** Ms until pods may be made again. */
  remaining(job: string, now: number): number {
    const record = this.#records.get(job)
    if (!record) return 0
    return Math.max(0, record.failedAt + backOff(record.failures) - now)
  }

  forget(job: string): void {
    this.#records.delete(job)
  }
}
