import {
  immutable,
  invalidValue,
  invalidValues,
  notSupported,
  required,
  sortedMap,
  tooLong,
} from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { dns1123Label, domainPrefixedPath } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabelSelector } from '../../../machinery/validate-labels.js'
import type { MessageSchema } from '../../../schema/index.js'
import { type Container, PodSpec, PodTemplateSpec } from '../../core/v1/index.js'
import { validatePodTemplate, validateSelected } from '../../core/v1/validate-pod.js'
import { nonNegative, oneOf, unchanged } from '../../field-rules.js'
import { shownInternally } from '../../internal-form.js'
import { shownSelector, usableSelector } from '../../workload-selectors.js'
import { type Job, type JobSpec, PodFailurePolicy, SuccessPolicy } from './job.js'
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

/** A selector that the job did not choose picks its own pods by their labels. */
function validateGeneratedSelector({ metadata, spec }: Job): FieldError[] {
  const { uid = '', name = '' } = metadata
  if (spec.manualSelector || !spec.selector) return []
  const errors = uid ? [] : [required(root.child('metadata', 'uid'))]
  const labels = spec.template.metadata.labels ?? {}
  const at = specAt.child('template', 'metadata', 'labels')
  const generated = {
    'controller-uid': uid,
    'job-name': name,
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
  }
  for (const [key, expected] of Object.entries(generated)) {
    if (labels[key] === undefined) errors.push(required(at.key(key), `must be '${expected}'`))
    else if (labels[key] !== expected)
      errors.push(invalidValue(at.key(key), sortedMap(labels), `must be '${expected}'`))
  }
  const selector = usableSelector(spec.selector)
  if (selector && !selector.matches(generated))
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
  if (spec.maxFailedIndexes !== undefined) {
    errors.push(...nonNegative(spec.maxFailedIndexes, at.child('maxFailedIndexes')))
    if (spec.backoffLimitPerIndex === undefined)
      errors.push(required(at.child('backoffLimitPerIndex'), 'when maxFailedIndexes is specified'))
  }
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
    errors.push(
      ...(indexed
        ? validateSuccessPolicy(spec, spec.successPolicy, here)
        : [invalidValue(here, shownInternally(SuccessPolicy, spec.successPolicy), 'requires indexed completion mode')]),
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

function validateCompletionMode(spec: JobSpec, at: FieldPath): FieldError[] {
  const { completionMode = 'NonIndexed', completions, parallelism = 0, backoffLimitPerIndex, maxFailedIndexes } = spec
  const errors = oneOf(completionMode, ['NonIndexed', 'Indexed'], at.child('completionMode'))
  const wrong = (field: 'parallelism' | 'maxFailedIndexes' | 'backoffLimitPerIndex', detail: string): void => {
    errors.push(invalidValue(at.child(field), spec[field], detail))
  }
  if (completionMode === 'NonIndexed') {
    if (backoffLimitPerIndex !== undefined) wrong('backoffLimitPerIndex', 'requires indexed completion mode')
    if (maxFailedIndexes !== undefined) wrong('maxFailedIndexes', 'requires indexed completion mode')
  }
  if (completionMode !== 'Indexed') return errors
  if (completions === undefined) errors.push(required(at.child('completions'), 'when completion mode is Indexed'))
  if (parallelism > mostParallel)
    wrong('parallelism', `must be less than or equal to ${mostParallel} when completion mode is Indexed`)
  if (maxFailedIndexes !== undefined && completions !== undefined && maxFailedIndexes > completions)
    wrong('maxFailedIndexes', 'must be less than or equal to completions')
  if (maxFailedIndexes !== undefined && maxFailedIndexes > mostFailedIndexes)
    wrong('maxFailedIndexes', `must be less than or equal to ${mostFailedIndexes}`)
  if (backoffLimitPerIndex === undefined || (completions ?? 0) <= mostBoundedCompletions) return errors
  const detail = `must be less than or equal to ${mostBoundedParallel} when completions are above ${mostBoundedCompletions} and used with backoff limit per index`
  if (maxFailedIndexes === undefined)
    errors.push(
      required(at.child('maxFailedIndexes'), `must be specified when completions is above ${mostBoundedCompletions}`),
    )
  if (parallelism > mostBoundedParallel) wrong('parallelism', detail)
  if ((maxFailedIndexes ?? 0) > mostBoundedParallel) wrong('maxFailedIndexes', detail)
  return errors
}

/** A job's plan stays; how much of it runs at a time may change. */
export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const { spec } = job
  // Upstream looks at a changed job as at a new one, too, and tells of most faults twice.
  const errors = [...validateJob(job), ...validateJobSpec(spec, specAt), ...validateSelector(spec, specAt)]
  errors.push(
    ...validateCompletionsChange(spec, old.spec),
    ...(jsonEqual(spec.selector, old.spec.selector)
      ? []
      : [invalidValue(specAt.child('selector'), shownSelector(spec.selector), immutable)]),
    ...validateTemplateChange(job, old),
    ...unchanged(spec.completionMode, old.spec.completionMode, specAt.child('completionMode')),
    ...unchangedPolicy(PodFailurePolicy, spec.podFailurePolicy, old.spec.podFailurePolicy, 'podFailurePolicy'),
    ...unchanged(spec.backoffLimitPerIndex, old.spec.backoffLimitPerIndex, specAt.child('backoffLimitPerIndex')),
    ...unchanged(spec.managedBy, old.spec.managedBy, specAt.child('managedBy')),
    ...unchangedPolicy(SuccessPolicy, spec.successPolicy, old.spec.successPolicy, 'successPolicy'),
  )
  return errors
}

/** Jobs with indexes grow and shrink as long as all of them run at a time. */
function validateCompletionsChange({ completionMode, completions, parallelism }: JobSpec, old: JobSpec): FieldError[] {
  const at = specAt.child('completions')
  if (completionMode !== 'Indexed') return unchanged(completions, old.completions, at)
  if (completions === undefined || completions === old.completions || completions === parallelism) return []
  return [invalidValue(at, completions, 'can only be modified in tandem with spec.parallelism')]
}

const unchangedPolicy = <T>(schema: MessageSchema<T>, value: T | undefined, old: T | undefined, field: string) =>
  jsonEqual(value ?? null, old ?? null)
    ? []
    : [invalidValue(specAt.child(field), value === undefined ? undefined : shownInternally(schema, value), immutable)]

/** While a job is suspended and none of its pods runs, where and how they run may still be decided. */
function validateTemplateChange({ spec: { template } }: Job, old: Job): FieldError[] {
  const before = old.spec.template
  const at = specAt.child('template')
  const { startTime, active = 0, conditions = [] } = old.status
  const stopped = !startTime || conditions.some(({ type, status }) => type === 'Suspended' && status === 'True')
  if (old.spec.suspend && stopped && active === 0)
    return jsonEqual(template.spec, withPlacementOf(template.spec, before.spec))
      ? []
      : [invalidValue(at.child('spec'), shownInternally(PodSpec, template.spec), immutable)]
  return jsonEqual(template, before) ? [] : [invalidValue(at, shownInternally(PodTemplateSpec, template), immutable)]
}

/** The old pods with what a resting job may change taken from the new ones. */
function withPlacementOf(spec: PodSpec, old: PodSpec) {
  const { nodeSelector, tolerations, schedulingGates, affinity } = spec
  const others = { ...old.affinity, nodeAffinity: affinity?.nodeAffinity }
  const resized = (now: readonly Container[] | undefined, was: readonly Container[] | undefined) =>
    was?.map((container, i) => {
      const twin = now?.length === was.length && now[i]?.name === container.name ? now[i] : container
      return { ...container, resources: twin.resources }
    })
  return {
    ...old,
    nodeSelector,
    tolerations,
    schedulingGates,
    affinity: affinity || Object.values(others).some(Boolean) ? others : undefined,
    containers: resized(spec.containers, old.containers),
    initContainers: resized(spec.initContainers, old.initContainers),
  }
}
