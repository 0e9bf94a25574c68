import { invalidValue, omitted, required } from '../../../machinery/field-errors.js'
import { root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { nonNegative } from '../../field-rules.js'
import type { Job, JobStatus } from './job.js'
import { parseIndexes } from './job-policies.js'

const at = root.child('status')
const conditions = at.child('conditions')

const holds = ({ conditions }: JobStatus, type: string): boolean =>
  conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false

const isFinished = (status: JobStatus): boolean => holds(status, 'Complete') || holds(status, 'Failed')

/** What a job's status may say, so that nobody who waits for a job is led astray. What has not changed may stay. */
export function validateJobStatus(job: Job, old: Job): FieldError[] {
  const { status } = job
  const errors: FieldError[] = []
  for (const field of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const)
    errors.push(...nonNegative(status[field], at.child(field)))
  return [
    ...errors,
    ...validateOutcome(status, old.status),
    ...validateEnd(status, old.status),
    ...validateIndexes(job, old.status),
    ...validateFinality(job, old),
  ]
}

/** Which conditions may stand beside each other. */
function validateOutcome(status: JobStatus, old: JobStatus): FieldError[] {
  const errors: FieldError[] = []
  const changed = (...types: string[]) => types.some(type => holds(status, type) !== holds(old, type))
  const refuse = (why: string) => errors.push(invalidValue(conditions, omitted, why))
  const { startTime, completionTime } = status
  const complete = holds(status, 'Complete')
  const failed = holds(status, 'Failed')
  if (changed('Complete', 'Failed') && complete && failed) refuse('cannot set Complete=True and Failed=true conditions')
  if (changed('Complete', 'FailureTarget') && complete && holds(status, 'FailureTarget'))
    refuse('cannot set Complete=True and FailureTarget=true conditions')
  if (changed('Complete') || completionTime !== old.completionTime) {
    const here = at.child('completionTime')
    if (completionTime && !complete)
      errors.push(
        invalidValue(here, completionTime, 'cannot set completionTime when there is no Complete=True condition'),
      )
    if (complete && !completionTime) errors.push(required(here, 'completionTime is required for Complete jobs'))
  }
  if (completionTime && startTime && Date.parse(completionTime) < Date.parse(startTime))
    errors.push(
      invalidValue(at.child('completionTime'), completionTime, 'completionTime cannot be set before startTime'),
    )
  if (changed('Failed', 'FailureTarget') && failed && !holds(status, 'FailureTarget'))
    refuse('cannot set Failed=True condition without the FailureTarget=true condition')
  if (changed('Complete', 'SuccessCriteriaMet') && complete && !holds(status, 'SuccessCriteriaMet'))
    refuse('cannot set Complete=True condition without the SuccessCriteriaMet=true condition')
  return errors
}

/** A finished job has nothing left that runs or is to be counted. */
function validateEnd(status: JobStatus, old: JobStatus): FieldError[] {
  const errors: FieldError[] = []
  const { active = 0, ready = 0, terminating = 0, uncountedTerminatedPods: uncounted } = status
  const ended = isFinished(status)
  const changed = ended !== isFinished(old)
  if (ended && active > 0 && (changed || active !== (old.active ?? 0)))
    errors.push(invalidValue(at.child('active'), active, 'active>0 is invalid for finished job'))
  if (ended && !status.startTime && (changed || old.startTime))
    errors.push(required(at.child('startTime'), 'startTime is required for finished job'))
  if (ended && terminating > 0 && (changed || terminating !== (old.terminating ?? 0)))
    errors.push(invalidValue(at.child('terminating'), terminating, 'terminating>0 is invalid for finished job'))
  if (ended && ((uncounted?.failed?.length ?? 0) > 0 || (uncounted?.succeeded?.length ?? 0) > 0))
    errors.push(
      invalidValue(
        at.child('uncountedTerminatedPods'),
        uncounted,
        'uncountedTerminatedPods needs to be empty for finished job',
      ),
    )
  if (ready > active && (ready !== (old.ready ?? 0) || active !== (old.active ?? 0)))
    errors.push(invalidValue(at.child('ready'), ready, 'cannot set more ready pods than active'))
  return errors
}

function validateIndexes({ spec, status }: Job, old: JobStatus): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['completedIndexes', 'failedIndexes'] as const) {
    const text = status[field]
    if (!text || text === old[field]) continue
    const here = at.child(field)
    const parsed = parseIndexes(text, spec.completions ?? 0)
    if (spec.completionMode !== 'Indexed')
      errors.push(invalidValue(here, text, `cannot set non-empty ${field} when non-indexed completion mode`))
    else if (typeof parsed === 'string') errors.push(invalidValue(here, text, parsed))
  }
  return errors
}

/** A job that has ended has ended, and what was counted has been. */
function validateFinality({ spec, status }: Job, { status: old }: Job): FieldError[] {
  const errors: FieldError[] = []
  for (const type of ['Failed', 'Complete', 'FailureTarget'])
    if (holds(old, type) && !holds(status, type))
      errors.push(invalidValue(conditions, omitted, `cannot disable the terminal ${type}=True condition`))
  if ((status.failed ?? 0) < (old.failed ?? 0))
    errors.push(invalidValue(at.child('failed'), status.failed ?? 0, 'cannot decrease the failed counter'))
  // An indexed job may be scaled down by both numbers at once.
  const scales = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism
  if (!scales && (status.succeeded ?? 0) < (old.succeeded ?? 0))
    errors.push(invalidValue(at.child('succeeded'), status.succeeded ?? 0, 'cannot decrease the succeeded counter'))
  if (old.startTime && !spec.suspend && status.startTime !== old.startTime)
    errors.push(
      status.startTime
        ? invalidValue(at.child('startTime'), status.startTime, 'startTime cannot be updated for unsuspended job')
        : required(at.child('startTime'), 'startTime cannot be removed for unsuspended job'),
    )
  if (old.completionTime && status.completionTime !== old.completionTime)
    errors.push(invalidValue(at.child('completionTime'), status.completionTime, 'completionTime cannot be mutated'))
  return errors
}
