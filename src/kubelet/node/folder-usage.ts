import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../machinery/clock.js'

const block = 512

/** What a folder and all below it take of its disk. */
export interface FolderUsage {
  readonly bytes: number
  readonly inodes: number
}

/** Nothing if there is no such folder. Links are not followed; a file of several names counts once for each. */
export async function folderUsage(folder: string): Promise<FolderUsage> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined)
  if (!entries) return { bytes: 0, inodes: 0 }
  let bytes = 0
  let inodes = 1
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      const inner = await folderUsage(path)
      bytes += inner.bytes
      inodes += inner.inodes
    } else {
      inodes++
      bytes += await lstat(path).then(
        ({ blocks }) => blocks * block,
        () => 0,
      )
    }
  }
  return { bytes, inodes }
}

/** Milliseconds for which what a folder takes is not counted anew: the kubelet's volumeStatsAggPeriod. */
const lifetime = 60_000

/** What folders take, counted once in a while however often it is asked for. */
export class FolderUsages {
  readonly #known = new Map<string, { readonly at: number; readonly usage: Promise<FolderUsage> }>()

  constructor(private readonly clock: Clock) {}

  of(folder: string): Promise<FolderUsage> {
    const now = this.clock.now()
    const known = this.#known.get(folder)
    if (known && now - known.at < lifetime) return known.usage
    for (const [path, { at }] of this.#known) if (now - at >= 2 * lifetime) this.#known.delete(path)
    const usage = folderUsage(folder)
    this.#known.set(folder, { at: now, usage })
    return usage
  }
}
