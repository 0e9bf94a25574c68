import type { Job } from '../../api/batch/v1/index.js'
import type { Pod } from '../../api/core/v1/index.js'
import { indexOf, isIndexed } from './job-pods.js'
import type { Tally } from './tally.js'

/** Pods made in one run at most. */
const burst = 500

/** What is to be done about a job's running pods. */
export interface Plan {
  readonly doomed: readonly Pod[]
  /** Pods to make; of an indexed job their indexes. */
  readonly missing: number
  readonly indexes: readonly number[]
}

/** Compares what runs with what should. Nothing should while the job is suspended or over. */
export function planPods(job: Job, sum: Tally, over: boolean): Plan {
  const { spec } = job
  if (over || spec.suspend) return { doomed: sum.active, missing: 0, indexes: [] }
  const { parallelism = 1, completions } = spec
  const waits = spec.podReplacementPolicy === 'Failed' ? sum.terminating : 0
  const wanted =
    completions === undefined
      ? sum.succeeded > 0
        ? Math.min(sum.active.length, parallelism)
        : parallelism
      : Math.min(parallelism, completions - sum.succeeded - (isIndexed(job) ? sum.failedIndexes.size : 0))
  if (!isIndexed(job)) {
    const surplus = sum.active.length - wanted
    if (surplus > 0) return { doomed: inDeletionOrder(sum.active).slice(0, surplus), missing: 0, indexes: [] }
    return { doomed: [], missing: Math.min(burst, Math.max(0, wanted - sum.active.length - waits)), indexes: [] }
  }
  return planIndexes(job, sum, Math.max(0, wanted), waits)
}

function planIndexes(job: Job, sum: Tally, wanted: number, waits: number): Plan {
  const taken = new Map<number, Pod>()
  const doomed: Pod[] = []
  for (const pod of inDeletionOrder(sum.active).reverse()) {
    const index = indexOf(job, pod)
    // Two of one index are one too many; so is one whose index is done.
    if (index === undefined || taken.has(index) || sum.completedIndexes.has(index) || sum.failedIndexes.has(index))
      doomed.push(pod)
    else taken.set(index, pod)
  }
  const surplus = taken.size - wanted
  if (surplus > 0) {
    const last = [...taken].sort(([a], [b]) => b - a).slice(0, surplus)
    return { doomed: [...doomed, ...last.map(([, pod]) => pod)], missing: 0, indexes: [] }
  }
  const room = Math.min(burst, wanted - taken.size - waits)
  const indexes: number[] = []
  for (let index = 0; index < (job.spec.completions ?? 0) && indexes.length < room; index++)
    if (!taken.has(index) && !sum.completedIndexes.has(index) && !sum.failedIndexes.has(index)) indexes.push(index)
  return { doomed, missing: indexes.length, indexes }
}

/** Those go first that have come least far. */
function inDeletionOrder(pods: readonly Pod[]): Pod[] {
  const rank = ({ spec, status }: Pod) => (spec.nodeName ? 2 : 0) + (status.phase === 'Running' ? 1 : 0)
  const born = ({ metadata }: Pod) => metadata.creationTimestamp ?? ''
  return [...pods].sort((a, b) => rank(a) - rank(b) || (born(a) < born(b) ? 1 : born(a) > born(b) ? -1 : 0))
}
