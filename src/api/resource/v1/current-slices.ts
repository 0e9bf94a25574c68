import type { ResourceSlice } from './index.js'

/** The slices that tell of a pool as it is now: those of an older generation are about to go. */
export function currentSlices(slices: readonly ResourceSlice[]): readonly ResourceSlice[] {
  const newest = Math.max(...slices.map(({ spec }) => spec.pool.generation))
  return slices.filter(({ spec }) => spec.pool.generation === newest)
}
