import { type FSWatcher, watch } from 'node:fs'

/** Tells of changes in folders; however many listen to one folder, the kernel watches it once. */
export class FolderWatches implements Disposable {
  readonly #watched = new Map<string, { readonly watcher: FSWatcher; readonly listeners: Set<() => void> }>()

  /** Calls `changed` after anything in the folder has changed, until disposed of. Throws if there is no such folder. */
  listen(folder: string, changed: () => void): Disposable {
    let watched = this.#watched.get(folder)
    if (!watched) {
      const listeners = new Set<() => void>()
      const tell = () => {
        for (const listener of listeners) listener()
      }
      const watcher = watch(folder, { persistent: false }, tell)
      // The folder went: listeners look for themselves.
      watcher.on('error', tell)
      watched = { watcher, listeners }
      this.#watched.set(folder, watched)
    }
    const { watcher, listeners } = watched
    // A listener of its own, even if the same function listens twice.
    const listener = () => changed()
    listeners.add(listener)
    return {
      [Symbol.dispose]: () => {
        listeners.delete(listener)
        if (listeners.size > 0 || this.#watched.get(folder)?.watcher !== watcher) return
        watcher.close()
        this.#watched.delete(folder)
      },
    }
  }

  [Symbol.dispose](): void {
    for (const { watcher } of this.#watched.values()) watcher.close()
    this.#watched.clear()
  }
}
