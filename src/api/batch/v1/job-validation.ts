import {
  immutable,
  invalidValue,
  invalidValues,
  notSupported,
  required,
  Shown,
  sortedMap,
  tooLong,
} from '../../../machinery/field-errors.js'
import { goJson } from '../../../machinery/go-format.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { dns1123Label, domainPrefixedPath } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabelSelector } from '../../../machinery/validate-labels.js'
import { PodTemplateSpec } from '../../core/v1/index.js'
import { validatePodTemplate, validateSelected } from '../../core/v1/validate-pod.js'
import { nonNegative, oneOf, unchanged } from '../../field-rules.js'
import { shownInternally } from '../../internal-form.js'
import { shownSelector, usableSelector } from '../../workload-selectors.js'
import type { Job, JobSpec } from './job.js'
import { validateFailurePolicy, validateSuccessPolicy } from './job-policies.js'

const specAt = root.child('spec')
const mostParallel = 100_000
const mostBoundedCompletions = 100_000
const mostBoundedParallel = 10_000
const mostFailedIndexes = 100_000
const longestManagedBy = 63

export function validateJob(job: Job): FieldError[] {
  const { spec, metadata } = job
  const errors = [
    ...validateGeneratedSelector(job),
    ...validateJobSpec(spec, specAt),
    ...validateSelector(spec, specAt),
  ]
  if (spec.completionMode === 'Indexed' && spec.completions) {
    const host = `${metadata.name}-${spec.completions - 1}`
    if (dns1123Label(host).length > 0)
      errors.push(
        invalidValue(
          root.child('metadata', 'name'),
          metadata.name,
          `will not able to create pod with invalid DNS label: ${host}`,
        ),
      )
  }
  return errors
}

const labelsByUid = ['controller-uid', 'batch.kubernetes.io/controller-uid']
const labelsByName = ['job-name', 'batch.kubernetes.io/job-name']

/** A selector that the job did not choose picks its own pods by their labels. */
function validateGeneratedSelector({ metadata, spec }: Job): FieldError[] {
  const { uid = '', name = '' } = metadata
  if (spec.manualSelector || !spec.selector) return []
  const errors = uid ? [] : [required(root.child('metadata', 'uid'))]
  const labels = spec.template.metadata.labels ?? {}
  const at = specAt.child('template', 'metadata', 'labels')
  for (const key of [...labelsByUid, ...labelsByName]) {
    const expected = labelsByUid.includes(key) ? uid : name
    if (labels[key] === undefined) errors.push(required(at.key(key), `must be '${expected}'`))
    else if (labels[key] !== expected)
      errors.push(invalidValue(at.key(key), sortedMap(labels), `must be '${expected}'`))
  }
  const selector = usableSelector(spec.selector)
  if (selector && !selector.matches({ 'controller-uid': uid, 'batch.kubernetes.io/controller-uid': uid }))
    errors.push(invalidValue(specAt.child('selector'), shownSelector(spec.selector), '`selector` not auto-generated'))
  return errors
}

function validateSelector({ selector, template }: JobSpec, at: FieldPath): FieldError[] {
  const errors = selector ? validateLabelSelector(selector, at.child('selector')) : [required(at.child('selector'))]
  const usable = usableSelector(selector)
  if (usable) errors.push(...validateSelected(usable, template, at.child('template'), true))
  return errors
}

/** Everything but the selector, which cron jobs leave to the jobs they make. */
export function validateJobSpec(spec: JobSpec, at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  for (const field of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
  ] as const)
    errors.push(...nonNegative(spec[field], at.child(field)))
  errors.push(...validateIndexes(spec, at))
  if (spec.managedBy !== undefined) {
    const here = at.child('managedBy')
    errors.push(...invalidValues(here, spec.managedBy, domainPrefixedPath(spec.managedBy)))
    if (spec.managedBy.length > longestManagedBy) errors.push(tooLong(here, longestManagedBy))
  }
  errors.push(...validateCompletionMode(spec, at))
  const indexed = spec.completionMode === 'Indexed'
  if (spec.podFailurePolicy)
    errors.push(...validateFailurePolicy(spec, spec.podFailurePolicy, at.child('podFailurePolicy')))
  if (spec.successPolicy) {
    const here = at.child('successPolicy')
    const rules = spec.successPolicy.rules?.map(({ succeededIndexes, succeededCount }) => ({
      SucceededIndexes: succeededIndexes ?? null,
      SucceededCount: succeededCount ?? null,
    }))
    errors.push(
      ...(indexed
        ? validateSuccessPolicy(spec, spec.successPolicy, here)
        : [invalidValue(here, new Shown(goJson({ Rules: rules ?? null })), 'requires indexed completion mode')]),
    )
  }
  errors.push(
    ...oneOf(
      spec.podReplacementPolicy,
      spec.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'],
      at.child('podReplacementPolicy'),
    ),
    ...validatePodTemplate(spec.template, at.child('template')),
  )
  const { restartPolicy = '' } = spec.template.spec
  const policy = at.child('template', 'spec', 'restartPolicy')
  if (!restartPolicy || restartPolicy === 'Always') errors.push(required(policy, 'valid values: "OnFailure", "Never"'))
  else if (restartPolicy !== 'OnFailure' && restartPolicy !== 'Never')
    errors.push(notSupported(policy, restartPolicy, ['OnFailure', 'Never']))
  else if (spec.podFailurePolicy && restartPolicy !== 'Never')
    errors.push(invalidValue(policy, restartPolicy, 'only "Never" is supported when podFailurePolicy is specified'))
  return errors
}

