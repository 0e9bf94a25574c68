import type { Client } from '../client/client.js'
import type { EventRecorder } from '../client/events.js'
import type { Clock } from '../machinery/clock.js'
import type { ClusterState } from './cluster-state.js'
import type { Extender } from './extender.js'
import type { NominatedPods } from './nominated-pods.js'
import type { SchedulerMetrics } from './scheduler-metrics.js'
import type { SchedulingQueue } from './scheduling-queue.js'

/** What the rooms of a scheduler have in common. */
export interface SchedulerParts {
  readonly client: Client
  readonly clock: Clock
  /** Between 0 and 1; breaks ties. */
  readonly random: () => number
  readonly state: ClusterState
  readonly queue: SchedulingQueue
  readonly nominated: NominatedPods
  readonly extenders: readonly Extender[]
  /** By profile. */
  readonly recorders: ReadonlyMap<string, EventRecorder>
  readonly metrics: SchedulerMetrics | undefined
  readonly onError: (error: unknown) => void
}
