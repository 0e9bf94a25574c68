import { forbiddenField, invalidValue, required, Shown } from '../../../machinery/field-errors.js'
import { goJson } from '../../../machinery/go-format.js'
import { type Selector, selectorFromLabels } from '../../../machinery/labels.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateAnnotations, validateLabels } from '../../../machinery/validate-labels.js'
import type { Pod } from './pod.js'
import type { PodSpec } from './pod-spec.js'
import type { PodTemplateSpec } from './pod-template.js'
import { validateImagePadding } from './validate-containers.js'
import { validatePodSpec } from './validate-pod-spec.js'
import { validateProfileAnnotations, validateProfilesAgree } from './validate-profile-annotations.js'

const specAt = root.child('spec')
export const mirrorAnnotation = 'kubernetes.io/config.mirror'
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost'

/** A new pod. */
export function validatePod(pod: Pod): FieldError[] {
  const { spec } = pod
  const errors = validatePodContents(pod)
  if (spec.ephemeralContainers?.length)
    errors.push(forbiddenField(specAt.child('ephemeralContainers'), 'cannot be set on create'))
  if (spec.nodeName && spec.schedulingGates?.length)
    errors.push(forbiddenField(specAt.child('nodeName'), 'cannot be set until all schedulingGates have been cleared'))
  return [...errors, ...validateProfilesAgree(pod.metadata.annotations ?? {}, spec, specAt)]
}

/** What holds for pods at any time; the metadata is the registry's. */
export function validatePodContents({ metadata, spec }: Pod): FieldError[] {
  const errors = [
    ...validatePodAnnotations(metadata.annotations, spec, root.child('metadata', 'annotations')),
    ...validatePodSpec(spec, specAt, metadata.name ?? ''),
  ]
  if (!spec.serviceAccountName)
    spec.volumes?.forEach(({ projected }, i) => {
      projected?.sources?.forEach(({ serviceAccountToken }, j) => {
        if (serviceAccountToken)
          errors.push(
            forbiddenField(
              specAt.child('volumes').index(i).child('projected', 'sources').index(j).child('serviceAccountToken'),
              'must not be specified when serviceAccountName is not set',
            ),
          )
      })
    })
  for (const list of ['containers', 'initContainers'] as const)
    spec[list]?.forEach((container, i) => {
      errors.push(...validateImagePadding(container, specAt.child(list).index(i)))
    })
  return errors
}

/** Annotations that mean something to the system, of a pod or of a template. */
export function validatePodAnnotations(
  annotations: { readonly [key: string]: string } = {},
  spec: PodSpec,
  at: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  const mirror = annotations[mirrorAnnotation]
  if (mirror !== undefined && !spec.nodeName)
    errors.push(
      invalidValue(at.key(mirrorAnnotation), mirror, 'must set spec.nodeName if mirror pod annotation is set'),
    )
  const cost = annotations[deletionCost]
  if (cost !== undefined && !isInt32(cost))
    errors.push(invalidValue(at.key(deletionCost), cost, 'must be a 32bit integer'))
  return [...errors, ...validateProfileAnnotations(annotations, spec, at)]
}

const isInt32 = (text: string): boolean =>
  /^(0|-?[1-9]\d*)$/.test(text) && Number(text) >= -(2 ** 31) && Number(text) < 2 ** 31

/** The template of pods that something else makes. */
export function validatePodTemplate(template: PodTemplateSpec, at: FieldPath): FieldError[] {
  const { metadata, spec } = template
  const errors = [
    ...validateLabels(metadata.labels, at.child('labels')),
    ...validateAnnotations(metadata.annotations, at.child('annotations')),
    ...validatePodAnnotations(metadata.annotations, spec, at.child('annotations')),
    ...validatePodSpec(spec, at.child('spec')),
    ...validateProfilesAgree(metadata.annotations ?? {}, spec, at.child('spec')),
  ]
  if (spec.ephemeralContainers?.length)
    errors.push(
      forbiddenField(at.child('spec', 'ephemeralContainers'), 'ephemeral containers not allowed in pod template'),
    )
  return errors
}

/** Whether a selector picks the pods of a template, which is what makes them its own. */
export function validateSelected(
  selector: Selector,
  template: PodTemplateSpec,
  at: FieldPath,
  selectsNothing = false,
): FieldError[] {
  const { labels } = template.metadata
  if ((selector.empty && !selectsNothing) || selector.matches(labels ?? {})) return []
  return [
    invalidValue(
      at.child('metadata', 'labels'),
      labels ? new Shown(goJson(Object.fromEntries(Object.entries(labels).sort()))) : null,
      '`selector` does not match template `labels`',
    ),
  ]
}

/** Templates of workloads whose pods always run. */
export function validateLastingTemplate(
  template: PodTemplateSpec | undefined | null,
  owner: string,
  at: FieldPath,
): FieldError[] {
  if (!template) return [required(at)]
  const errors = validatePodTemplate(template, at)
  const { restartPolicy, activeDeadlineSeconds } = template.spec
  if (restartPolicy !== 'Always')
    errors.push({
      reason: 'FieldValueNotSupported',
      field: String(at.child('spec', 'restartPolicy')),
      message: `Unsupported value: ${JSON.stringify(restartPolicy ?? '')}: supported values: "Always"`,
    })
  if (activeDeadlineSeconds !== undefined)
    errors.push(
      forbiddenField(at.child('spec', 'activeDeadlineSeconds'), `activeDeadlineSeconds in ${owner} is not Supported`),
    )
  return errors
}

/** Labels as a selector, for kinds whose selector is a plain map. */
export const plainSelector = (labels: { readonly [key: string]: string } | undefined): Selector =>
  selectorFromLabels(labels ?? {})
