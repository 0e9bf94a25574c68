import type { APIService } from '../../api/apiregistration/v1/index.js'
import type { MetricsRegistry } from '../../machinery/metrics/index.js'
import { isAvailable } from './availability-condition.js'

/** Counts what cannot be asked, under upstream's names. */
export function availabilityMetrics(metrics: MetricsRegistry, services: () => readonly APIService[]) {
  const unavailable = metrics.gauge({
    name: 'aggregator_unavailable_apiservice',
    help: '1 if the service of this name cannot be used now, else 0.',
    labels: ['name'],
  })
  const total = metrics.counter({
    name: 'aggregator_unavailable_apiservice_total',
    help: 'Times that a service became unavailable, by its name and why.',
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
