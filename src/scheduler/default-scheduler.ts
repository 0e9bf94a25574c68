import { Pod } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { EventWriter } from '../client/event-recorder.js'
import { Informers } from '../client/informers.js'
import { type Clock, systemClock } from '../machinery/clock.js'
import type { MetricsRegistry } from '../machinery/metrics/index.js'
import { type StartSchedulerOptions, startScheduler } from './index.js'
import { podResourceMetrics } from './pod-resource-metrics.js'

/** What a scheduler may be told beyond what all components need. */
export type SchedulerSettings = Pick<StartSchedulerOptions, 'configuration' | 'plugins'>

export interface DefaultSchedulerOptions extends SchedulerSettings {
  readonly client: Client
  readonly clock?: Clock
  readonly onError: (error: unknown) => void
  /** Shared with others in the process; its own, and disposed of, when absent. */
  readonly informers?: Informers
  readonly metrics?: MetricsRegistry
}

export interface RunningScheduler extends AsyncDisposable {
  /** What pods ask for and may use, in Prometheus' text format. */
  resourceMetrics(): string
}

/** Runs a scheduler, with upstream's defaults unless told otherwise, until disposed of. */
export async function startDefaultScheduler(options: DefaultSchedulerOptions): Promise<RunningScheduler> {
  const { client, clock = systemClock, onError } = options
  const informers = options.informers ?? new Informers({ client, clock, onError })
  const events = new EventWriter({ client, clock, onError })
  const scheduler = await startScheduler({
    client,
    clock,
    informers,
    recorder: profile => events.seriesRecorder(profile),
    ...(options.metrics ? { metrics: options.metrics } : {}),
    ...(options.configuration ? { configuration: options.configuration } : {}),
    ...(options.plugins ? { plugins: options.plugins } : {}),
    onError,
  })
  return {
    resourceMetrics: () => podResourceMetrics(informers.list(Pod)),
    async [Symbol.asyncDispose]() {
      await scheduler[Symbol.asyncDispose]()
      await events[Symbol.asyncDispose]()
      if (!options.informers) await informers[Symbol.asyncDispose]()
    },
  }
}
