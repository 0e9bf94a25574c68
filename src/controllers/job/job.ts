import { Job, type JobCondition, type JobStatus } from '../../api/batch/v1/index.js'
import { Pod } from '../../api/core/v1/index.js'
import {
  type Again,
  type Controller,
  controller,
  index,
  type ReconcileContext,
  watchAlso,
  watchOwned,
} from '../../client/controller.js'
import { controllerOf } from '../../client/owners.js'
import { rfc3339 } from '../../machinery/clock.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { selectorFromObject } from '../../machinery/labels.js'
import { messageOf } from '../../machinery/message-of.js'
import { isNotFound } from '../../machinery/status-error.js'
import { claimsOf, settleClaims } from '../adoption.js'
import { isNamespaceTerminating } from '../namespace-terminating.js'
import { podReady } from '../pod-state.js'
import { slowStart } from '../slow-start.js'
import { Backoffs } from './backoffs.js'
import { writeIndexes } from './index-set.js'
import { isIndexed, isTracked, podFor, trackingFinalizer } from './job-pods.js'
import { deadlineOf, holds, isFinished, type Outcome, outcomeOf } from './outcome.js'
import { type Plan, planPods } from './plan.js'
import { type Tally, tally } from './tally.js'

/** Who else may be a job's controller says so here. */
const ownName = 'kubernetes.io/job-controller'

/** Pods that are not gone before they are counted, by the job that is to count them. */
const trackedPods = index(Pod, pod => {
  const owner = isTracked(pod) ? controllerOf(pod) : undefined
  return owner?.kind === Job.gvk.kind ? [`${pod.metadata.namespace}/${owner.name}`] : []
})

const orphanPods = index(Pod, pod => (controllerOf(pod) ? [] : [pod.metadata.namespace ?? '']))

/**
 * Job: https://kubernetes.io/docs/concepts/workloads/controllers/job/. Pods are counted exactly once: what has ended is
 * written down in the status first, then let go by its finalizer, then counted for good.
 */
export function jobs(): Controller {
  const backoffs = new Backoffs()
  return controller({
    name: 'job',
    watches: {
      for: Job,
      owns: [watchOwned(Pod, matters)],
      also: [
        watchAlso(Pod, (pod, _, cache) =>
          controllerOf(pod)
            ? []
            : cache
                .list(Job, { namespace: pod.metadata.namespace ?? '' })
                .filter(({ spec }) => spec.selector && selectorFromObject(spec.selector).matches(pod.metadata.labels))
                .map(({ metadata: { namespace = '', name = '' } }) => ({ namespace, name })),
        ),
      ],
    },
    async reconcile(key, context) {
      const job = context.get(Job, key)
      const id = `${key.namespace}/${key.name}`
      // Of a job that is gone, or of another one under the same name: nobody counts these any more.
      const uncounted = context.by(trackedPods, id).filter(pod => controllerOf(pod)?.uid !== job?.metadata.uid)
      await letGo(uncounted, context)
      if (!job) {
        backoffs.forget(id)
        return undefined
      }
      if (job.spec.managedBy !== undefined && job.spec.managedBy !== ownName) return undefined
      const owned = context.ownedBy(Pod, job.metadata.uid ?? '')
      if (isFinished(job)) {
        await letGo(owned.filter(isTracked), context)
        return undefined
      }
      const selector = selectorFromObject(job.spec.selector)
      const orphans = context.by(orphanPods, key.namespace)
      const pods = await settleClaims(
        context.client,
        Pod,
        Job,
        job,
        claimsOf(job, selector, owned, orphans),
        trackingFinalizer,
      )
      return work(id, job, pods, backoffs, context)
    },
  })
}

function matters(pod: Pod, old: Pod): boolean {
  return (
    pod.status.phase !== old.status.phase ||
    podReady(pod) !== podReady(old) ||
    pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
    !jsonEqual(pod.metadata.finalizers, old.metadata.finalizers) ||
    !jsonEqual(pod.metadata.labels, old.metadata.labels) ||
    !jsonEqual(pod.status.containerStatuses?.map(counts), old.status.containerStatuses?.map(counts))
  )
}

