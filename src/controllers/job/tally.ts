import type { Job } from '../../api/batch/v1/index.js'
import type { Pod } from '../../api/core/v1/index.js'
import { podActive, podReady, podTerminating } from '../pod-state.js'
import { backOff } from './backoffs.js'
import { readIndexes } from './index-set.js'
import { earlierFailures, type IndexFailures, indexOf, isIndexed, isTracked } from './job-pods.js'
import { type FailureVerdict, judgeFailure } from './pod-failure-policy.js'

/** Pods whose end is written down in one run at most. */
const burst = 500

/** What a job's pods amount to, with those that have ended and are not written down yet. */
export interface Tally {
  readonly active: readonly Pod[]
  readonly ready: number
  readonly terminating: number
  /** With everything that has ended, written down or not. */
  readonly succeeded: number
  readonly failed: number
  /** Written down as counted for good. */
  readonly counted: { readonly succeeded: number; readonly failed: number }
  /** Ended, and yet to be let go: in the status first, then freed, then counted for good. */
  readonly uncounted: { readonly succeeded: readonly string[]; readonly failed: readonly string[] }
  readonly completedIndexes: ReadonlySet<number>
  readonly failedIndexes: ReadonlySet<number>
  /** Pods that may go once the status says what became of them. */
  readonly released: readonly Pod[]
  /** By index, how often it has failed, and when it may be tried again. */
  readonly failures: ReadonlyMap<number, FailedIndex>
  /** A failure that ends the job at once. */
  readonly failJob: string | undefined
  /** Ends of pods that failed and succeeded just now, in ms. */
  readonly failedAt: readonly number[]
  readonly succeededAt: readonly number[]
}

export interface FailedIndex extends IndexFailures {
  /** Milliseconds since the epoch. */
  readonly retryAt: number
}

/** Sums up a job's pods. `ending`: the job is over, and what has not ended counts as failed. */
export function tally(job: Job, pods: readonly Pod[], ending: 'no' | 'failing' | 'succeeding'): Tally {
  const { status, spec } = job
  const indexed = isIndexed(job)
  const completedIndexes = new Set([...readIndexes(status.completedIndexes)].filter(i => i < (spec.completions ?? 0)))
  const failedIndexes = readIndexes(status.failedIndexes)
  const tracked = new Map(pods.filter(isTracked).map(pod => [pod.metadata.uid ?? '', pod]))

  // What was let go meanwhile is counted for good.
  const before = status.uncountedTerminatedPods ?? {}
  const stillThere = (uids: readonly string[] = []) => uids.filter(uid => tracked.has(uid))
  const uncounted = { succeeded: stillThere(before.succeeded), failed: stillThere(before.failed) }
  const counted = {
    succeeded: (status.succeeded ?? 0) + (before.succeeded?.length ?? 0) - uncounted.succeeded.length,
    failed: (status.failed ?? 0) + (before.failed?.length ?? 0) - uncounted.failed.length,
  }
  const written = new Set([...uncounted.succeeded, ...uncounted.failed])
  const failures = failuresByIndex(job, pods)
  const released: Pod[] = []
  const failedAt: number[] = []
  const succeededAt: number[] = []
  let failJob: string | undefined

  for (const [uid, pod] of tracked) {
    if (written.has(uid)) {
      released.push(pod)
      continue
    }
    if (released.length >= burst) continue
    const index = indexed ? indexOf(job, pod) : undefined
    if (pod.status.phase === 'Succeeded') {
      released.push(pod)
      succeededAt.push(endOf(pod))
      if (!indexed) uncounted.succeeded.push(uid)
      else if (index !== undefined) completedIndexes.add(index)
      continue
    }
    const failed = hasFailed(job, pod) || ending === 'failing'
    if (!failed) {
      if (ending === 'succeeding') released.push(pod)
      continue
    }
    const verdict = pod.status.phase === 'Failed' ? judgeFailure(job, pod) : ignoredNever
    if (verdict.action === 'FailJob') failJob ??= verdict.message
    if (!mayGo(job, pod, index, pods, completedIndexes, failedIndexes, verdict, failures)) continue
    released.push(pod)
    failedAt.push(endOf(pod))
    if (verdict.action === 'Ignore' || (indexed && index === undefined)) continue
    uncounted.failed.push(uid)
  }
  const active = pods.filter(podActive)
  const succeeded = indexed ? completedIndexes.size : counted.succeeded + uncounted.succeeded.length
  return {
    active,
    ready: active.filter(podReady).length,
    terminating: pods.filter(podTerminating).length,
    succeeded,
    failed: counted.failed + uncounted.failed.length,
    counted: indexed ? { ...counted, succeeded } : counted,
    uncounted,
    completedIndexes,
    failedIndexes,
    released,
    failures,
    failJob,
    failedAt,
    succeededAt,
  }
}

