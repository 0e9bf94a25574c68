import type { Pod } from '../../api/core/v1/index.js'

/** Evicted pods say least, then those that are oldest. */
const before = (a: Pod, b: Pod): number =>
  Number(isEvicted(b)) - Number(isEvicted(a)) ||
  compare(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
  compare(a.metadata.name, b.metadata.name)

const isEvicted = ({ status }: Pod): boolean => status.phase === 'Failed' && status.reason === 'Evicted'

const compare = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0)

/** Which of the pods that have ended are too many, when `threshold` may be kept. */
export function excessPods(terminated: readonly Pod[], threshold: number): readonly Pod[] {
  const excess = terminated.length - threshold
  return excess > 0 ? [...terminated].sort(before).slice(0, excess) : []
}
