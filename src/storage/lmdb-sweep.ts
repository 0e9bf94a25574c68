import type { Upkeep } from './lmdb-commits.js'
import type { View } from './lmdb-view.js'

const sweepPiece = 1000

/**
 * The next step towards compacting up to `revision`: at first that it is compacted, so that nobody reads there any
 * more, and with it a piece of the log at a time.
 *
 * A record is useless once the write that replaced it is compacted, a delete as soon as it is compacted itself. So each
 * record up to `revision` says what goes: the one it replaced, and itself if it is a delete.
 */
export function planSweep(view: View, revision: number): Upkeep {
  const compacted = Math.max(view.state.compacted, revision)
  const forget: number[] = []
  let swept = view.state.swept
  for (const record of view.log(swept, Math.min(sweepPiece, compacted - swept))) {
    if (record.revision > compacted) break
    if (record.previousRevision) forget.push(record.previousRevision)
    if (!record.value) forget.push(record.revision)
    swept = record.revision
  }
  return { state: { ...view.state, compacted, swept }, forget }
}
