export { type ResourceMetrics, startResourceMetrics } from './resource-metrics.js'
