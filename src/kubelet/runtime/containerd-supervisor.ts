import { type Clock, sleep, systemClock } from '../../machinery/clock.js'
import { type Containerd, type ContainerdOptions, startContainerd } from './containerd.js'

/** A containerd that is started again whenever it ends. Disposing of it stops it for good; containers go on. */
export interface SupervisedContainerd extends AsyncDisposable {
  /** The one that runs, or ran last. */
  readonly current: Containerd
}

export interface SupervisionOptions {
  readonly clock?: Clock
  readonly start?: (options: ContainerdOptions) => Promise<Containerd>
  /** Told when the daemon ended by itself (without an error), and when it could not be started again. */
  readonly onTrouble?: (message: string, error?: unknown) => void
}

/** Milliseconds between attempts to start again; from `first` doubling to `last` while attempts fail in a row. */
const delays = { first: 100, last: 10_000 }
/** A daemon that ran this long, in milliseconds, had started well. */
const stable = 10_000

/** Starts containerd, as `startContainerd` does, resolves once it is ready, and keeps it running from then on. */
export async function superviseContainerd(
  options: ContainerdOptions,
  { clock = systemClock, start = startContainerd, onTrouble = () => {} }: SupervisionOptions = {},
): Promise<SupervisedContainerd> {
  const stopping = new AbortController()
  let current = await startReady(start, options)
  let since = clock.now()

  const keepRunning = async () => {
    let delay = delays.first
    for (;;) {
      await current.exited
      if (stopping.signal.aborted) return
      onTrouble('containerd has ended; it is started again')
      if (clock.now() - since >= stable) delay = delays.first
      for (;;) {
        await sleep(clock, delay, stopping.signal)
        delay = Math.min(delay * 2, delays.last)
        try {
          current = await startReady(start, options)
          since = clock.now()
          break
        } catch (error) {
          if (stopping.signal.aborted) return
          onTrouble('containerd cannot be started', error)
        }
      }
      if (stopping.signal.aborted) return
    }
  }
  const kept = keepRunning().catch(error => {
    if (!stopping.signal.aborted) throw error
  })

  return {
    get current() {
      return current
    },
    async [Symbol.asyncDispose]() {
      stopping.abort()
      // One that is just being started is waited for, and stopped as well.
      const running = current
      await running[Symbol.asyncDispose]()
      await kept
      if (current !== running) await current[Symbol.asyncDispose]()
    },
  }
}

async function startReady(
  start: (options: ContainerdOptions) => Promise<Containerd>,
  options: ContainerdOptions,
): Promise<Containerd> {
  const containerd = await start(options)
  try {
    await containerd.ready
    return containerd
  } catch (error) {
    await containerd[Symbol.asyncDispose]()
    throw error
  }
}
