import type { ApiObject } from '../../../machinery/object.js'
import type { StoredForm } from '../../../machinery/resource.js'
import { DecodeError, decodeJson, type MessageSchema } from '../../../schema/index.js'
import {
  HorizontalPodAutoscalerBehavior,
  HorizontalPodAutoscalerCondition,
  HorizontalPodAutoscaler as Stored,
} from '../v2/horizontal-pod-autoscaler.js'
import type * as v2 from '../v2/metric.js'
import type { HorizontalPodAutoscaler } from './horizontal-pod-autoscaler.js'
import type * as v1 from './metric.js'
import { MetricSpec, MetricStatus } from './metric.js'

/** What this version has no fields for travels in annotations, as JSON. */
const annotation = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
}

const defaultUtilization = 80

/** autoscaling/v1 is kept as autoscaling/v2. */
export const storedAutoscaler: StoredForm<HorizontalPodAutoscaler> = {
  kind: Stored as unknown as StoredForm<HorizontalPodAutoscaler>['kind'],
  read: object => fromV2(object as Stored),
  write: object => toV2(object) as ApiObject,
}

const isCpu = ({ type, resource }: v2.MetricSpec): boolean =>
  type === 'Resource' && resource?.name === 'cpu' && resource.target.averageUtilization !== undefined

function fromV2({ metadata, spec, status }: Stored): HorizontalPodAutoscaler {
  const metrics = spec.metrics ?? []
  const cpu = metrics.find(isCpu)?.resource?.target.averageUtilization
  const others = metrics.filter(metric => metric !== metrics.find(isCpu))
  const current = status.currentMetrics ?? []
  const currentCpu = current.find(({ type, resource }) => type === 'Resource' && resource?.name === 'cpu')
  const currentUtilization = currentCpu?.resource?.current.averageUtilization
  const currentOthers = current.filter(each => each !== currentCpu || currentUtilization === undefined)
  const extra = {
    ...(others.length > 0 ? { [annotation.metrics]: JSON.stringify(others.map(metricFromV2)) } : {}),
    ...(currentOthers.length > 0
      ? { [annotation.currentMetrics]: JSON.stringify(currentOthers.map(statusFromV2)) }
      : {}),
    ...(status.conditions?.length ? { [annotation.conditions]: JSON.stringify(status.conditions) } : {}),
    ...(spec.behavior ? { [annotation.behavior]: JSON.stringify(goBehavior(spec.behavior)) } : {}),
  }
  const { scaleTargetRef, minReplicas, maxReplicas } = spec
  const { observedGeneration, lastScaleTime, currentReplicas = 0, desiredReplicas } = status
  return {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v1',
    metadata:
      Object.keys(extra).length > 0 ? { ...metadata, annotations: { ...metadata.annotations, ...extra } } : metadata,
    spec: {
      scaleTargetRef,
      ...present({ minReplicas }),
      maxReplicas,
      ...present({ targetCPUUtilizationPercentage: cpu }),
    },
    status: {
      ...present({ observedGeneration, lastScaleTime }),
      currentReplicas,
      desiredReplicas,
      ...present({ currentCPUUtilizationPercentage: currentUtilization }),
    },
  }
}

