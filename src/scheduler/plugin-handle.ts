import type { Pod } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import type { EventRecorder } from '../client/events.js'
import type { Informers } from '../client/informers.js'
import type { Clock } from '../machinery/clock.js'
import type { Extender } from './extender.js'
import type { NominatedPods } from './nominated-pods.js'
import type { SchedulerMetrics } from './scheduler-metrics.js'

/** What a plugin is given to work with; one for all plugins of a profile. */
export interface PluginHandle {
  readonly client: Client
  /** Everything of a kind, kept up to date: ask for it while the plugin is made, so that it is there at the first pod. */
  readonly informers: Pick<Informers, 'of'>
  readonly events: EventRecorder
  readonly clock: Clock
  /** Between 0 and 1. */
  readonly random: () => number
  /** Pods that preemption has promised a node. */
  readonly nominated: NominatedPods
  /** Programs outside that have their say. */
  readonly extenders: readonly Extender[]
  readonly metrics: SchedulerMetrics | undefined
  /** Tries a waiting pod again at once, whatever it waits for. */
  readonly activate: (pod: Pod) => void
  /** Rejects a pod that is held back by a `permit`; false if there is none. */
  readonly rejectWaiting: (uid: string, reason: string) => boolean
  readonly onError: (error: unknown) => void
}
