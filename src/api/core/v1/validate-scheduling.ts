import {
  duplicate,
  forbiddenField,
  invalidValue,
  invalidValues,
  notSupported,
  required,
} from '../../../machinery/field-errors.js'
import type { LabelSelectorObject } from '../../../machinery/labels.js'
import { dns1123Label, dns1123Subdomain, labelValue } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabelKey, validateLabelSelector } from '../../../machinery/validate-labels.js'
import { oneOf } from '../../field-rules.js'
import { ofItems } from '../../list-rules.js'
import type {
  Affinity,
  NodeAffinity,
  PodAffinity,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
} from './affinity.js'
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from './node-selector.js'
import { validateTaintEffect } from './taints.js'

/** https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#affinity-and-anti-affinity */
export function validateAffinity(affinity: Affinity | undefined, at: FieldPath): FieldError[] {
  if (!affinity) return []
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity
  const errors: FieldError[] = []
  if (nodeAffinity) errors.push(...validateNodeAffinity(nodeAffinity, at.child('nodeAffinity')))
  if (podAffinity) errors.push(...validatePodAffinity(podAffinity, at.child('podAffinity')))
  if (podAntiAffinity) errors.push(...validatePodAffinity(podAntiAffinity, at.child('podAntiAffinity')))
  return errors
}

export function validateNodeAffinity(affinity: NodeAffinity, at: FieldPath): FieldError[] {
  const must = affinity.requiredDuringSchedulingIgnoredDuringExecution
  const errors = must
    ? validateNodeSelector(must, at.child('requiredDuringSchedulingIgnoredDuringExecution'))
    : ([] as FieldError[])
  affinity.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ weight, preference }, i) => {
    const term = at.child('preferredDuringSchedulingIgnoredDuringExecution').index(i)
    errors.push(
      ...validateWeight(weight, term),
      ...validateNodeSelectorTerm(preference, term.child('preference'), true),
    )
  })
  return errors
}

const validateWeight = (weight: number, at: FieldPath): FieldError[] =>
  weight < 1 || weight > 100 ? [invalidValue(at.child('weight'), weight, 'must be in the range 1-100')] : []

export function validateNodeSelector({ nodeSelectorTerms }: NodeSelector, at: FieldPath): FieldError[] {
  const here = at.child('nodeSelectorTerms')
  if (!nodeSelectorTerms?.length) return [required(here, 'must have at least one node selector term')]
  return nodeSelectorTerms.flatMap((term, i) => validateNodeSelectorTerm(term, here.index(i)))
}

/** `anyValues`: values need not be such as labels can have, since a preference may fail. */
const validateNodeSelectorTerm = (
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  at: FieldPath,
  anyValues = false,
): FieldError[] => [
  ...matchExpressions.flatMap((requirement, i) =>
    validateNodeRequirement(requirement, at.child('matchExpressions').index(i), anyValues),
  ),
  ...matchFields.flatMap((requirement, i) => validateNodeField(requirement, at.child('matchFields').index(i))),
]

function validateNodeRequirement(
  { key, operator, values = [] }: NodeSelectorRequirement,
  at: FieldPath,
  anyValues: boolean,
): FieldError[] {
  const errors: FieldError[] = []
  const here = at.child('values')
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) errors.push(required(here, "must be specified when `operator` is 'In' or 'NotIn'"))
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      errors.push(forbiddenField(here, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
  } else if (operator === 'Gt' || operator === 'Lt') {
    if (values.length !== 1)
      errors.push(required(here, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
  } else errors.push(invalidValue(at.child('operator'), operator, 'not a valid selector operator'))
  return [
    ...errors,
    ...validateLabelKey(key, at.child('key')),
    ...(anyValues ? [] : values.flatMap((value, i) => invalidValues(here.index(i), value, labelValue(value)))),
  ]
}

/** Of a node's own fields, the name alone can be selected by. */
function validateNodeField({ key, operator, values = [] }: NodeSelectorRequirement, at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length !== 1)
      errors.push(
        required(
          at.child('values'),
          "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
        ),
      )
  } else errors.push(invalidValue(at.child('operator'), operator, 'not a valid selector operator'))
  if (key !== 'metadata.name') return [...errors, invalidValue(at.child('key'), key, 'not a valid field selector key')]
  return [
    ...errors,
    ...values.flatMap((value, i) => invalidValues(at.child('values').index(i), value, dns1123Subdomain(value))),
  ]
}

const validatePodAffinity = (affinity: PodAffinity, at: FieldPath): FieldError[] => [
  ...(affinity.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap((term, i) =>
    validatePodAffinityTerm(term, at.child('requiredDuringSchedulingIgnoredDuringExecution').index(i)),
  ),
  ...(affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ weight, podAffinityTerm }, i) => {
    const here = at.child('preferredDuringSchedulingIgnoredDuringExecution').index(i)
    return [...validateWeight(weight, here), ...validatePodAffinityTerm(podAffinityTerm, here.child('podAffinityTerm'))]
  }),
]

