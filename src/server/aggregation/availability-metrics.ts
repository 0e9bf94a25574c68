import type { APIService } from '../../api/apiregistration/v1/index.js'
import type { MetricsRegistry } from '../../machinery/metrics/index.js'
import { isAvailable } from './availability-condition.js'

/** Counts what cannot be asked, under upstream's names. */
export function availabilityMetrics(metrics: MetricsRegistry, services: () => readonly APIService[]) {
  const unavailable = metrics.gauge({
    name: 'aggregator_unavailable_apiservice',
    help: 'Gauge of APIServices which are marked as unavailable broken down by APIService name.',
    labels: ['name'],
  })
  const total = metrics.counter({
    name: 'aggregator_unavailable_apiservice_total',
    help: 'Counter of APIServices which are marked as unavailable broken down by APIService name and reason.',
    labels: ['name', 'reason'],
  })
  metrics.collect(() => {
    unavailable.reset()
    for (const service of services()) unavailable.with(service.metadata.name ?? '').set(isAvailable(service) ? 0 : 1)
  })
  return {
    /** An API service that could be asked can be no longer. */
    lost: (name: string, reason: string) => total.with(name, reason).add(1),
  }
}
