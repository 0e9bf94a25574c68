/** How long to wait before starting a process again that ended by itself. Milliseconds. */
export interface RestartBackoff {
  readonly initialMs: number
  readonly maxMs: number
  /** A process that ran this long is healthy: the next wait is the initial one again. */
  readonly resetAfterMs: number
}

export const DEFAULT_BACKOFF: RestartBackoff = { initialMs: 100, maxMs: 10_000, resetAfterMs: 10_000 }

/** The restarts in a row, and the wait before the next one. */
export interface RestartState {
  readonly quickExits: number
  readonly delayMs: number
}

export const NO_RESTARTS: RestartState = { quickExits: 0, delayMs: 0 }

/** The state after a process ended that had run for `ranMs`. */
export const afterExit = (state: RestartState, ranMs: number, backoff: RestartBackoff): RestartState =>
  ranMs >= backoff.resetAfterMs
    ? { quickExits: 0, delayMs: backoff.initialMs }
    : {
        quickExits: state.quickExits + 1,
        delayMs: state.delayMs === 0 ? backoff.initialMs : Math.min(state.delayMs * 2, backoff.maxMs),
      }