function validatePodAffinityTerm(term: PodAffinityTerm, at: FieldPath): FieldError[] {
  const { labelSelector, namespaceSelector, namespaces = [], topologyKey, matchLabelKeys, mismatchLabelKeys } = term
  const errors = [
    ...validateLabelSelector(labelSelector, at.child('labelSelector')),
    ...validateLabelSelector(namespaceSelector, at.child('namespaceSelector')),
    ...namespaces.flatMap(name => invalidValues(at.child('namespace'), name, dns1123Label(name))),
    ...validateLabelKeys(matchLabelKeys, labelSelector, at.child('matchLabelKeys')),
    ...validateLabelKeys(mismatchLabelKeys, labelSelector, at.child('mismatchLabelKeys')),
    ...validateMergedKeys(matchLabelKeys, labelSelector, at),
  ]
  matchLabelKeys?.forEach((key, i) => {
    if (mismatchLabelKeys?.includes(key))
      errors.push(
        invalidValue(at.child('matchLabelKeys').index(i), key, 'exists in both matchLabelKeys and mismatchLabelKeys'),
      )
  })
  if (!topologyKey) errors.push(required(at.child('topologyKey'), 'can not be empty'))
  return [...errors, ...validateLabelKey(topologyKey, at.child('topologyKey'))]
}

function validateLabelKeys(keys: readonly string[] | undefined, selector: unknown, at: FieldPath): FieldError[] {
  if (!keys?.length) return []
  return selector
    ? keys.flatMap((key, i) => validateLabelKey(key, at.index(i)))
    : [forbiddenField(at, 'must not be specified when labelSelector is not set')]
}

/** Keys have been merged into the selector by now: one that is there twice was in both from the beginning. */
function validateMergedKeys(
  keys: readonly string[] = [],
  selector: LabelSelectorObject | undefined,
  at: FieldPath,
): FieldError[] {
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}))
  return (selector?.matchExpressions ?? []).flatMap(({ key }) => {
    const i = keys.indexOf(key)
    if (i >= 0 && seen.has(key))
      return [invalidValue(at.index(i), key, 'exists in both matchLabelKeys and labelSelector')]
    seen.add(key)
    return []
  })
}

const operators = ['Equal', 'Exists']

/** https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export const validateTolerations = (tolerations: readonly Toleration[] | undefined, at: FieldPath): FieldError[] =>
  ofItems(tolerations, ({ key = '', operator = '', value = '', effect = '', tolerationSeconds }, i) => {
    const here = at.index(i)
    const errors = key ? validateLabelKey(key, here.child('key')) : []
    if (!key && operator !== 'Exists')
      errors.push(
        invalidValue(
          here.child('operator'),
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      )
    if (tolerationSeconds !== undefined && effect !== 'NoExecute')
      errors.push(
        invalidValue(here.child('effect'), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"),
      )
    if (operator === '' || operator === 'Equal') {
      const faults = labelValue(value)
      if (faults.length > 0) errors.push(invalidValue(here.child('operator'), value, faults.join(';')))
    } else if (operator === 'Exists') {
      if (value)
        errors.push(invalidValue(here.child('operator'), value, "value must be empty when `operator` is 'Exists'"))
    } else errors.push(notSupported(here.child('operator'), operator, operators))
    if (effect) errors.push(...validateTaintEffect(effect, here.child('effect')))
    return errors
  })

const nodePolicies = ['Honor', 'Ignore']

/** https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/ */
export function validateTopologySpread(
  constraints: readonly TopologySpreadConstraint[] | undefined,
  at: FieldPath,
): FieldError[] {
  return ofItems(constraints, (constraint, i) => {
    const { maxSkew, topologyKey, whenUnsatisfiable, minDomains, labelSelector, matchLabelKeys } = constraint
    const here = at.index(i)
    const errors: FieldError[] = []
    if (maxSkew <= 0) errors.push(invalidValue(here.child('maxSkew'), maxSkew, 'must be greater than zero'))
    errors.push(
      ...(topologyKey ? [] : [required(here.child('topologyKey'), 'can not be empty')]),
      ...oneOf(whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway'], here.child('whenUnsatisfiable')),
    )
    // The earlier one of two is told about.
    const again = (constraints ?? [])
      .slice(i + 1)
      .some(later => later.topologyKey === topologyKey && later.whenUnsatisfiable === whenUnsatisfiable)
    if (again)
      errors.push(duplicate(here.child('{topologyKey, whenUnsatisfiable}'), `{${topologyKey}, ${whenUnsatisfiable}}`))
    if (minDomains !== undefined) {
      const domains = here.child('minDomains')
      if (minDomains <= 0) errors.push(invalidValue(domains, minDomains, 'must be greater than zero'))
      if (whenUnsatisfiable !== 'DoNotSchedule')
        errors.push(
          invalidValue(
            domains,
            minDomains,
            `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`,
          ),
        )
    }
    errors.push(
      ...oneOf(constraint.nodeAffinityPolicy, nodePolicies, here.child('nodeAffinityPolicy')),
      ...oneOf(constraint.nodeTaintsPolicy, nodePolicies, here.child('nodeTaintsPolicy')),
      ...validateLabelKeys(matchLabelKeys, labelSelector, here.child('matchLabelKeys')),
      ...validateMergedKeys(matchLabelKeys, labelSelector, here.child('matchLabelKeys')),
      ...validateLabelSelector(labelSelector, here.child('labelSelector')),
    )
    return errors
  })
}
