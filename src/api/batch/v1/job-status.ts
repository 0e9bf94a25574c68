import { invalidValue, required } from '../../../machinery/field-errors.js'
import { root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { nonNegative, unchanged } from '../../field-rules.js'
import type { Job, JobStatus } from './job.js'
import { parseIndexes } from './job-policies.js'

const at = root.child('status')

const holds = ({ conditions }: JobStatus, type: string): boolean =>
  conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false

const isFinished = (status: JobStatus): boolean => holds(status, 'Complete') || holds(status, 'Failed')

/** What a job's status may say, so that nobody who waits for a job is led astray. */
export function validateJobStatus({ spec, status }: Job, { status: old }: Job): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const)
    errors.push(...nonNegative(status[field], at.child(field)))
  const { active = 0, ready = 0, startTime, completionTime } = status
  const finished = isFinished(status)
  if (ready > active) errors.push(invalidValue(at.child('ready'), ready, 'cannot set more ready pods than active'))
  if (holds(status, 'Complete') && holds(status, 'Failed'))
    errors.push(
      invalidValue(at.child('conditions'), status.conditions, 'cannot set Complete=True and Failed=true conditions'),
    )
  if (holds(status, 'Complete') && !completionTime)
    errors.push(required(at.child('completionTime'), 'completionTime is required for Complete jobs'))
  if (completionTime && !holds(status, 'Complete'))
    errors.push(
      invalidValue(
        at.child('completionTime'),
        completionTime,
        'cannot set completionTime when there is no Complete=True condition',
      ),
    )
  if (completionTime && startTime && Date.parse(completionTime) < Date.parse(startTime))
    errors.push(
      invalidValue(at.child('completionTime'), completionTime, 'completionTime cannot be set before startTime'),
    )
  if (finished && active > 0)
    errors.push(invalidValue(at.child('active'), active, 'active>0 is invalid for finished job'))
  if (finished && !startTime) errors.push(required(at.child('startTime'), 'startTime is required for finished job'))
  if (finished && (status.terminating ?? 0) > 0)
    errors.push(invalidValue(at.child('terminating'), status.terminating, 'terminating>0 is invalid for finished job'))
  const uncounted = status.uncountedTerminatedPods
  if (finished && ((uncounted?.failed?.length ?? 0) > 0 || (uncounted?.succeeded?.length ?? 0) > 0))
    errors.push(
      invalidValue(
        at.child('uncountedTerminatedPods'),
        uncounted,
        'uncountedTerminatedPods needs to be empty for finished job',
      ),
    )
  for (const field of ['completedIndexes', 'failedIndexes'] as const) {
    const text = status[field]
    if (!text) continue
    const here = at.child(field)
    const parsed = parseIndexes(text, spec.completions ?? 0)
    if (spec.completionMode !== 'Indexed')
      errors.push(invalidValue(here, text, `cannot set non-empty ${field} when non-indexed completion mode`))
    else if (typeof parsed === 'string') errors.push(invalidValue(here, text, parsed))
  }
  return [...errors, ...validateFinality(status, old)]
}

/** A job that has ended has ended. */
function validateFinality(status: JobStatus, old: JobStatus): FieldError[] {
  const errors: FieldError[] = []
  for (const type of ['Complete', 'Failed'])
    if (holds(old, type) && !holds(status, type))
      errors.push(
        invalidValue(at.child('conditions'), status.conditions, `cannot disable the terminal ${type}=True condition`),
      )
  if (isFinished(old)) {
    errors.push(...unchanged(status.startTime, old.startTime, at.child('startTime')))
    errors.push(...unchanged(status.completionTime, old.completionTime, at.child('completionTime')))
  }
  return errors
}
