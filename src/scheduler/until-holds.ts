import type { Clock } from '../machinery/clock.js'

export interface Awaited {
  /** Says whether it holds. Throws if it never will. */
  readonly look: () => boolean
  /** Has a listener told of every change that may matter, until it is disposed of. */
  readonly listen: (listener: () => void) => Disposable
  readonly clock: Clock
  /** How long it may take, in ms. */
  readonly timeout: number
  /** What is thrown when it takes longer. */
  readonly late: () => Error
  readonly signal: AbortSignal
}

/** Resolves when it holds. Rejects with what `look` throws, with `late`, or with the signal's reason if that aborts. */
export async function untilHolds({ look, listen, clock, timeout, late, signal }: Awaited): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const check = () => {
      try {
        if (look()) end(resolve)
      } catch (error) {
        end(() => reject(error))
      }
    }
    const aborted = () => end(() => reject(signal.reason))
    const timer = clock.after(timeout, () => end(() => reject(late())))
    const listening = listen(check)
    const end = (settle: () => void) => {
      timer[Symbol.dispose]()
      listening[Symbol.dispose]()
      signal.removeEventListener('abort', aborted)
      settle()
    }
    signal.addEventListener('abort', aborted, { once: true })
    if (signal.aborted) aborted()
    else check()
  })
}
