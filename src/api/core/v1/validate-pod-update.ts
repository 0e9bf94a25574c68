import {
  forbiddenField,
  invalidValue,
  required,
  Shown,
  sortedMap,
  wholeObject,
} from '../../../machinery/field-errors.js'
import { goJson } from '../../../machinery/go-format.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { outOfRange } from '../../../machinery/names.js'
import { root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { internalForm, shownInternally } from '../../internal-form.js'
import { objectDiff } from '../../object-diff.js'
import { appArmorPrefix } from './app-armor-annotations.js'
import { type Container, EphemeralContainer } from './container.js'
import { NodeSelectorTerm } from './node-selector.js'
import type { Pod } from './pod.js'
import { PodSpec } from './pod-spec.js'
import { validateImagePadding } from './validate-containers.js'
import { mirrorAnnotation, validatePodAnnotations, validatePodContents } from './validate-pod.js'
import { validateTolerations } from './validate-scheduling.js'

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
    now.forEach((container, i) => {
      const here = at.child(list).index(i)
      if (!container.image) errors.push(required(here.child('image')))
      errors.push(...validateImagePadding(container, here))
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
    ...(gated ? withNodeChoice(pod.spec, old.spec) : {}),
    ...((old.spec.terminationGracePeriodSeconds ?? 0) < 0 && pod.spec.terminationGracePeriodSeconds === 1
      ? kept(old.spec, 'terminationGracePeriodSeconds')
      : {}),
  }
  if (gated) errors.push(...validateNarrowed(pod.spec, old.spec))
  if (!jsonEqual(expected, old.spec))
    errors.push(
      forbiddenField(
        at,
        `pod updates may not change fields other than ${changeable}\n${objectDiff(PodSpec, old.spec, expected)}`,
      ),
    )
  return errors
}

const kept = (spec: PodSpec, ...fields: (keyof PodSpec)[]): Partial<PodSpec> =>
  Object.fromEntries(fields.map(field => [field, spec[field]]))

/** A gated pod may still be told which nodes it may run on; of its affinity to other pods nothing changes. */
function withNodeChoice({ affinity, nodeSelector }: PodSpec, old: PodSpec): Partial<PodSpec> {
  const kept = jsonEqual(nodeSelector, old.nodeSelector) ? nodeSelector : old.nodeSelector
  const { nodeAffinity: _, ...others } = affinity ?? {}
  const before = old.affinity?.nodeAffinity
  const merged = before ? { ...others, nodeAffinity: before } : others
  const none = Object.keys(merged).length === 0 && old.affinity === undefined
  return { nodeSelector: kept, affinity: none ? undefined : merged } as Partial<PodSpec>
}

const withImages = (containers: readonly Container[], old: readonly Container[]): readonly Container[] =>
  containers.map((container, i) => {
    const { image: _image, ...rest } = container
    const before = old[i]?.image
    return before === undefined ? rest : { ...rest, image: before }
  })

/** Annotations by which the pod was made, one for all: what they mean was settled then. */
export function validateAnnotationChange({ metadata, spec }: Pod, old: Pod): FieldError[] {
  const here = root.child('metadata', 'annotations')
  const now = metadata.annotations ?? {}
  const was = old.metadata.annotations ?? {}
  const errors: FieldError[] = []
  for (const key of new Set([...Object.keys(was), ...Object.keys(now)])) {
    if (now[key] === was[key]) continue
    const verb = was[key] === undefined ? 'add' : 'remove or update'
    if (key.startsWith(appArmorPrefix))
      errors.push(forbiddenField(here.key(key), `may not ${verb} AppArmor annotations`))
    if (key === mirrorAnnotation) errors.push(forbiddenField(here.key(key), `may not ${verb} mirror pod annotation`))
  }
  return [...errors, ...validatePodAnnotations(now, spec, here)]
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
  const here = at.child('tolerations')
  return lost
    ? [forbiddenField(here, 'existing toleration can not be modified except its tolerationSeconds')]
    : validateTolerations(now, here)
}

function validateRemovedGates({ schedulingGates: now = [] }: PodSpec, { schedulingGates: was = [] }: PodSpec) {
  return now.flatMap(({ name }, i) =>
    was.some(gate => gate.name === name)
      ? []
      : [
          forbiddenField(
            at.child('schedulingGates').index(i).child('name'),
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
        sortedMap(selector),
        'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
      ),
    )
  const terms = ({ affinity }: PodSpec): readonly NodeSelectorTerm[] =>
    affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const before = terms(old)
  const after = terms(spec)
  const must = at.child('affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution')
  const here = must.child('nodeSelectorTerms')
  if (before.length === 0) return errors
  if (before.length !== after.length)
    return [
      ...errors,
      invalidValue(here, shownTerms(after), 'no additions/deletions to non-empty NodeSelectorTerms list are allowed'),
    ]
  before.forEach((term, i) => {
    {
      const now = after[i] ?? {}
      const lists = ['matchExpressions', 'matchFields'] as const
      const extended = lists.every(list =>
        (term[list] ?? []).every((requirement, j) => jsonEqual(requirement, now[list]?.[j])),
      )
      // A term without conditions matches nothing: with some it would match more.
      const widened = lists.every(list => !term[list]?.length) && lists.some(list => now[list]?.length)
      if (!extended || widened)
        errors.push(
          invalidValue(
            here.index(i),
            shownInternally(NodeSelectorTerm, now),
            'only additions are allowed (no mutations or deletions)',
          ),
        )
    }
  })
  return errors
}

const shownTerms = (terms: readonly NodeSelectorTerm[]): Shown =>
  new Shown(goJson(terms.map(term => internalForm(NodeSelectorTerm, term))))

/** Through `ephemeralcontainers`: more may be added, none changed or removed. */
export function validateEphemeralUpdate(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.[mirrorAnnotation] !== undefined)
    return [forbiddenField(wholeObject, 'static pods do not support ephemeral containers')]
  const here = at.child('ephemeralContainers')
  const now = new Map((pod.spec.ephemeralContainers ?? []).map(container => [container.name, container]))
  const errors = [...validatePodContents(pod), ...validateAnnotationChange(pod, old)]
  for (const before of old.spec.ephemeralContainers ?? []) {
    const after = now.get(before.name)
    if (!after)
      errors.push(forbiddenField(here, `existing ephemeral containers ${quoted(before.name)} may not be removed\n`))
    else if (!jsonEqual(before, after))
      errors.push(
        forbiddenField(
          here,
          `existing ephemeral containers ${quoted(before.name)} may not be changed\n${objectDiff(EphemeralContainer, before, after)}`,
        ),
      )
  }
  return errors
}

const quoted = (text: string): string => JSON.stringify(text)
