import type { Clock } from '../machinery/clock.js'

/** Does something again and again, until `signal` aborts. */
export function every(clock: Clock, ms: number, signal: AbortSignal, action: () => void): void {
  const again = (): Disposable =>
    clock.after(ms, () => {
      timer = again()
      action()
    })
  let timer = again()
  signal.addEventListener('abort', () => timer[Symbol.dispose](), { once: true })
}
