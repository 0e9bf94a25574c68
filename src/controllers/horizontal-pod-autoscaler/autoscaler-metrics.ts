import { exponentialBounds, type MetricsRegistry } from '../../machinery/metrics/index.js'

export type ScaleAction = 'scale_down' | 'scale_up' | 'none'
/** Whose fault it is: that of what the autoscaler asks for (`spec`), or of something else. */
export type ErrorKind = 'spec' | 'internal' | 'none'

/** Where the work of autoscaling is counted. */
export interface AutoscalerMetrics {
  readonly reconciled: (action: ScaleAction, error: ErrorKind, seconds: number) => void
  readonly computed: (action: ScaleAction, error: ErrorKind, metricType: string, seconds: number) => void
  readonly autoscalers: (count: number) => void
}

const bounds = exponentialBounds(0.001, 2, 15)
const subsystem = 'horizontal_pod_autoscaler_controller'

/** The metrics `horizontal_pod_autoscaler_controller_*`. */
export function autoscalerMetrics(registry: MetricsRegistry): AutoscalerMetrics {
  const reconciliations = registry.counter({
    name: `${subsystem}_reconciliations_total`,
    help: 'Times an autoscaler was looked at, by what it did and which kind of error came first.',
    labels: ['action', 'error'],
  })
  const reconciliationTime = registry.histogram(
    {
      name: `${subsystem}_reconciliation_duration_seconds`,
      help: 'Seconds that a look at an autoscaler took, by what it did and which kind of error came first.',
      labels: ['action', 'error'],
    },
    bounds,
  )
  const computations = registry.counter({
    name: `${subsystem}_metric_computation_total`,
    help: 'Metrics that were worked out, by what they asked for, the kind of error and the type of metric.',
    labels: ['action', 'error', 'metric_type'],
  })
  const computationTime = registry.histogram(
    {
      name: `${subsystem}_metric_computation_duration_seconds`,
      help: 'Seconds that working out one metric took, by what it asked for, the kind of error and the type of metric.',
      labels: ['action', 'error', 'metric_type'],
    },
    bounds,
  )
  const count = registry.gauge({
    name: `${subsystem}_num_horizontal_pod_autoscalers`,
    help: 'Autoscalers that there are.',
  })
  return {
    reconciled(action, error, seconds) {
      reconciliations.with(action, error).add()
      reconciliationTime.with(action, error).observe(seconds)
    },
    computed(action, error, metricType, seconds) {
      computations.with(action, error, metricType).add()
      computationTime.with(action, error, metricType).observe(seconds)
    },
    autoscalers: value => count.with().set(value),
  }
}

export const unmeasured: AutoscalerMetrics = { reconciled() {}, computed() {}, autoscalers() {} }