function toV2({ metadata, spec, status }: HorizontalPodAutoscaler): Stored {
  const carried = new Set(Object.values(annotation))
  const annotations = Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([key]) => !carried.has(key)),
  )
  const read = <T, I>(name: keyof typeof annotation, schema: MessageSchema<T, I>): T[] =>
    listOf(schema, metadata.annotations?.[annotation[name]])
  const { targetCPUUtilizationPercentage: cpu, scaleTargetRef, minReplicas, maxReplicas } = spec
  const metrics = [...read('metrics', MetricSpec).map(metricToV2), ...(cpu === undefined ? [] : [cpuMetric(cpu)])]
  const { currentCPUUtilizationPercentage: currentCpu, observedGeneration, lastScaleTime } = status
  const currentMetrics = [
    ...read('currentMetrics', MetricStatus).map(statusToV2),
    ...(currentCpu === undefined
      ? []
      : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: currentCpu } } }]),
  ]
  const conditions = read('conditions', HorizontalPodAutoscalerCondition)
  const { annotations: _, ...rest } = metadata
  return {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v2',
    metadata: Object.keys(annotations).length > 0 ? { ...rest, annotations } : rest,
    spec: {
      scaleTargetRef,
      ...present({ minReplicas }),
      maxReplicas,
      metrics: metrics.length > 0 ? metrics : [cpuMetric(defaultUtilization)],
      ...present({ behavior: behaviorOf(metadata.annotations?.[annotation.behavior]) }),
    },
    status: {
      ...present({ observedGeneration, lastScaleTime }),
      ...(status.currentReplicas ? { currentReplicas: status.currentReplicas } : {}),
      desiredReplicas: status.desiredReplicas,
      currentMetrics: (currentMetrics.length > 0 ? currentMetrics : null) as v2.MetricStatus[],
      ...(conditions.length > 0 ? { conditions } : {}),
    },
  }
}

type Behavior = NonNullable<Stored['spec']['behavior']>
type Rules = NonNullable<Behavior['scaleUp']>

/** Upstream writes the behavior down with the names its own code has for the fields. */
function goBehavior({ scaleUp, scaleDown }: Behavior): object {
  const rules = (of: Rules | undefined) =>
    of
      ? {
          StabilizationWindowSeconds: of.stabilizationWindowSeconds ?? null,
          SelectPolicy: of.selectPolicy ?? null,
          Policies:
            of.policies?.map(({ type, value, periodSeconds }) => ({
              Type: type,
              Value: value,
              PeriodSeconds: periodSeconds,
            })) ?? null,
          Tolerance: of.tolerance ?? null,
        }
      : null
  return { ScaleUp: rules(scaleUp), ScaleDown: rules(scaleDown) }
}

/** Names count whatever their case, as everywhere in upstream's JSON; what does not fit counts as absent. */
function behaviorOf(text: string | undefined): Behavior | undefined {
  const written = parsed(text)
  if (typeof written !== 'object' || written === null) return undefined
  return decoded(() => decodeJson(HorizontalPodAutoscalerBehavior, uncapitalized(written)) as Behavior)
}

function uncapitalized(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(uncapitalized)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key.charAt(0).toLowerCase() + key.slice(1), uncapitalized(item)]),
  )
}

const cpuMetric = (averageUtilization: number): v2.MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
})

/** The messages of a list written as JSON; what cannot be read counts as absent, like an annotation of somebody else. */
function listOf<T, I>(schema: MessageSchema<T, I>, text: string | undefined): T[] {
  const written = parsed(text)
  return Array.isArray(written) ? (decoded(() => written.map(item => decodeJson(schema, item) as T)) ?? []) : []
}

function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** The fields that are there. */
const present = <T extends object>(fields: T): Present<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>

function metricFromV2(metric: v2.MetricSpec): object {
  const { type, object, pods, resource, containerResource, external } = metric
  return {
    type,
    ...(object && {
      object: {
        target: object.describedObject,
        metricName: object.metric.name,
        targetValue: object.target.value ?? '0',
        ...present({ selector: object.metric.selector, averageValue: object.target.averageValue }),
      },
    }),
    ...(pods && {
      pods: {
        metricName: pods.metric.name,
        targetAverageValue: pods.target.averageValue ?? '0',
        ...present({ selector: pods.metric.selector }),
      },
    }),
    ...(resource && { resource: { name: resource.name, ...ownTarget(resource.target) } }),
    ...(containerResource && {
      containerResource: {
        name: containerResource.name,
        ...ownTarget(containerResource.target),
        container: containerResource.container,
      },
    }),
    ...(external && {
      external: {
        metricName: external.metric.name,
        ...present({
          metricSelector: external.metric.selector,
          targetValue: external.target.value,
          targetAverageValue: external.target.averageValue,
        }),
      },
    }),
  }
}

const ownTarget = ({ averageUtilization, averageValue }: v2.MetricTarget) =>
  present({ targetAverageUtilization: averageUtilization, targetAverageValue: averageValue })

