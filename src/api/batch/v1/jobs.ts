import { printLabelSelector } from '../../../machinery/labels.js'
import { labelValue } from '../../../machinery/names.js'
import type { ApiObject } from '../../../machinery/object.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { Draft } from '../../../schema/index.js'
import { nameWarnings, templateWarnings } from '../../apps/v1/workload.js'
import { ageColumn, containerColumns, nameColumn, shortDuration, textColumn } from '../../columns.js'
import { defaultPodSpec } from '../../core/v1/pod-defaults.js'
import { statusApart } from '../../status-apart.js'
import { Job, type JobSpec } from './job.js'
import { validateJobStatus } from './job-status.js'
import { validateJob, validateJobUpdate } from './job-validation.js'

export const jobs: Resource<Job> = resource(Job, {
  categories: ['all'],
  columns: [
    nameColumn,
    textColumn('Status', statusText, { description: 'Status of the job.' }),
    textColumn('Completions', completionsText, { field: 'status.succeeded' }),
    textColumn('Duration', durationText, { description: 'Time required to complete the job.' }),
    ageColumn,
    ...containerColumns<Job>(({ spec }) => spec.template.spec),
    textColumn('Selector', ({ spec }) => printLabelSelector(spec.selector), { wide: true, field: 'spec.selector' }),
  ],
  selectableFields: { 'status.successful': ({ status }) => String(status.succeeded ?? 0) },
  subresources: [statusView({ validateUpdate: validateJobStatus })],
  defaults({ metadata, spec }) {
    defaultJobSpec(spec)
    const { labels } = spec.template.metadata
    if (labels && !Object.keys(metadata.labels ?? {}).length) metadata.labels = { ...labels }
  },
  strategy: {
    ...statusApart(),
    generation: true,
    defaultPropagation: {
      policy: 'Orphan',
      warning:
        'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
    },
    prepareForCreate(draft) {
      draft.status = {}
      if (!draft.spec.manualSelector) generateSelector(draft)
    },
    validate: validateJob,
    validateUpdate: validateJobUpdate,
    metadataLooks: { asNew: 1 },
    warnings: (job, old) => [
      ...(old ? [] : nameWarnings(job)),
      ...indexWarnings(job, old, job.spec, root.child('spec')),
      ...templateWarnings(job, old, job.spec.template),
    ],
  },
})

const mostTrackedCompletions = 100_000
const mostTrackedParallel = 10_000

/** Lists of what has failed grow too long for jobs of so many indexes, of which so many run at a time. */
export function indexWarnings(object: ApiObject, old: ApiObject | undefined, spec: JobSpec, at: FieldPath): string[] {
  const { completionMode, completions = 0, parallelism = 0 } = spec
  const isSame = old && object.metadata.generation === old.metadata.generation
  if (isSame || completionMode !== 'Indexed') return []
  if (completions <= mostTrackedCompletions || parallelism <= mostTrackedParallel) return []
  return [
    `${at}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
  ]
}

const mostInt32 = 2 ** 31 - 1

/** What a job leaves out; in a cron job's template only the pods' part of it. */
function defaultJobSpec(spec: Draft<JobSpec>): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
  spec.parallelism ??= 1
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : mostInt32
  spec.completionMode ??= 'NonIndexed'
  spec.suspend ??= false
  spec.manualSelector ??= false
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed'
  defaultJobTemplate(spec)
}

export function defaultJobTemplate(spec: Draft<JobSpec>): void {
  for (const { onPodConditions } of spec.podFailurePolicy?.rules ?? [])
    for (const condition of onPodConditions ?? []) condition.status ||= 'True'
  defaultPodSpec(spec.template.spec)
}

const uidLabel = 'batch.kubernetes.io/controller-uid'

/** The job's own uid tells its pods from all others. */
function generateSelector({ metadata, spec }: Draft<Job>): void {
  const { uid = '', name = '' } = metadata
  const own = {
    'batch.kubernetes.io/job-name': name,
    'job-name': name,
    [uidLabel]: uid,
    'controller-uid': uid,
  }
  spec.template.metadata.labels = { ...own, ...spec.template.metadata.labels }
  spec.selector ??= {}
  spec.selector.matchLabels = { [uidLabel]: uid, ...spec.selector.matchLabels }
  // A name that is no label is told about once, for the template.
  if (!Object.keys(metadata.labels ?? {}).length && labelValue(name).length === 0)
    metadata.labels = { ...spec.template.metadata.labels }
}

function statusText({ metadata, status }: Job): string {
  const holds = (type: string): boolean =>
    status.conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false
  if (holds('Complete')) return 'Complete'
  if (holds('Failed')) return 'Failed'
  if (metadata.deletionTimestamp) return 'Terminating'
  if (holds('Suspended')) return 'Suspended'
  if (holds('FailureTarget')) return 'FailureTarget'
  return holds('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running'
}

function completionsText({ spec, status }: Job): string {
  const done = status.succeeded ?? 0
  if (spec.completions !== undefined) return `${done}/${spec.completions}`
  const { parallelism = 0 } = spec
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`
}

function durationText({ status }: Job, now: number): string {
  if (!status.startTime) return ''
  const end = status.completionTime ? Date.parse(status.completionTime) : now
  return shortDuration(end - Date.parse(status.startTime))
}
