import type { Client } from '../client/client.js'
import { workQueueMetrics } from '../client/client-metrics.js'
import { EventWriter, Informers } from '../client/index.js'
import { type BuiltInControllerOptions, startBuiltInControllers } from '../controllers/index.js'
import { type Clock, systemClock } from '../machinery/clock.js'
import type { MetricsRegistry } from '../machinery/metrics/index.js'
import { type StartSchedulerOptions, startScheduler } from '../scheduler/index.js'

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
): Promise<AsyncDisposable> {
  const { client, clock = systemClock, informers, onError, clientOf, metrics } = options
  const autoscaling = { ...options.controllers.autoscaling, ...(metrics ? { metrics } : {}) }
  const controllers = { ...options.controllers, autoscaling }
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

/** What a scheduler may be told beyond what all components need. */
export type SchedulerSettings = Pick<StartSchedulerOptions, 'configuration' | 'plugins'>

/** Runs a scheduler, with upstream's defaults unless told otherwise, until disposed of. */
export async function startDefaultScheduler(options: ComponentOptions & SchedulerSettings): Promise<AsyncDisposable> {
  const { client, clock = systemClock, onError } = options
  const informers = options.informers ?? new Informers({ client, clock, onError })
  const events = new EventWriter({ client, clock, onError })
  const scheduler = await startScheduler({
    client,
    clock,
    informers,
    recorder: profile => events.recorder({ component: profile }),
    ...(options.metrics ? { metrics: options.metrics } : {}),
    ...(options.configuration ? { configuration: options.configuration } : {}),
    ...(options.plugins ? { plugins: options.plugins } : {}),
    onError,
  })
  return {
    async [Symbol.asyncDispose]() {
      await scheduler[Symbol.asyncDispose]()
      await events[Symbol.asyncDispose]()
      if (!options.informers) await informers[Symbol.asyncDispose]()
    },
  }
}