const counts = ({ restartCount }: { readonly restartCount: number }): number => restartCount

async function work(
  id: string,
  job: Job,
  pods: readonly Pod[],
  backoffs: Backoffs,
  context: ReconcileContext,
): Promise<Again | undefined> {
  const now = context.clock.now()
  const first = tally(job, pods, 'no')
  const outcome = outcomeOf(job, first, now)
  const ending = !outcome ? 'no' : outcome.type === 'FailureTarget' ? 'failing' : 'succeeding'
  const sum = outcome ? tally(job, pods, ending) : first
  const over = outcome !== undefined || job.metadata.deletionTimestamp !== undefined
  const plan = planPods(job, sum, over)

  // First what has ended is written down, only then it is let go.
  const status = statusOf(job, pods, sum, outcome, now)
  if (!jsonEqual(status, job.status)) {
    await context.client.update(Job, { ...job, status }, { subresource: 'status' })
    tell(job, status, context)
    backoffs.note(id, first.failedAt, first.succeededAt)
  }
  await letGo(sum.released, context)
  const due = duePods(job, sum, plan, now, () => backoffs.remaining(id, now))
  const { wait } = due
  if (plan.doomed.length > 0) await remove(job, plan.doomed, context)
  if (due.missing > 0) await make(job, sum, due, context)
  const deadline = deadlineOf(job)
  const waits = [...(wait > 0 ? [wait] : []), ...(deadline !== undefined && deadline > now ? [deadline - now] : [])]
  return waits.length > 0 ? { after: Math.min(...waits) } : undefined
}

/** What of the missing pods can be made now; if there is nothing, the ms to wait for it. */
function duePods(
  job: Job,
  { failures }: Tally,
  { missing, indexes }: Plan,
  now: number,
  remaining: () => number,
): Pick<Plan, 'missing' | 'indexes'> & { readonly wait: number } {
  if (missing === 0) return { missing, indexes, wait: 0 }
  if (job.spec.backoffLimitPerIndex === undefined) {
    const wait = remaining()
    return { missing: wait > 0 ? 0 : missing, indexes, wait }
  }
  // Each index waits by itself.
  const waitOf = (index: number): number => Math.max(0, (failures.get(index)?.retryAt ?? 0) - now)
  const due = indexes.filter(index => waitOf(index) === 0)
  return { missing: due.length, indexes: due, wait: due.length > 0 ? 0 : Math.min(...indexes.map(waitOf)) }
}

/** The status that a job's pods amount to. */
function statusOf(job: Job, pods: readonly Pod[], sum: Tally, outcome: Outcome | undefined, now: number): JobStatus {
  const { status, spec } = job
  const { uncounted, counted, completedIndexes, failedIndexes } = sum
  const conditions = conditionsOf(job, pods, sum, outcome, now)
  const complete = conditions.some(({ type, status }) => type === 'Complete' && status === 'True')
  const resumed = !spec.suspend && (status.startTime === undefined || holds(job, 'Suspended'))
  const startTime = spec.suspend && !outcome ? undefined : resumed ? rfc3339(now) : status.startTime
  const active = outcome ? 0 : sum.active.length
  return {
    ...(conditions.length > 0 ? { conditions } : {}),
    ...(startTime ? { startTime } : {}),
    ...(complete ? { completionTime: status.completionTime ?? rfc3339(now) } : {}),
    ...(active > 0 ? { active } : {}),
    ...(counted.succeeded > 0 ? { succeeded: counted.succeeded } : {}),
    ...(counted.failed > 0 ? { failed: counted.failed } : {}),
    terminating: sum.terminating + (outcome ? sum.active.length : 0),
    ...(isIndexed(job) && completedIndexes.size > 0 ? { completedIndexes: writeIndexes(completedIndexes) } : {}),
    ...(spec.backoffLimitPerIndex === undefined ? {} : { failedIndexes: writeIndexes(failedIndexes) }),
    uncountedTerminatedPods: {
      ...(uncounted.succeeded.length > 0 ? { succeeded: uncounted.succeeded } : {}),
      ...(uncounted.failed.length > 0 ? { failed: uncounted.failed } : {}),
    },
    ready: outcome ? 0 : sum.ready,
  }
}

