export { Cell, Distribution, HistogramMetric, ValueMetric } from './metric.js'
export { exponentialBounds, MetricsRegistry, metricsContentType } from './metrics-registry.js'
export { addProcessMetrics } from './process-metrics.js'