function validateIndexes(spec: JobSpec, at: FieldPath): FieldError[] {
  const { backoffLimitPerIndex, maxFailedIndexes, completions = 0, completionMode } = spec
  const errors = nonNegative(maxFailedIndexes, at.child('maxFailedIndexes'))
  if (maxFailedIndexes !== undefined) {
    if (backoffLimitPerIndex === undefined)
      errors.push(required(at.child('backoffLimitPerIndex'), 'when maxFailedIndexes is specified'))
    if (maxFailedIndexes > mostFailedIndexes)
      errors.push(
        invalidValue(
          at.child('maxFailedIndexes'),
          maxFailedIndexes,
          `must be less than or equal to ${mostFailedIndexes}`,
        ),
      )
    if (maxFailedIndexes > completions)
      errors.push(
        invalidValue(at.child('maxFailedIndexes'), maxFailedIndexes, 'must be less than or equal to completions'),
      )
  }
  if (backoffLimitPerIndex !== undefined && completionMode !== 'Indexed')
    errors.push(
      invalidValue(at.child('backoffLimitPerIndex'), backoffLimitPerIndex, 'requires indexed completion mode'),
    )
  return errors
}

function validateCompletionMode(spec: JobSpec, at: FieldPath): FieldError[] {
  const { completionMode, completions, parallelism = 0, backoffLimitPerIndex, maxFailedIndexes } = spec
  const errors = oneOf(completionMode, ['NonIndexed', 'Indexed'], at.child('completionMode'))
  if (completionMode !== 'Indexed') return errors
  if (completions === undefined) errors.push(required(at.child('completions'), 'when completion mode is Indexed'))
  if (parallelism > mostParallel)
    errors.push(
      invalidValue(
        at.child('parallelism'),
        parallelism,
        `must be less than or equal to ${mostParallel} when completion mode is Indexed`,
      ),
    )
  if (backoffLimitPerIndex === undefined || (completions ?? 0) <= mostBoundedCompletions) return errors
  const detail = `must be less than or equal to ${mostBoundedParallel} when completions are above ${mostBoundedCompletions} and used with backoff limit per index`
  if (maxFailedIndexes === undefined)
    errors.push(
      required(at.child('maxFailedIndexes'), `must be specified when completions is above ${mostBoundedCompletions}`),
    )
  if (parallelism > mostBoundedParallel) errors.push(invalidValue(at.child('parallelism'), parallelism, detail))
  if ((maxFailedIndexes ?? 0) > mostBoundedParallel)
    errors.push(invalidValue(at.child('maxFailedIndexes'), maxFailedIndexes, detail))
  return errors
}

/** A job's plan stays; how much of it runs at a time may change. */
export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const { spec } = job
  const errors = [...validateJobSpec(spec, specAt), ...validateSelector(spec, specAt)]
  const elastic =
    spec.completionMode === 'Indexed' &&
    old.spec.completionMode === 'Indexed' &&
    spec.completions !== undefined &&
    spec.completions === spec.parallelism
  if (!elastic || old.spec.completions === undefined)
    errors.push(...unchanged(spec.completions, old.spec.completions, specAt.child('completions')))
  errors.push(
    ...(jsonEqual(spec.selector, old.spec.selector)
      ? []
      : [invalidValue(specAt.child('selector'), shownSelector(spec.selector), 'field is immutable')]),
    ...validateTemplateChange(job, old),
  )
  for (const field of [
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ] as const)
    errors.push(...unchanged(spec[field], old.spec[field], specAt.child(field)))
  return errors
}

/** While a job is suspended and has not begun, where and how its pods run may still be decided. */
function validateTemplateChange({ spec }: Job, old: Job): FieldError[] {
  const at = specAt.child('template')
  const before = old.spec.template
  const began = old.status.startTime !== undefined
  const suspended = old.spec.suspend === true && !began
  const changed = () => invalidValue(at, shownInternally(PodTemplateSpec, spec.template), immutable)
  if (!suspended) return jsonEqual(spec.template, before) ? [] : [changed()]
  const { nodeSelector, tolerations, affinity, schedulingGates, containers, initContainers } = before.spec
  const resources = (now: typeof containers | undefined, was: typeof containers | undefined) =>
    now?.map((container, i) => ({ ...container, resources: was?.[i]?.resources ?? container.resources }))
  const expected = {
    ...spec.template,
    metadata: {
      ...spec.template.metadata,
      labels: before.metadata.labels,
      annotations: before.metadata.annotations,
    },
    spec: {
      ...spec.template.spec,
      nodeSelector,
      tolerations,
      affinity,
      schedulingGates,
      containers: resources(spec.template.spec.containers, containers),
      initContainers: resources(spec.template.spec.initContainers, initContainers),
    },
  }
  return jsonEqual(expected, before) ? [] : [changed()]
}