function conditionsOf(
  job: Job,
  pods: readonly Pod[],
  sum: Tally,
  outcome: Outcome | undefined,
  now: number,
): readonly JobCondition[] {
  let conditions = job.status.conditions ?? []
  const at = rfc3339(now)
  const set = (type: string, status: string, reason: string, message: string) => {
    const known = conditions.find(condition => condition.type === type)
    if (known?.status === status) return
    const condition = { type, status, lastProbeTime: at, lastTransitionTime: at, reason, message }
    conditions = known ? conditions.map(each => (each === known ? condition : each)) : [...conditions, condition]
  }
  if (outcome) {
    const { type, reason, message } = outcome
    set(type, 'True', reason, message)
    // The end is told once nothing runs any more and everything is counted.
    const { succeeded, failed } = sum.uncounted
    const settled =
      sum.active.length + sum.terminating + succeeded.length + failed.length === 0 && !pods.some(isTracked)
    if (settled) set(type === 'FailureTarget' ? 'Failed' : 'Complete', 'True', reason, message)
  } else if (job.spec.suspend) set('Suspended', 'True', 'JobSuspended', 'Job suspended')
  else if (holds(job, 'Suspended')) set('Suspended', 'False', 'JobResumed', 'Job resumed')
  return conditions
}

/** Tells of what has become of the job. */
function tell(job: Job, status: JobStatus, { events }: ReconcileContext): void {
  const now = { ...job, status }
  const became = (type: string) => holds(now, type) && !holds(job, type)
  const condition = (type: string) => status.conditions?.find(condition => condition.type === type)
  if (became('Complete')) events.record(job, 'Normal', 'Completed', 'Job completed')
  if (became('Failed')) {
    const { reason = 'Failed', message = '' } = condition('Failed') ?? {}
    events.record(job, 'Warning', reason, message)
  }
  if (became('Suspended')) events.record(job, 'Normal', 'Suspended', 'Job suspended')
  if (holds(job, 'Suspended') && !holds(now, 'Suspended')) events.record(job, 'Normal', 'Resumed', 'Job resumed')
}

async function letGo(pods: readonly Pod[], { client }: ReconcileContext): Promise<void> {
  await Promise.all(
    pods.map(async ({ metadata }) => {
      try {
        await client.patch(Pod, metadata, {
          type: 'strategic',
          body: { metadata: { ...withoutFinalizer, uid: metadata.uid } },
        })
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }),
  )
}

const withoutFinalizer = { '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] }

async function remove(job: Job, pods: readonly Pod[], { client, events }: ReconcileContext): Promise<void> {
  const results = await Promise.allSettled(
    pods.map(async ({ metadata }) => {
      try {
        await client.delete(Pod, metadata, metadata.uid ? { preconditions: { uid: metadata.uid } } : {})
        events.record(job, 'Normal', 'SuccessfulDelete', `Deleted pod: ${metadata.name}`)
      } catch (error) {
        if (isNotFound(error)) return
        events.record(job, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`)
        throw error
      }
    }),
  )
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

async function make(
  job: Job,
  sum: Tally,
  { missing, indexes }: Pick<Plan, 'missing' | 'indexes'>,
  { client, events }: ReconcileContext,
): Promise<void> {
  const { error } = await slowStart(missing, async i => {
    const index = isIndexed(job) ? indexes[i] : undefined
    try {
      const { metadata } = await client.create(
        Pod,
        podFor(job, index, index === undefined ? undefined : sum.failures.get(index)),
      )
      events.record(job, 'Normal', 'SuccessfulCreate', `Created pod: ${metadata.name}`)
    } catch (error) {
      if (!isNamespaceTerminating(error))
        events.record(job, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`)
      throw error
    }
  })
  if (error !== undefined && !isNamespaceTerminating(error)) throw error
}