const ignoredNever: FailureVerdict = { action: 'Count', message: '' }

/** A pod that was deleted has failed, unless the job waits until it really has. */
function hasFailed({ spec }: Job, { status, metadata }: Pod): boolean {
  if (status.phase === 'Failed') return true
  return (
    spec.podReplacementPolicy !== 'Failed' && metadata.deletionTimestamp !== undefined && status.phase !== 'Succeeded'
  )
}

/** How often each index has failed, as its pods say that are there. */
function failuresByIndex(job: Job, pods: readonly Pod[]): Map<number, FailedIndex> {
  const failures = new Map<number, FailedIndex>()
  if (job.spec.backoffLimitPerIndex === undefined) return failures
  for (const pod of pods) {
    const index = indexOf(job, pod)
    if (index === undefined) continue
    const known = failures.get(index)
    const found = failuresWith(job, pod)
    if (!known || sumOf(found) > sumOf(known)) failures.set(index, found)
  }
  return failures
}

/** How often a pod's index has failed, with this pod. */
function failuresWith(job: Job, pod: Pod): FailedIndex {
  const { counted, ignored } = earlierFailures(pod)
  if (!hasFailed(job, pod)) return { counted, ignored, retryAt: 0 }
  const isIgnored = judgeFailure(job, pod).action === 'Ignore'
  const failures = isIgnored ? { counted, ignored: ignored + 1 } : { counted: counted + 1, ignored }
  return { ...failures, retryAt: endOf(pod) + backOff(sumOf(failures)) }
}

const sumOf = ({ counted, ignored }: IndexFailures): number => counted + ignored

/**
 * Whether a failed pod may be let go. Where failures are counted by index, the last one is kept until its successor says
 * how many there have been.
 */
function mayGo(
  job: Job,
  pod: Pod,
  index: number | undefined,
  pods: readonly Pod[],
  completed: ReadonlySet<number>,
  failed: Set<number>,
  { action }: FailureVerdict,
  failures: ReadonlyMap<number, FailedIndex>,
): boolean {
  const limit = job.spec.backoffLimitPerIndex
  if (limit === undefined || index === undefined) return true
  if (action === 'FailIndex' || (failures.get(index)?.counted ?? 0) > limit) failed.add(index)
  if (completed.has(index) || failed.has(index) || job.metadata.deletionTimestamp) return true
  const own = sumOf(earlierFailures(pod))
  return pods.some(other => other !== pod && indexOf(job, other) === index && sumOf(earlierFailures(other)) > own)
}

/**
 * When a pod ended, in ms: when the last of its containers did; if they do not say, when it was no longer ready, or was
 * deleted. One of which nothing is known has ended when it was made.
 */
function endOf({ metadata, spec, status }: Pod): number {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp } = metadata
  const sidecars = new Set((spec.initContainers ?? []).flatMap(one => (one.restartPolicy === 'Always' ? one.name : [])))
  const statuses = [
    ...(status.containerStatuses ?? []),
    ...(status.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)),
  ]
  const ends = statuses.flatMap(({ state }) => state.terminated?.finishedAt ?? [])
  if (ends.length > 0 && ends.length === statuses.length) return Math.max(...ends.map(text => Date.parse(text)))
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  if (ready?.status === 'False' && ready.lastTransitionTime) return Date.parse(ready.lastTransitionTime)
  if (deletionTimestamp) return Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000
  return creationTimestamp ? Date.parse(creationTimestamp) : 0
}
