export { Cell, Distribution, HistogramMetric, type MetricOptions, type Stability, ValueMetric } from './metric.js'
export { exponentialBounds, MetricsRegistry, metricsContentType } from './metrics-registry.js'
export { addProcessMetrics } from './process-metrics.js'
