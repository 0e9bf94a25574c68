import { setMaxListeners } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { checkRevision } from './keys.js'
import { type Change, CompactedError, FutureRevisionError } from './store.js'

/** Where a watch finds the changes that were committed before it looked. */
export interface ChangeHistory {
  /** The newest revision that has been published. */
  newest(): number
  compacted(): number
  /**
   * Changes of keys with `prefix` after `revision`, up to `newest()`, in order: a piece small enough not to block.
   * `through` is the revision up to which nothing is missing; it is beyond `revision` unless that is the newest.
   */
  read(prefix: string, revision: number): { readonly changes: readonly Change[]; readonly through: number }
}

/** One write of a commit. The change is only asked for if someone watches the key. */
export interface CommittedWrite {
  readonly key: string
  change(): Change
}

interface Watcher {
  readonly prefix: string
  /** Everything up to here has been delivered, or is in the queue. */
  position: number
  /** Commits not yet delivered, oldest first. */
  queue: (readonly Change[])[]
  queued: number
  wake: (() => void) | undefined
}

/**
 * Hands commits to watchers as they are published. A watcher that starts in the past, or that has let its queue fill
 * up, is fed from the history until it has caught up; it then costs nothing but its place in the history.
 */
export class ChangeFeed {
  /** Watchers that have everything up to the newest revision delivered or queued. */
  readonly #live = new Set<Watcher>()
  /** All that are waiting or iterating, to be woken at the end. */
  readonly #all = new Set<Watcher>()
  #end: Error | undefined

  constructor(
    readonly history: ChangeHistory,
    /** So many changes may wait for one watcher before it has to go back to the history. */
    readonly queueLimit = 4096,
  ) {}

  /** Hands out one commit. `history.newest()` must be its last revision from now on. */
  publish(writes: readonly CommittedWrite[]): void {
    for (const watcher of this.#live) {
      const changes: Change[] = []
      for (const write of writes) {
        if (write.key.startsWith(watcher.prefix)) changes.push(write.change())
      }
      if (changes.length === 0) continue
      const oldest = watcher.queue[0]?.[0]
      if (oldest && watcher.queued + changes.length > this.queueLimit) {
        this.#live.delete(watcher)
        watcher.position = revisionOf(oldest) - 1
        watcher.queue = []
        watcher.queued = 0
        continue
      }
      watcher.queue.push(changes)
      watcher.queued += changes.length
      watcher.wake?.()
    }
  }

  /** All watches end with this error, those to come too. */
  close(reason: Error): void {
    this.#end ??= reason
    for (const watcher of this.#all) watcher.wake?.()
  }

  /** See `Store.watch`. Throws `FutureRevisionError` if `fromRevision` has not been reached. */
  async *watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncGenerator<readonly Change[]> {
    checkRevision(fromRevision)
    const watcher: Watcher = { prefix, position: fromRevision, queue: [], queued: 0, wake: undefined }
    // An iteration that is never resumed must not go on filling its queue.
    const onAbort = () => {
      this.#forget(watcher)
      watcher.wake?.()
    }
    // It is usual that many watches end with one signal, and no sign of a leak.
    setMaxListeners(0, signal)
    signal.addEventListener('abort', onAbort)
    this.#all.add(watcher)
    try {
      if (!signal.aborted && fromRevision > this.history.newest()) throw new FutureRevisionError(this.history.newest())
      while (!signal.aborted) {
        if (this.#end) throw this.#end
        const changes = this.#live.has(watcher) ? takeQueued(watcher) : undefined
        if (changes) yield changes
        else if (this.#live.has(watcher)) {
          await new Promise<void>(resolve => {
            watcher.wake = resolve
          })
          watcher.wake = undefined
        } else {
          const piece = this.#catchUp(watcher)
          if (piece.length > 0) yield piece
          else if (!this.#live.has(watcher)) await nextTurn()
        }
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#forget(watcher)
    }
  }

  #forget(watcher: Watcher): void {
    this.#all.delete(watcher)
    this.#live.delete(watcher)
    watcher.queue = []
  }

  #catchUp(watcher: Watcher): readonly Change[] {
    const { history } = this
    if (watcher.position < history.compacted()) throw new CompactedError(history.compacted())
    if (watcher.position >= history.newest()) {
      this.#live.add(watcher)
      return []
    }
    const { changes, through } = history.read(watcher.prefix, watcher.position)
    watcher.position = through
    return changes
  }
}

/** A watcher that is late gets so many changes at a time, or one commit. */
const taken = 256

/** The oldest commits that wait, as one: whoever waits for what a watcher makes of them is told but once. */
function takeQueued(watcher: Watcher): readonly Change[] | undefined {
  const first = watcher.queue.shift()
  if (!first) return undefined
  let changes: readonly Change[] = first
  if (watcher.queue.length > 0) {
    let size = first.length
    let commits = 0
    for (const { length } of watcher.queue) {
      if (size + length > taken) break
      size += length
      commits++
    }
    changes = [first, ...watcher.queue.splice(0, commits)].flat()
  }
  watcher.queued -= changes.length
  return changes
}

const revisionOf = (change: Change): number => (change.type === 'put' ? change.entry.revision : change.revision)
