import { forbiddenField, invalidValue, invalidValues, notSupported, required } from '../../../machinery/field-errors.js'
import { pathSegmentName } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { compareQuantities } from '../../../machinery/quantity.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabelSelector } from '../../../machinery/validate-labels.js'
import { nonNegativeQuantity, oneOf } from '../../field-rules.js'
import type { HorizontalPodAutoscaler, HPAScalingRules } from './horizontal-pod-autoscaler.js'
import type { CrossVersionObjectReference, MetricIdentifier, MetricSpec, MetricTarget } from './metric.js'

/** https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/ */
export function validateAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  const at = root.child('spec')
  const { minReplicas, maxReplicas, metrics = [], behavior } = spec
  const errors: FieldError[] = []
  const scalesToZero = metrics.some(({ type }) => type === 'Object' || type === 'External')
  if (minReplicas !== undefined && minReplicas < 1)
    errors.push(invalidValue(at.child('minReplicas'), minReplicas, 'must be greater than or equal to 1'))
  if (maxReplicas < 1) errors.push(invalidValue(at.child('maxReplicas'), maxReplicas, 'must be greater than 0'))
  if (minReplicas !== undefined && maxReplicas < minReplicas)
    errors.push(invalidValue(at.child('maxReplicas'), maxReplicas, 'must be greater than or equal to `minReplicas`'))
  errors.push(...validateReference(spec.scaleTargetRef, at.child('scaleTargetRef')))
  metrics.forEach((metric, i) => {
    errors.push(...validateMetric(metric, at.child('metrics').index(i)))
  })
  if (minReplicas === 0 && !scalesToZero)
    errors.push(
      forbiddenField(
        at.child('metrics'),
        'must specify at least one Object or External metric to support scaling to zero replicas',
      ),
    )
  if (behavior?.scaleUp) errors.push(...validateRules(behavior.scaleUp, at.child('behavior', 'scaleUp')))
  if (behavior?.scaleDown) errors.push(...validateRules(behavior.scaleDown, at.child('behavior', 'scaleDown')))
  return errors
}

