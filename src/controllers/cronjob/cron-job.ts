import { CronJob, type CronJobStatus, Job, type JobInit } from '../../api/batch/v1/index.js'
import { type Again, type Controller, controller, type ReconcileContext } from '../../client/controller.js'
import { controllerOf, controllerReference } from '../../client/owners.js'
import { rfc3339 } from '../../machinery/clock.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { messageOf } from '../../machinery/message-of.js'
import { isAlreadyExists, isNotFound } from '../../machinery/status-error.js'
import { holds, isFinished } from '../job/outcome.js'
import { isNamespaceTerminating } from '../namespace-terminating.js'
import { missedTimes, readSchedule, type Schedule } from './schedule.js'

/** Ms after a time is due that it is looked at, so that clocks agree that it is. */
const later = 100
const timestampKey = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

/** CronJob: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ */
export const cronJobs: Controller = controller({
  name: 'cronjob',
  watches: { for: CronJob, owns: [Job] },
  async reconcile(key, context) {
    const cronJob = context.get(CronJob, key)
    if (!cronJob) return undefined
    const jobs = context.ownedBy(Job, cronJob.metadata.uid ?? '')
    await forgetOld(cronJob, jobs, context)
    const observed = observe(cronJob, jobs, context)
    if (cronJob.metadata.deletionTimestamp || cronJob.spec.suspend) {
      await write(cronJob, observed, context)
      return undefined
    }
    let schedule: Schedule
    try {
      schedule = readSchedule(cronJob.spec.schedule, cronJob.spec.timeZone)
    } catch (error) {
      const { schedule: text } = cronJob.spec
      context.events.record(
        cronJob,
        'Warning',
        'UnparseableSchedule',
        `unparseable schedule: ${text} : ${String(error)}`,
      )
      await write(cronJob, observed, context)
      return undefined
    }
    const status = await run(cronJob, jobs, observed, schedule, context)
    await write(cronJob, status, context)
    const now = context.clock.now()
    const next = schedule.next(now)
    return next === undefined ? undefined : ({ after: next - now + later } satisfies Again)
  },
})

async function write(cronJob: CronJob, status: CronJobStatus, { client }: ReconcileContext): Promise<void> {
  if (jsonEqual(status, cronJob.status)) return
  await client.update(CronJob, { ...cronJob, status }, { subresource: 'status' })
}

/** What of the jobs still runs, and what has become of the others. */
function observe(cronJob: CronJob, jobs: readonly Job[], { events }: ReconcileContext): CronJobStatus {
  const { status } = cronJob
  const byUid = new Map(jobs.map(job => [job.metadata.uid, job]))
  const running = (status.active ?? []).filter(({ uid, name }) => {
    const job = byUid.get(uid)
    if (!job) {
      events.record(cronJob, 'Normal', 'MissingJob', `Active job went missing: ${name}`)
      return false
    }
    if (!isFinished(job)) return true
    const condition = holds(job, 'Complete') ? 'Complete' : 'Failed'
    events.record(cronJob, 'Normal', 'SawCompletedJob', `Saw completed job: ${name}, condition: ${condition}`)
    return false
  })
  const known = new Set(running.map(({ uid }) => uid))
  // What was made just before the controller ended is not in the list yet.
  const forgotten = jobs.filter(job => !isFinished(job) && !known.has(job.metadata.uid)).map(referenceTo)
  const succeeded = jobs.flatMap(job => (holds(job, 'Complete') ? (job.status.completionTime ?? []) : []))
  const last = [status.lastSuccessfulTime, ...succeeded]
    .filter(time => time !== undefined)
    .sort()
    .at(-1)
  const active = [...running, ...forgotten]
  return {
    ...(active.length > 0 ? { active } : {}),
    ...(status.lastScheduleTime ? { lastScheduleTime: status.lastScheduleTime } : {}),
    ...(last ? { lastSuccessfulTime: last } : {}),
  }
}

const referenceTo = ({ metadata: { namespace = '', name = '', uid = '', resourceVersion = '' } }: Job) => ({
  kind: 'Job',
  namespace,
  name,
  uid,
  apiVersion: 'batch/v1',
  resourceVersion,
})

