import { forbiddenField, invalidValue, invalidValues, notSupported, required } from '../../../machinery/field-errors.js'
import { pathSegmentName } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { compareQuantities } from '../../../machinery/quantity.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateContainerResourceName } from '../../core/v1/resource-quantities.js'
import { labelName, nonNegative, nonNegativeQuantity, oneOf } from '../../field-rules.js'
import type { HorizontalPodAutoscaler, HPAScalingRules } from './horizontal-pod-autoscaler.js'
import type {
  ContainerResourceMetricSource,
  CrossVersionObjectReference,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
  ObjectMetricSource,
} from './metric.js'

/** https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/ */
export function validateAutoscaler({ spec }: HorizontalPodAutoscaler, old?: HorizontalPodAutoscaler): FieldError[] {
  const at = root.child('spec')
  const { minReplicas, maxReplicas, metrics = [], behavior } = spec
  const errors: FieldError[] = []
  const leastReplicas = old?.spec.minReplicas === 0 ? 0 : 1
  if (minReplicas !== undefined && minReplicas < leastReplicas)
    errors.push(invalidValue(at.child('minReplicas'), minReplicas, `must be greater than or equal to ${leastReplicas}`))
  if (!maxReplicas) errors.push(required(at.child('maxReplicas'), 'must be set and greater than 0'))
  else if (maxReplicas < 1)
    errors.push(invalidValue(at.child('maxReplicas'), maxReplicas, 'must be greater than or equal to 1'))
  if (minReplicas !== undefined && maxReplicas < minReplicas)
    errors.push(invalidValue(at.child('maxReplicas'), maxReplicas, 'must be greater than or equal to `minReplicas`'))
  errors.push(...validateReference(spec.scaleTargetRef, at.child('scaleTargetRef')))
  errors.push(...validateTargetVersion(spec.scaleTargetRef, old?.spec.scaleTargetRef, at.child('scaleTargetRef')))
  const ratified = old?.spec.metrics?.some(({ type, object }) => type === 'Object' && object && badVersion(object))
  metrics.forEach((metric, i) => {
    errors.push(...validateMetric(metric, at.child('metrics').index(i), ratified ?? false))
  })
  if (minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External'))
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

export const validateAutoscalerStatus = ({ status }: HorizontalPodAutoscaler): FieldError[] =>
  (['currentReplicas', 'desiredReplicas'] as const).flatMap(field =>
    nonNegative(status[field], root.child('status', field)),
  )

function validateReference({ kind, name }: CrossVersionObjectReference, at: FieldPath): FieldError[] {
  return Object.entries({ kind, name }).flatMap(([field, value]) =>
    value ? invalidValues(at.child(field), value, pathSegmentName(value)) : [required(at.child(field))],
  )
}

/** Only replication controllers scale without a group; a target that stays is not looked at again. */
function validateTargetVersion(
  { kind, apiVersion = '' }: CrossVersionObjectReference,
  old: CrossVersionObjectReference | undefined,
  at: FieldPath,
): FieldError[] {
  if (old && old.kind === kind && (old.apiVersion ?? '') === apiVersion) return []
  const fault = versionFault(apiVersion, kind === 'ReplicationController')
  return fault ? [invalidValue(at.child('apiVersion'), apiVersion, fault)] : []
}

function versionFault(apiVersion: string, coreToo: boolean): string | undefined {
  const slashes = apiVersion.split('/').length - 1
  if (slashes > 1) return `unexpected GroupVersion string: ${apiVersion}`
  return !coreToo && (slashes === 0 || apiVersion.startsWith('/')) ? 'apiVersion must specify API group' : undefined
}

const badVersion = ({ describedObject }: ObjectMetricSource): boolean =>
  versionFault(describedObject.apiVersion ?? '', true) !== undefined

const sources = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const

/** Of several sources the first of these is looked into. */
const looked = ['object', 'external', 'pods', 'resource', 'containerResource'] as const

function validateMetric(metric: MetricSpec, at: FieldPath, anyVersion: boolean): FieldError[] {
  const errors: FieldError[] = []
  if (!metric.type) errors.push(required(at.child('type'), 'must specify a metric source type'))
  const expected = sources[metric.type as keyof typeof sources] as (typeof sources)[keyof typeof sources] | undefined
  const unknown = expected ? [] : [notSupported(at.child('type'), metric.type, Object.keys(sources))]
  const present = looked.filter(source => metric[source] !== undefined)
  const [first] = present
  errors.push(...unknown)
  if (first) errors.push(...validateSource(metric, first, at.child(first), anyVersion))
  errors.push(...unknown)
  if (expected && metric[expected] === undefined)
    errors.push(required(at.child(expected), 'must populate information for the given metric source'))
  if (present.length !== 1)
    for (const source of present)
      if (source !== expected)
        errors.push(forbiddenField(at.child(source), 'must populate the given metric source only'))
  return errors
}

const neither = 'must set either a target value for metric or a per-pod target'

function validateSource(
  { object, external, pods, resource, containerResource }: MetricSpec,
  source: (typeof looked)[number],
  at: FieldPath,
  anyVersion: boolean,
): FieldError[] {
  const average = at.child('target', 'averageValue')
  if (source === 'object' && object) {
    const { describedObject, target } = object
    const { apiVersion = '' } = describedObject
    const fault = anyVersion ? undefined : versionFault(apiVersion, true)
    return [
      ...validateReference(describedObject, at.child('describedObject')),
      ...(fault ? [invalidValue(at.child('describedObject', 'apiVersion'), apiVersion, fault)] : []),
      ...validateIdentifier(object.metric, at.child('metric')),
      ...validateTarget(target, at.child('target')),
      ...(hasAmount(target) ? [] : [required(average, 'must set either a target value or averageValue')]),
    ]
  }
  if (source === 'external' && external) {
    const { metric, target } = external
    return [
      ...validateIdentifier(metric, at.child('metric')),
      ...validateTarget(target, at.child('target')),
      ...(hasAmount(target) ? [] : [required(average, neither)]),
      ...(target.value !== undefined && target.averageValue !== undefined
        ? [
            forbiddenField(
              at.child('target', 'value'),
              'may not set both a target value for metric and a per-pod target',
            ),
          ]
        : []),
    ]
  }
  if (source === 'pods' && pods)
    return [
      ...validateIdentifier(pods.metric, at.child('metric')),
      ...validateTarget(pods.target, at.child('target')),
      ...(pods.target.averageValue === undefined
        ? [required(average, 'must specify a positive target averageValue')]
        : []),
    ]
  const own = source === 'resource' ? resource : containerResource
  if (!own) return []
  return [
    ...(own.name ? [] : [required(at.child('name'), 'must specify a resource name')]),
    ...(source === 'containerResource' && containerResource ? validateContainer(containerResource, at) : []),
    ...validateTarget(own.target, at.child('target')),
    ...validateShare(own.target, at.child('target')),
  ]
}

function validateContainer({ name, container }: ContainerResourceMetricSource, at: FieldPath): FieldError[] {
  return [
    ...(name ? validateContainerResourceName(name, at.child('name')) : []),
    ...(container
      ? labelName(container, at.child('container'))
      : [required(at.child('container'), 'must specify a container')]),
  ]
}

function validateShare({ averageUtilization, averageValue }: MetricTarget, at: FieldPath): FieldError[] {
  if (averageUtilization === undefined && averageValue === undefined)
    return [required(at.child('averageUtilization'), 'must set either a target raw value or a target utilization')]
  return averageUtilization !== undefined && averageValue !== undefined
    ? [forbiddenField(at.child('averageValue'), 'may not set both a target raw value and a target utilization')]
    : []
}

const hasAmount = ({ value, averageValue }: MetricTarget): boolean => value !== undefined || averageValue !== undefined

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

const validateIdentifier = ({ name }: MetricIdentifier, at: FieldPath): FieldError[] =>
  name
    ? invalidValues(at.child('name'), name, pathSegmentName(name))
    : [required(at.child('name'), 'must specify a metric name')]

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
    const here = at.child('policies').index(i)
    errors.push(...oneOf(type, ['Percent', 'Pods'], here.child('type')))
    if (value <= 0) errors.push(invalidValue(here.child('value'), value, 'must be greater than zero'))
    if (periodSeconds <= 0)
      errors.push(invalidValue(here.child('periodSeconds'), periodSeconds, 'must be greater than zero'))
    if (periodSeconds > longestPeriod)
      errors.push(
        invalidValue(here.child('periodSeconds'), periodSeconds, `must be less than or equal to ${longestPeriod}`),
      )
  })
  if (tolerance !== undefined) errors.push(...nonNegativeQuantity(tolerance, at.child('tolerance')))
  return errors
}
