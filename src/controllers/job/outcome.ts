import type { Job } from '../../api/batch/v1/index.js'
import type { Pod } from '../../api/core/v1/index.js'
import { readIndexes } from './index-set.js'
import { isIndexed } from './job-pods.js'
import type { Tally } from './tally.js'

/** How a job ends. */
export interface Outcome {
  readonly type: 'FailureTarget' | 'SuccessCriteriaMet'
  readonly reason: string
  readonly message: string
}

const failure = (reason: string, message: string): Outcome => ({ type: 'FailureTarget', reason, message })
const success = (reason: string, message: string): Outcome => ({ type: 'SuccessCriteriaMet', reason, message })

export const holds = ({ status }: Job, type: string): boolean =>
  status.conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false

export const isFinished = (job: Job): boolean => holds(job, 'Complete') || holds(job, 'Failed')

/** When, in ms, a job has been active for too long; undefined if it may be so for ever. */
export function deadlineOf({ spec, status }: Job): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || !status.startTime || spec.suspend) return undefined
  return Date.parse(status.startTime) + spec.activeDeadlineSeconds * 1000
}

/** How the job ends, if it does: https://kubernetes.io/docs/concepts/workloads/controllers/job/#terminal-job-conditions */
export function outcomeOf(job: Job, sum: Tally, now: number): Outcome | undefined {
  const { spec, status } = job
  for (const type of ['FailureTarget', 'SuccessCriteriaMet'] as const) {
    const decided = status.conditions?.find(condition => condition.type === type && condition.status === 'True')
    if (decided) return { type, reason: decided.reason ?? '', message: decided.message ?? '' }
  }
  if (sum.failJob !== undefined) return failure('PodFailurePolicy', sum.failJob)
  const limit = spec.backoffLimit ?? 6
  if (sum.failed > limit || hasRestartedTooOften(job, sum.active, limit))
    return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit')
  const deadline = deadlineOf(job)
  if (deadline !== undefined && now >= deadline)
    return failure('DeadlineExceeded', 'Job was active longer than specified deadline')
  return isIndexed(job) ? indexedOutcome(job, sum) : plainOutcome(job, sum)
}

const reached = success('CompletionsReached', 'Reached expected number of succeeded pods')

function plainOutcome({ spec }: Job, { succeeded, active, terminating }: Tally): Outcome | undefined {
  // Without a number of completions, one that succeeds tells the others that the work is done.
  if (spec.completions === undefined) return succeeded > 0 && active.length + terminating === 0 ? reached : undefined
  return succeeded >= spec.completions ? reached : undefined
}

function indexedOutcome({ spec }: Job, { completedIndexes, failedIndexes }: Tally): Outcome | undefined {
  const { completions = 0, maxFailedIndexes, successPolicy } = spec
  if (maxFailedIndexes !== undefined && failedIndexes.size > maxFailedIndexes)
    return failure('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes')
  for (const [i, { succeededIndexes, succeededCount }] of (successPolicy?.rules ?? []).entries()) {
    const wanted = succeededIndexes === undefined ? undefined : readIndexes(succeededIndexes)
    const there = wanted ? [...wanted].filter(index => completedIndexes.has(index)).length : completedIndexes.size
    const needed = succeededCount ?? wanted?.size ?? completions
    if (there >= needed) return success('SuccessPolicy', `Matched rules at index ${i}`)
  }
  if (completedIndexes.size >= completions) return reached
  if (failedIndexes.size > 0 && completedIndexes.size + failedIndexes.size >= completions)
    return failure('FailedIndexes', 'Job has failed indexes')
  return undefined
}

/** Where containers are restarted in place, their restarts count as failures. */
function hasRestartedTooOften({ spec }: Job, active: readonly Pod[], limit: number): boolean {
  if (spec.template.spec.restartPolicy !== 'OnFailure') return false
  let restarts = 0
  for (const { status } of active)
    for (const { restartCount } of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
      restarts += restartCount
  return limit === 0 ? restarts > 0 : restarts >= limit
}
