import { forbiddenField, invalidValue, required } from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { outOfRange } from '../../../machinery/names.js'
import { root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { objectDiff } from '../../object-diff.js'
import type { Container } from './container.js'
import type { NodeSelectorTerm } from './node-selector.js'
import type { Pod } from './pod.js'
import { qosClass } from './pod-qos.js'
import type { PodSpec } from './pod-spec.js'
import { mirrorAnnotation, validatePodContents } from './validate-pod.js'

const at = root.child('spec')
const longestDeadline = 2 ** 31 - 1

const changeable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',')

/** An ordinary update of a pod: little of its spec may change. */
export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors = [...validatePodContents(pod), ...validateAnnotationChange(pod, old)]
  for (const list of ['containers', 'initContainers'] as const) {
    const now = pod.spec[list] ?? []
    if (now.length !== (old.spec[list] ?? []).length)
      return [...errors, forbiddenField(at.child(list), 'pod updates may not add or remove containers')]
    now.forEach(({ image }, i) => {
      if (!image) errors.push(required(at.child(list).index(i).child('image')))
    })
  }
  const deadline = validateDeadline(pod.spec, old.spec)
  if (deadline.length > 0 && pod.spec.activeDeadlineSeconds !== undefined) return [...errors, ...deadline]
  errors.push(...deadline, ...validateAddedTolerations(pod.spec, old.spec), ...validateRemovedGates(pod.spec, old.spec))
  const gated = (old.spec.schedulingGates?.length ?? 0) > 0
  const expected = {
    ...pod.spec,
    containers: withImages(pod.spec.containers, old.spec.containers),
    ...(pod.spec.initContainers && {
      initContainers: withImages(pod.spec.initContainers, old.spec.initContainers ?? []),
    }),
    ...kept(old.spec, 'activeDeadlineSeconds', 'tolerations', 'schedulingGates'),
    ...(gated ? kept(old.spec, 'nodeSelector', 'affinity') : {}),
    ...((old.spec.terminationGracePeriodSeconds ?? 0) < 0 && pod.spec.terminationGracePeriodSeconds === 1
      ? kept(old.spec, 'terminationGracePeriodSeconds')
      : {}),
  }
  if (!jsonEqual(expected, old.spec))
    errors.push(
      forbiddenField(
        at,
        `pod updates may not change fields other than ${changeable}\n${objectDiff(old.spec, expected)}`,
      ),
    )
  return gated ? [...errors, ...validateNarrowed(pod.spec, old.spec)] : errors
}

const kept = (spec: PodSpec, ...fields: (keyof PodSpec)[]): Partial<PodSpec> =>
  Object.fromEntries(fields.map(field => [field, spec[field]]))

const withImages = (containers: readonly Container[], old: readonly Container[]): readonly Container[] =>
  containers.map((container, i) => {
    const { image: _image, ...rest } = container
    const before = old[i]?.image
    return before === undefined ? rest : { ...rest, image: before }
  })

function validateAnnotationChange(pod: Pod, old: Pod): FieldError[] {
  const now = pod.metadata.annotations?.[mirrorAnnotation]
  if (now === old.metadata.annotations?.[mirrorAnnotation]) return []
  const here = root.child('metadata', 'annotations').key(mirrorAnnotation)
  return [forbiddenField(here, `may not ${now === undefined ? 'remove' : 'add or update'} mirror pod annotation`)]
}

function validateDeadline({ activeDeadlineSeconds: now }: PodSpec, { activeDeadlineSeconds: was }: PodSpec) {
  const here = at.child('activeDeadlineSeconds')
  if (now === undefined)
    return was === undefined ? [] : [invalidValue(here, null, 'must not update from a positive integer to nil value')]
  if (now < 0 || now > longestDeadline) return [invalidValue(here, now, outOfRange(0, longestDeadline))]
  return was !== undefined && was < now ? [invalidValue(here, now, 'must be less than or equal to previous value')] : []
}

function validateAddedTolerations({ tolerations: now = [] }: PodSpec, { tolerations: was = [] }: PodSpec) {
  const withoutSeconds = ({ tolerationSeconds: _, ...rest }: (typeof now)[number]) => rest
  const lost = was.some(old => !now.some(each => jsonEqual(withoutSeconds(each), withoutSeconds(old))))
  return lost
    ? [forbiddenField(at.child('tolerations'), 'existing toleration can not be modified except its tolerationSeconds')]
    : []
}