/** Starts what is due. Resolves to the status with it. */
async function run(
  cronJob: CronJob,
  jobs: readonly Job[],
  status: CronJobStatus,
  schedule: Schedule,
  context: ReconcileContext,
): Promise<CronJobStatus> {
  const { clock, events, client } = context
  const { spec, metadata } = cronJob
  const now = clock.now()
  const deadline = spec.startingDeadlineSeconds
  const since = Date.parse(status.lastScheduleTime ?? metadata.creationTimestamp ?? '')
  const from = deadline === undefined ? since : Math.max(since, now - deadline * 1000)
  const { last: due, many } = missedTimes(schedule, from, now)
  if (many)
    events.record(
      cronJob,
      'Warning',
      'TooManyMissedTimes',
      'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
    )
  if (due === undefined) return status
  const name = `${metadata.name}-${Math.floor(due / 60_000)}`
  if (jobs.some(job => job.metadata.name === name)) return { ...status, lastScheduleTime: rfc3339(due) }
  if (spec.concurrencyPolicy === 'Forbid' && status.active?.length) {
    const why = 'Not starting job because prior execution is running and concurrency policy is Forbid'
    events.record(cronJob, 'Normal', 'JobAlreadyActive', why)
    return status
  }
  if (spec.concurrencyPolicy === 'Replace')
    for (const active of status.active ?? []) await remove(cronJob, active.name ?? '', context)
  const kept: CronJobStatus['active'] = spec.concurrencyPolicy === 'Replace' ? [] : (status.active ?? [])
  try {
    const job = await client.create(Job, jobFor(cronJob, name, due))
    events.record(cronJob, 'Normal', 'SuccessfulCreate', `Created job ${name}`)
    return { ...status, active: [...kept, referenceTo(job)], lastScheduleTime: rfc3339(due) }
  } catch (error) {
    if (isNamespaceTerminating(error)) return status
    if (isAlreadyExists(error)) {
      const there = await client.get(Job, { namespace: metadata.namespace ?? '', name })
      if (controllerOf(there)?.uid === metadata.uid) return { ...status, lastScheduleTime: rfc3339(due) }
    }
    events.record(cronJob, 'Warning', 'FailedCreate', `Error creating job: ${messageOf(error)}`)
    throw error
  }
}

function jobFor(cronJob: CronJob, name: string, due: number): JobInit {
  const { metadata, spec } = cronJob.spec.jobTemplate
  return {
    metadata: {
      namespace: cronJob.metadata.namespace ?? '',
      name,
      ...(metadata?.labels ? { labels: metadata.labels } : {}),
      annotations: { ...metadata?.annotations, [timestampKey]: rfc3339(due) },
      ownerReferences: [controllerReference(CronJob, cronJob)],
    },
    spec,
  }
}

async function remove(cronJob: CronJob, name: string, { client, events }: ReconcileContext): Promise<void> {
  try {
    await client.delete(Job, { namespace: cronJob.metadata.namespace ?? '', name }, { propagationPolicy: 'Background' })
    events.record(cronJob, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`)
  } catch (error) {
    if (isNotFound(error)) return
    events.record(cronJob, 'Warning', 'FailedDelete', `Deleted job: ${messageOf(error)}`)
    throw error
  }
}

/** Keeps so many finished jobs as is wanted, the youngest. */
async function forgetOld(cronJob: CronJob, jobs: readonly Job[], context: ReconcileContext): Promise<void> {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cronJob.spec
  const begun = ({ status, metadata }: Job) => status.startTime ?? metadata.creationTimestamp ?? ''
  const surplus = (type: string, limit: number | undefined) =>
    limit === undefined
      ? []
      : jobs
          .filter(job => holds(job, type) && !job.metadata.deletionTimestamp)
          .sort((a, b) => (begun(a) < begun(b) ? 1 : -1))
          .slice(limit)
  for (const { metadata } of [
    ...surplus('Complete', successfulJobsHistoryLimit),
    ...surplus('Failed', failedJobsHistoryLimit),
  ])
    await remove(cronJob, metadata.name ?? '', context)
}
