import { type Clock, sleep } from '../machinery/clock.js'
import { containerEvents } from './runtime/container-events.js'
import type { RuntimeView } from './runtime-view.js'

export interface RuntimeFollowerOptions {
  readonly view: RuntimeView
  readonly criSocket: string
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onError: (error: unknown) => void
  /** The view shows everything there is. Called after every full look. */
  readonly listed: () => void
  /** The runtime may have come or gone. */
  readonly reconnected: () => void
}

/** Events tell of everything; this is how often all is looked at nevertheless, in milliseconds. */
const resyncInterval = 300_000
const retryDelay = 500

/** Keeps the view of the runtime current, by its events and, now and then, by a look at everything. */
export async function followRuntime(options: RuntimeFollowerOptions): Promise<void> {
  const { view, criSocket, clock, signal, onError, listed, reconnected } = options
  const list = async () => {
    while (!signal.aborted)
      try {
        await view.list()
        listed()
        return
      } catch (error) {
        if (signal.aborted) return
        onError(error)
        await sleep(clock, retryDelay, signal).catch(() => {})
      }
  }
  const lookAround = async () => {
    while (!signal.aborted) {
      await sleep(clock, resyncInterval, signal).catch(() => {})
      if (!signal.aborted) await list()
    }
  }
  const looking = lookAround()
  for await (const event of containerEvents(criSocket, signal, { clock }))
    if (event.type === 'resync') {
      reconnected()
      await list()
    } else
      view.take(event).catch(error => {
        if (!signal.aborted) onError(error)
      })
  await looking
}