function validateRemovedGates({ schedulingGates: now = [] }: PodSpec, { schedulingGates: was = [] }: PodSpec) {
  return now.flatMap(({ name }, i) =>
    was.some(gate => gate.name === name)
      ? []
      : [
          forbiddenField(
            at.child('schedulingGates').index(i),
            `only deletion is allowed, but found new scheduling gate '${name}'`,
          ),
        ],
  )
}

/** While a pod is gated, where it may run can only be narrowed. */
function validateNarrowed(spec: PodSpec, old: PodSpec): FieldError[] {
  const errors: FieldError[] = []
  const selector = spec.nodeSelector ?? {}
  if (Object.entries(old.nodeSelector ?? {}).some(([key, value]) => selector[key] !== value))
    errors.push(
      invalidValue(
        at.child('nodeSelector'),
        selector,
        'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
      ),
    )
  const terms = ({ affinity }: PodSpec): readonly NodeSelectorTerm[] =>
    affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const before = terms(old)
  const after = terms(spec)
  const here = at.child(
    'affinity',
    'nodeAffinity',
    'requiredDuringSchedulingIgnoredDuringExecution',
    'nodeSelectorTerms',
  )
  if (before.length === 0) return errors
  if (before.length !== after.length)
    return [
      ...errors,
      invalidValue(here, after, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed'),
    ]
  before.forEach((term, i) => {
    {
      const now = after[i] ?? {}
      const extended = (['matchExpressions', 'matchFields'] as const).every(list =>
        (term[list] ?? []).every((requirement, j) => jsonEqual(requirement, now[list]?.[j])),
      )
      if (!extended)
        errors.push(invalidValue(here.index(i), now, 'only additions are allowed (no mutations or deletions)'))
    }
  })
  return errors
}

/** Through `ephemeralcontainers`: more may be added, none changed or removed. */
export function validateEphemeralUpdate(pod: Pod, old: Pod): FieldError[] {
  if (pod.metadata.annotations?.[mirrorAnnotation] !== undefined)
    return [forbiddenField('', 'static pods do not support ephemeral containers')]
  const here = at.child('ephemeralContainers')
  const now = new Map((pod.spec.ephemeralContainers ?? []).map(container => [container.name, container]))
  const errors = validatePodContents(pod)
  for (const before of old.spec.ephemeralContainers ?? []) {
    const after = now.get(before.name)
    if (!after)
      errors.push(forbiddenField(here, `existing ephemeral containers ${quoted(before.name)} may not be removed\n`))
    else if (!jsonEqual(before, after))
      errors.push(
        forbiddenField(
          here,
          `existing ephemeral containers ${quoted(before.name)} may not be changed\n${objectDiff(before, after)}`,
        ),
      )
  }
  return errors
}

const quoted = (text: string): string => JSON.stringify(text)

/** Through `resize`: cpu and memory of containers that run. */
export function validateResize(pod: Pod, old: Pod): FieldError[] {
  if (pod.metadata.annotations?.[mirrorAnnotation] !== undefined)
    return [forbiddenField('', 'static pods cannot be resized')]
  if (pod.spec.os?.name === 'windows') return [forbiddenField('', 'windows pods cannot be resized')]
  const errors = validatePodContents(pod)
  if (qosClass(pod) !== old.status.qosClass && old.status.qosClass)
    errors.push(invalidValue(at, old.status.qosClass, 'Pod QOS Class may not change as a result of resizing'))
  for (const list of ['containers', 'initContainers'] as const)
    pod.spec[list]?.forEach((container, i) => {
      {
        const before = old.spec[list]?.[i]
        for (const kind of ['limits', 'requests'] as const) {
          const now = container.resources[kind] ?? {}
          const was = before?.resources[kind] ?? {}
          const here = at.child(list).index(i).child('resources', kind)
          for (const name of new Set([...Object.keys(now), ...Object.keys(was)])) {
            if (now[name] === was[name]) continue
            if (name !== 'cpu' && name !== 'memory')
              errors.push(forbiddenField(at, 'only cpu and memory resources are mutable'))
            else if (now[name] === undefined) errors.push(forbiddenField(here, `resource ${kind} cannot be removed`))
          }
        }
      }
    })
  return errors
}
