export { type ResourceMetrics, type ResourceMetricsOptions, startResourceMetrics } from './resource-metrics.js'
