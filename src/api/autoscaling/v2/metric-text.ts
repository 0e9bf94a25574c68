import type { HorizontalPodAutoscaler } from './horizontal-pod-autoscaler.js'
import type { MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from './metric.js'

const unknown = '<unknown>'
/** Of metrics so many are shown before it says how many more there are. */
const shown = 2

/** What is aimed for and what there is: `cpu: 40%/80%`. */
export function targetsText({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = (spec.metrics ?? []).map((metric, i) => metricText(metric, status.currentMetrics?.[i]))
  if (metrics.length === 0) return '<none>'
  const more = metrics.length - shown
  return metrics.slice(0, shown).join(', ') + (more > 0 ? ` + ${more} more...` : '')
}

function metricText(metric: MetricSpec, status: MetricStatus | undefined): string {
  switch (metric.type) {
    case 'External':
      return amountText(metric.external?.target, status?.external?.current)
    case 'Pods':
      return `${status?.pods?.current.averageValue ?? unknown}/${metric.pods?.target.averageValue ?? ''}`
    case 'Object':
      return amountText(metric.object?.target, status?.object?.current)
    case 'Resource':
      return `${metric.resource?.name}: ${resourceText(metric.resource?.target, status?.resource?.current)}`
    case 'ContainerResource':
      return `${metric.containerResource?.name}: ${resourceText(metric.containerResource?.target, status?.containerResource?.current)}`
    default:
      return '<unknown type>'
  }
}

const amountText = (target: MetricTarget | undefined, current: MetricValueStatus | undefined): string =>
  target?.averageValue !== undefined
    ? `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`
    : `${current?.value ?? unknown}/${target?.value ?? ''}`

function resourceText(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? unknown}/${target.averageValue}`
  const now = current?.averageUtilization === undefined ? unknown : `${current.averageUtilization}%`
  return `${now}/${target?.averageUtilization === undefined ? '<auto>' : `${target.averageUtilization}%`}`
}
