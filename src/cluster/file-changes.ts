import { type FSWatcher, watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { type Clock, systemClock } from '../machinery/clock.js'

export interface FollowFilesOptions {
  /** What to do when any of the files has changed; not called again before it is done. What it throws goes to `onError`. */
  readonly changed: () => Promise<void>
  readonly onError: (error: unknown) => void
  /** Calls `changed` so often, in ms, even if nothing has changed. */
  readonly atLeastEvery?: number
  readonly clock?: Clock
}

/** Files are mostly replaced several at a time. Milliseconds. */
const settleMs = 200
/** The kernel does not tell of all changes, such as those of what a symbolic link leads to. Milliseconds. */
const lookMs = 60_000
/** After a failure it is looked again: one of several files may have been missing. Milliseconds. */
const retryMs = 5_000

/** Calls back when files have other content, until disposed of. Files may be missing, and come later. */
export async function followFiles(
  paths: readonly string[],
  { changed, onError, atLeastEvery = Number.POSITIVE_INFINITY, clock = systemClock }: FollowFilesOptions,
): Promise<AsyncDisposable> {
  const watchers: FSWatcher[] = []
  let timer: Disposable | undefined
  let working: Promise<void> | undefined
  /** Something has changed while it was worked. */
  let stirred = false
  let stopped = false
  let known = await signature(paths)
  let called = clock.now()

  const look = async (): Promise<void> => {
    const now = await signature(paths)
    if (stopped || (now === known && clock.now() - called < atLeastEvery)) return schedule(lookMs)
    try {
      await changed()
      known = now
      called = clock.now()
      schedule(lookMs)
    } catch (error) {
      onError(error)
      schedule(retryMs)
    }
  }
  const schedule = (ms: number): void => {
    timer?.[Symbol.dispose]()
    if (stopped) return
    timer = clock.after(ms, () => {
      stirred = false
      working ??= look().finally(() => {
        working = undefined
        if (stirred) schedule(settleMs)
      })
    })
  }
  for (const folder of new Set(paths.map(path => dirname(path)))) {
    const names = new Set(paths.filter(path => dirname(path) === folder).map(path => basename(path)))
    const watcher = watchFolder(folder, name => {
      // Volumes of pods have their files changed all at once, by the link `..data`.
      if (name !== null && !names.has(name) && name !== '..data') return
      if (working) stirred = true
      else schedule(settleMs)
    })
    if (watcher) watchers.push(watcher)
  }
  schedule(lookMs)
  return {
    async [Symbol.asyncDispose]() {
      stopped = true
      timer?.[Symbol.dispose]()
      for (const watcher of watchers) watcher.close()
      await working
    },
  }
}

/** Undefined if the folder cannot be watched: then it is looked at now and then all the same. */
function watchFolder(folder: string, changed: (name: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, (_, name) => changed(name))
    watcher.on('error', () => changed(null))
    return watcher
  } catch {
    return undefined
  }
}

/** Tells two states of files apart without reading them. */
async function signature(paths: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    paths.map(async path => {
      try {
        const { ino, mtimeMs, size } = await stat(path)
        return `${ino} ${mtimeMs} ${size}`
      } catch {
        return ''
      }
    }),
  )
  return parts.join('\n')
}
