import { invalidValue, notSupported, required } from '../../../machinery/field-errors.js'
import { printLabelSelector } from '../../../machinery/labels.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { nameWarnings, templateWarnings } from '../../apps/v1/workload.js'
import {
  ageColumn,
  ageOf,
  booleanColumn,
  containerColumns,
  nameColumn,
  none,
  numberColumn,
  textColumn,
} from '../../columns.js'
import { nonNegative, requiredOneOf } from '../../field-rules.js'
import { statusApart } from '../../status-apart.js'
import { shownSelector } from '../../workload-selectors.js'
import { CronJob, type CronJobSpec } from './cron-job.js'
import { isTimeZone, scheduleFault } from './cron-schedule.js'
import { validateJobSpec } from './job-validation.js'
import { defaultJobTemplate, indexWarnings } from './jobs.js'

export const cronJobs: Resource<CronJob> = resource(CronJob, {
  shortNames: ['cj'],
  categories: ['all'],
  columns: [
    nameColumn,
    textColumn('Schedule', ({ spec }) => spec.schedule, { field: 'spec.schedule' }),
    textColumn('Timezone', ({ spec }) => spec.timeZone ?? none, { field: 'spec.timeZone' }),
    booleanColumn('Suspend', ({ spec }) => (spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False'), {
      field: 'spec.suspend',
    }),
    numberColumn('Active', ({ status }) => status.active?.length ?? 0, { field: 'status.active' }),
    textColumn(
      'Last Schedule',
      ({ status }, now) => (status.lastScheduleTime ? ageOf(status.lastScheduleTime, now) : none),
      { field: 'status.lastScheduleTime' },
    ),
    ageColumn,
    ...containerColumns<CronJob>(({ spec }) => spec.jobTemplate.spec.template.spec),
    textColumn('Selector', ({ spec }) => printLabelSelector(spec.jobTemplate.spec.selector), {
      wide: true,
      field: 'spec.jobTemplate.spec.selector',
    }),
  ],
  subresources: [statusView()],
  defaults({ spec }) {
    spec.concurrencyPolicy ||= 'Allow'
    spec.suspend ??= false
    spec.successfulJobsHistoryLimit ??= 3
    spec.failedJobsHistoryLimit ??= 1
    defaultJobTemplate(spec.jobTemplate.spec)
  },
  strategy: {
    ...statusApart(),
    generation: true,
    validate: cronJob => [...validate(cronJob), ...validateName(cronJob)],
    validateUpdate: validate,
    warnings(cronJob, old) {
      const { schedule, jobTemplate } = cronJob.spec
      return [
        ...(old ? [] : nameWarnings(cronJob)),
        ...(schedule.includes('TZ') ? [`spec.schedule: ${noZone}`] : []),
        ...indexWarnings(cronJob, old, jobTemplate.spec, root.child('spec', 'jobTemplate', 'spec')),
        ...templateWarnings(
          cronJob,
          old,
          jobTemplate.spec.template,
          root.child('spec', 'jobTemplate', 'spec').child('template'),
        ),
      ]
    },
  },
})

/** Names of jobs end in the minute they were made for: eleven characters more. */
const longestName = 52
const noZone = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'

function validateName({ metadata: { name = '' } }: CronJob): FieldError[] {
  return name.length > longestName
    ? [invalidValue(root.child('metadata', 'name'), name, `must be no more than ${longestName} characters`)]
    : []
}

function validate({ spec }: CronJob, old?: CronJob): FieldError[] {
  const at = root.child('spec')
  const { timeZone, jobTemplate } = spec
  const job = at.child('jobTemplate', 'spec')
  const { selector, manualSelector } = jobTemplate.spec
  return [
    ...validateSchedule(spec, old?.spec, at.child('schedule')),
    ...nonNegative(spec.startingDeadlineSeconds, at.child('startingDeadlineSeconds')),
    ...(timeZone === undefined || timeZone === old?.spec.timeZone
      ? []
      : validateTimeZone(timeZone, at.child('timeZone'))),
    ...requiredOneOf(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], at.child('concurrencyPolicy')),
    ...validateJobSpec(jobTemplate.spec, job),
    ...(selector
      ? [invalidValue(job.child('selector'), shownSelector(selector), '`selector` will be auto-generated')]
      : []),
    ...(manualSelector ? [notSupported(job.child('manualSelector'), manualSelector, ['nil', 'false'])] : []),
    ...nonNegative(spec.successfulJobsHistoryLimit, at.child('successfulJobsHistoryLimit')),
    ...nonNegative(spec.failedJobsHistoryLimit, at.child('failedJobsHistoryLimit')),
  ]
}

/** A zone in the schedule itself is only borne with where it has been all along. */
function validateSchedule(
  { schedule, timeZone }: CronJobSpec,
  old: CronJobSpec | undefined,
  at: FieldPath,
): FieldError[] {
  if (!schedule) return [required(at)]
  const fault = scheduleFault(schedule)
  const errors = fault ? [invalidValue(at, schedule, fault)] : []
  if (!schedule.includes('TZ')) return errors
  if (!old?.schedule.includes('TZ')) errors.push(invalidValue(at, schedule, noZone))
  else if (timeZone !== undefined)
    errors.push(invalidValue(at, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'))
  return errors
}

const zonePart = /^(?!\.{1,2}$)[\w.+][\w.+-]{0,13}$/

function validateTimeZone(zone: string, at: FieldPath): FieldError[] {
  if (!zone) return [invalidValue(at, zone, 'timeZone must be nil or non-empty string')]
  if (!zone.split('/').every(part => zonePart.test(part))) return [invalidValue(at, zone, `unknown time zone ${zone}`)]
  const errors =
    zone.toLowerCase() === 'local'
      ? [invalidValue(at, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones')]
      : []
  return isTimeZone(zone) ? errors : [...errors, invalidValue(at, zone, `unknown time zone ${zone}`)]
}