/** The target of a metric as the newer version has it: its type is whatever is set. */
function target(value?: string, averageValue?: string, averageUtilization?: number): v2.MetricTarget {
  const type = averageUtilization !== undefined ? 'Utilization' : averageValue !== undefined ? 'AverageValue' : 'Value'
  return {
    type,
    ...present({ value: averageValue === undefined ? value : undefined, averageValue, averageUtilization }),
  }
}

function metricToV2({ type, object, pods, resource, containerResource, external }: v1.MetricSpec): v2.MetricSpec {
  return {
    type,
    ...(object && {
      object: {
        describedObject: object.target,
        target: target(object.targetValue, object.averageValue),
        metric: { name: object.metricName, ...present({ selector: object.selector }) },
      },
    }),
    ...(pods && {
      pods: {
        metric: { name: pods.metricName, ...present({ selector: pods.selector }) },
        target: target(undefined, pods.targetAverageValue),
      },
    }),
    ...(resource && {
      resource: {
        name: resource.name,
        target: target(undefined, resource.targetAverageValue, resource.targetAverageUtilization),
      },
    }),
    ...(containerResource && {
      containerResource: {
        name: containerResource.name,
        target: target(undefined, containerResource.targetAverageValue, containerResource.targetAverageUtilization),
        container: containerResource.container,
      },
    }),
    ...(external && {
      external: {
        metric: { name: external.metricName, ...present({ selector: external.metricSelector }) },
        target: target(external.targetValue, external.targetAverageValue),
      },
    }),
  }
}

function statusFromV2({ type, object, pods, resource, containerResource, external }: v2.MetricStatus): object {
  const own = ({ averageUtilization, averageValue }: v2.MetricValueStatus) => ({
    ...present({ currentAverageUtilization: averageUtilization }),
    currentAverageValue: averageValue ?? '0',
  })
  return {
    type,
    ...(object && {
      object: {
        target: object.describedObject,
        metricName: object.metric.name,
        currentValue: object.current.value ?? '0',
        ...present({ selector: object.metric.selector, averageValue: object.current.averageValue }),
      },
    }),
    ...(pods && {
      pods: {
        metricName: pods.metric.name,
        currentAverageValue: pods.current.averageValue ?? '0',
        ...present({ selector: pods.metric.selector }),
      },
    }),
    ...(resource && { resource: { name: resource.name, ...own(resource.current) } }),
    ...(containerResource && {
      containerResource: {
        name: containerResource.name,
        ...own(containerResource.current),
        container: containerResource.container,
      },
    }),
    ...(external && {
      external: {
        metricName: external.metric.name,
        currentValue: external.current.value ?? '0',
        ...present({ metricSelector: external.metric.selector, currentAverageValue: external.current.averageValue }),
      },
    }),
  }
}

function statusToV2({ type, object, pods, resource, containerResource, external }: v1.MetricStatus): v2.MetricStatus {
  return {
    type,
    ...(object && {
      object: {
        describedObject: object.target,
        metric: { name: object.metricName, ...present({ selector: object.selector }) },
        current: { value: object.currentValue, ...present({ averageValue: object.averageValue }) },
      },
    }),
    ...(pods && {
      pods: {
        metric: { name: pods.metricName, ...present({ selector: pods.selector }) },
        current: { averageValue: pods.currentAverageValue },
      },
    }),
    ...(resource && {
      resource: {
        name: resource.name,
        current: {
          averageValue: resource.currentAverageValue,
          ...present({ averageUtilization: resource.currentAverageUtilization }),
        },
      },
    }),
    ...(containerResource && {
      containerResource: {
        name: containerResource.name,
        current: {
          averageValue: containerResource.currentAverageValue,
          ...present({ averageUtilization: containerResource.currentAverageUtilization }),
        },
        container: containerResource.container,
      },
    }),
    ...(external && {
      external: {
        metric: { name: external.metricName, ...present({ selector: external.metricSelector }) },
        current: { value: external.currentValue, ...present({ averageValue: external.currentAverageValue }) },
      },
    }),
  }
}
