import { metricsContentType } from '../../machinery/metrics/index.js'
import type { Stage } from '../pipeline.js'
import { text } from '../respond.js'
import type { ServerMetrics } from './server-metrics.js'

/** `/metrics`, and `/metrics/slis` with what came of the health checks, in Prometheus' text format. */
export const metricsStage =
  (metrics: ServerMetrics): Stage =>
  async ({ info }, next) => {
    if (info.verb === 'delete') return next()
    if (info.path === '/metrics') return text(200, metrics.registry.text(), metricsContentType)
    if (info.path === '/metrics/slis') return text(200, metrics.health.text(), metricsContentType)
    return next()
  }
