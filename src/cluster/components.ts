import type { Client } from '../client/client.js'
import { workQueueMetrics } from '../client/client-metrics.js'
import type { Informers } from '../client/index.js'
import { type BuiltInControllerOptions, startBuiltInControllers } from '../controllers/index.js'
import { type Clock, systemClock } from '../machinery/clock.js'
import type { MetricsRegistry } from '../machinery/metrics/index.js'

export { startDefaultScheduler } from '../scheduler/default-scheduler.js'

export interface ComponentOptions {
  readonly client: Client
  readonly clock?: Clock
  readonly onError: (error: unknown) => void
  /** Shared with others in the process; its own, and disposed of, when absent. */
  readonly informers?: Informers
  /** Where the work queues, and the work of some, are measured. */
  readonly metrics?: MetricsRegistry
}

/** Runs the controllers of kube-controller-manager until disposed of. */
export async function startControllers(
  options: ComponentOptions & {
    readonly controllers: BuiltInControllerOptions
    readonly clientOf?: (name: string) => Client
  },
): Promise<ReturnType<typeof startBuiltInControllers>> {
  const { client, clock = systemClock, informers, onError, clientOf, metrics } = options
  const controllers = { ...options.controllers, ...(metrics ? { metrics } : {}) }
  return startBuiltInControllers(controllers, {
    client,
    clock,
    onError: (error, where) => onError(Object.assign(new Error(placeOf(where), { cause: error }))),
    ...(clientOf ? { clientOf } : {}),
    ...(informers ? { informers } : {}),
    ...(metrics ? { metrics: workQueueMetrics(metrics) } : {}),
  })
}

const placeOf = ({
  controller,
  key,
}: {
  readonly controller?: string
  readonly key?: { namespace: string; name: string }
}) => `${controller ?? 'informers'}${key ? `: ${key.namespace ? `${key.namespace}/` : ''}${key.name}` : ''}`
