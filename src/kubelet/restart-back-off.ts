/** How long a container that keeps ending is left alone. Milliseconds throughout. */
export interface BackOffEntry {
  readonly delay: number
  /** When the restart was made that this delay belongs to. */
  readonly at: number
}

export const initialDelay = 10_000
export const longestDelay = 300_000

/** A container that ran for this long starts over with the shortest delay. */
const forgotten = 2 * longestDelay

/** When a container that ended at `finishedAt` may run again; the first end is forgiven. */
export const restartDue = (entry: BackOffEntry | undefined, finishedAt: number): number =>
  entry && finishedAt - entry.at <= forgotten ? finishedAt + entry.delay : finishedAt

/** The entry after a restart at `now`: 10 s, then double each time up to 5 minutes. */
export const afterRestart = (entry: BackOffEntry | undefined, finishedAt: number, now: number): BackOffEntry => ({
  delay: entry && finishedAt - entry.at <= forgotten ? Math.min(entry.delay * 2, longestDelay) : initialDelay,
  at: now,
})