function validateReference({ kind, name, apiVersion }: CrossVersionObjectReference, at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  for (const [field, value] of Object.entries({ kind, name }))
    errors.push(
      ...(value ? invalidValues(at.child(field), value, pathSegmentName(value)) : [required(at.child(field))]),
    )
  if (apiVersion && apiVersion.split('/').length > 2)
    errors.push(invalidValue(at.child('apiVersion'), apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
  return errors
}

const sources = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const

function validateMetric(metric: MetricSpec, at: FieldPath): FieldError[] {
  if (!metric.type) return [required(at.child('type'), 'must specify a metric source type')]
  const expected = sources[metric.type as keyof typeof sources] as (typeof sources)[keyof typeof sources] | undefined
  const errors = expected ? [] : [notSupported(at.child('type'), metric.type, Object.keys(sources))]
  const present = Object.values(sources).filter(source => metric[source] !== undefined)
  const [first] = present
  if (first) errors.push(...validateSource(metric, first, at.child(first)))
  if (expected && metric[expected] === undefined)
    errors.push(required(at.child(expected), 'must populate information for the given metric source'))
  if (present.length !== 1)
    for (const source of present)
      if (source !== expected)
        errors.push(forbiddenField(at.child(source), 'must populate the given metric source only'))
  return errors
}

function validateSource(metric: MetricSpec, source: (typeof sources)[keyof typeof sources], at: FieldPath) {
  const { object, external, pods, resource, containerResource } = metric
  if (source === 'object' && object)
    return [
      ...validateReference(object.describedObject, at.child('describedObject')),
      ...validateIdentifier(object.metric, at.child('metric')),
      ...validateTarget(object.target, at.child('target')),
      ...validateAmount(object.target, at.child('target')),
    ]
  if (source === 'external' && external)
    return [
      ...validateIdentifier(external.metric, at.child('metric')),
      ...validateTarget(external.target, at.child('target')),
      ...validateAmount(external.target, at.child('target')),
    ]
  if (source === 'pods' && pods)
    return [
      ...validateIdentifier(pods.metric, at.child('metric')),
      ...validateTarget(pods.target, at.child('target')),
      ...(pods.target.averageValue === undefined || compareQuantities(pods.target.averageValue, '0') <= 0
        ? [required(at.child('target', 'averageValue'), 'must specify a positive target averageValue')]
        : []),
    ]
  const own = source === 'resource' ? resource : containerResource
  if (!own) return []
  const { averageUtilization, averageValue } = own.target
  const target = at.child('target')
  const errors: FieldError[] = []
  if (!own.name) errors.push(required(at.child('name'), 'must specify a resource name'))
  if (source === 'containerResource' && !containerResource?.container)
    errors.push(required(at.child('container'), 'must specify a container'))
  errors.push(...validateTarget(own.target, target))
  if (averageUtilization !== undefined && averageValue !== undefined)
    errors.push(
      forbiddenField(target.child('averageValue'), 'may not set both a target raw value and a target utilization'),
    )
  if (averageUtilization === undefined && averageValue === undefined)
    errors.push(
      required(target.child('averageUtilization'), 'must set either a target raw value or a target utilization'),
    )
  return errors
}

const targetTypes = ['Utilization', 'Value', 'AverageValue']

function validateTarget({ type, value, averageValue, averageUtilization }: MetricTarget, at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (!type) errors.push(required(at.child('type'), 'must specify a metric target type'))
  if (!targetTypes.includes(type))
    errors.push(invalidValue(at.child('type'), type, 'must be either Utilization, Value, or AverageValue'))
  for (const [field, quantity] of Object.entries({ value, averageValue }))
    if (quantity !== undefined && compareQuantities(quantity, '0') <= 0)
      errors.push(invalidValue(at.child(field), quantity, 'must be positive'))
  if (averageUtilization !== undefined && averageUtilization < 1)
    errors.push(invalidValue(at.child('averageUtilization'), averageUtilization, 'must be greater than 0'))
  return errors
}

function validateAmount({ value, averageValue }: MetricTarget, at: FieldPath): FieldError[] {
  if (value === undefined && averageValue === undefined)
    return [required(at.child('averageValue'), 'must set either a target value for metric or a per-pod target')]
  return value !== undefined && averageValue !== undefined
    ? [forbiddenField(at.child('value'), 'may not set both a target value for metric and a per-pod target')]
    : []
}

const validateIdentifier = ({ name, selector }: MetricIdentifier, at: FieldPath): FieldError[] => [
  ...(name
    ? invalidValues(at.child('name'), name, pathSegmentName(name))
    : [required(at.child('name'), 'must specify a metric name')]),
  ...validateLabelSelector(selector, at.child('selector')),
]

const longestWindow = 3600
const longestPeriod = 1800

function validateRules(rules: HPAScalingRules, at: FieldPath): FieldError[] {
  const { stabilizationWindowSeconds: seconds, selectPolicy, policies = [], tolerance } = rules
  const errors: FieldError[] = []
  const window = at.child('stabilizationWindowSeconds')
  if (seconds !== undefined && seconds < 0)
    errors.push(invalidValue(window, seconds, 'must be greater than or equal to zero'))
  if (seconds !== undefined && seconds > longestWindow)
    errors.push(invalidValue(window, seconds, `must be less than or equal to ${longestWindow}`))
  errors.push(...oneOf(selectPolicy, ['Disabled', 'Max', 'Min'], at.child('selectPolicy')))
  if (policies.length === 0) errors.push(required(at.child('policies'), 'must specify at least one Policy'))
  policies.forEach(({ type, value, periodSeconds }, i) => {
    {
      const here = at.child('policies').index(i)
      errors.push(...oneOf(type, ['Percent', 'Pods'], here.child('type')))
      if (value <= 0) errors.push(invalidValue(here.child('value'), value, 'must be greater than zero'))
      if (periodSeconds <= 0)
        errors.push(invalidValue(here.child('periodSeconds'), periodSeconds, 'must be greater than zero'))
      if (periodSeconds > longestPeriod)
        errors.push(
          invalidValue(here.child('periodSeconds'), periodSeconds, `must be less than or equal to ${longestPeriod}`),
        )
    }
  })
  if (tolerance !== undefined) errors.push(...nonNegativeQuantity(tolerance, at.child('tolerance')))
  return errors
}
