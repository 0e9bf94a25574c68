import { exponentialBounds, type MetricsRegistry } from '../machinery/metrics/index.js'
import type { QueuePlace } from './scheduling-queue.js'

export type AttemptResult = 'scheduled' | 'unschedulable' | 'error'

const attemptBounds = exponentialBounds(0.001, 2, 15)

/** What a scheduler measures, by the names of kube-scheduler's metrics. Durations are given in ms. */
export interface SchedulerMetrics {
  attempted(profile: string, result: AttemptResult, ms: number): void
  /** How long it took to find a node, binding aside. */
  decided(ms: number): void
  /** A pod has its node. `sinceFirst`: ms since it was first tried. */
  scheduled(attempts: number, sinceFirst: number): void
  extensionPoint(point: string, status: PointStatus, profile: string, ms: number): void
  /** A plugin has something to say about a pod at an extension point. */
  pluginEvaluated(plugin: string, point: string, profile: string): void
  /** A plugin has been run at an extension point; of some attempts alone. */
  pluginExecuted(plugin: string, point: string, status: PointStatus, ms: number): void
  permitWaited(result: PointStatus, ms: number): void
  queued(place: QueuePlace, event: string): void
  /** All waiting pods have been asked whether an event may help them. */
  eventHandled(event: string, ms: number): void
  /** A plugin has been asked whether an event may help a pod. */
  hinted(plugin: string, event: string, helps: boolean, ms: number): void
  preempting(victims: number): void
  /** The victims have been told to go, or could not be. */
  preempted(result: 'success' | 'error', ms: number): void
  preemptionAttempted(): void
  /** The volumes of a pod could not be bound. */
  volumeBindingFailed(): void
  /** A claim for extended resources was, or could not be, made. */
  claimCreated(made: boolean): void
}

export type PointStatus = 'Success' | 'Unschedulable' | 'Error'

/** What is looked up when metrics are read. */
export interface SchedulerFigures {
  readonly pending: Readonly<Record<QueuePlace, number>>
  /** Pods by the plugin that has rejected them, then by profile. */
  readonly rejected: Iterable<readonly [plugin: string, profile: string, pods: number]>
  /** Events that are kept for pods that are being tried, by the words of `queued`. */
  readonly inFlightEvents: ReadonlyMap<string, number>
  readonly nodes: number
  readonly pods: number
  readonly assumedPods: number
}

const incoming: Partial<Record<QueuePlace, string>> = {
  active: 'active',
  backoff: 'backoff',
  unschedulable: 'unschedulable',
  gated: 'gated',
}

export function schedulerMetrics(registry: MetricsRegistry, figures: () => SchedulerFigures): SchedulerMetrics {
  const stability = 'STABLE'
  const attempts = registry.counter({
    name: 'scheduler_schedule_attempts_total',
    help: 'Attempts to place a pod, by what came of them: scheduled, unschedulable (no node will do) or error.',
    labels: ['profile', 'result'],
    stability,
  })
  const attemptDuration = registry.histogram(
    {
      name: 'scheduler_scheduling_attempt_duration_seconds',
      help: 'Seconds that an attempt takes, binding included.',
      labels: ['profile', 'result'],
      stability,
    },
    attemptBounds,
  )
  const algorithm = registry.histogram(
    { name: 'scheduler_scheduling_algorithm_duration_seconds', help: 'Seconds that the choice of a node takes.' },
    attemptBounds,
  )
  const podAttempts = registry.histogram(
    {
      name: 'scheduler_pod_scheduling_attempts',
      help: 'Attempts that pods needed until they were placed.',
      stability,
    },
    exponentialBounds(1, 2, 5),
  )
  const sli = registry.histogram(
    {
      name: 'scheduler_pod_scheduling_sli_duration_seconds',
      help: 'Seconds from when a pod came into the queue until it was placed, all attempts included.',
      labels: ['attempts'],
      stability: 'BETA',
    },
    exponentialBounds(0.01, 2, 20),
  )
  const points = registry.histogram(
    {
      name: 'scheduler_framework_extension_point_duration_seconds',
      help: 'Seconds that all plugins of an extension point take together.',
      labels: ['extension_point', 'status', 'profile'],
      stability,
    },
    exponentialBounds(0.0001, 2, 12),
  )
  const evaluations = registry.counter({
    name: 'scheduler_plugin_evaluation_total',
    help: 'Times a plugin was asked at an extension point.',
    labels: ['plugin', 'extension_point', 'profile'],
  })
  const executions = registry.histogram(
    {
      name: 'scheduler_plugin_execution_duration_seconds',
      help: 'Seconds that one plugin takes at an extension point.',
      labels: ['plugin', 'extension_point', 'status'],
    },
    exponentialBounds(0.00001, 1.5, 20),
  )
  const eventDuration = registry.histogram(
    {
      name: 'scheduler_event_handling_duration_seconds',
      help: 'Seconds that taking in a change of the cluster takes.',
      labels: ['event'],
    },
    exponentialBounds(0.0001, 2, 13),
  )
  const hints = registry.histogram(
    {
      name: 'scheduler_queueing_hint_execution_duration_seconds',
      help: 'Seconds that a plugin takes to say whether a change is of use to a waiting pod.',
      labels: ['plugin', 'event', 'hint'],
    },
    exponentialBounds(0.00001, 2, 12),
  )
  const preemptionDuration = registry.histogram(
    {
      name: 'scheduler_preemption_goroutines_duration_seconds',
      help: 'Seconds that making room for a pod takes.',
      labels: ['result'],
    },
    exponentialBounds(0.01, 2, 20),
  )
  const preemptionRuns = registry.counter({
    name: 'scheduler_preemption_goroutines_execution_total',
    help: 'Times that room was made for a pod.',
    labels: ['result'],
  })
  const inFlight = registry.gauge({
    name: 'scheduler_inflight_events',
    help: 'Changes of the cluster that pods under way may still have missed.',
    labels: ['event'],
  })
  const permits = registry.histogram(
    {
      name: 'scheduler_permit_wait_duration_seconds',
      help: 'Seconds that pods waited for leave to be bound.',
      labels: ['result'],
    },
    attemptBounds,
  )
  const incomingPods = registry.counter({
    name: 'scheduler_queue_incoming_pods_total',
    help: 'Pods that came into a queue, by why and into which.',
    labels: ['queue', 'event'],
    stability,
  })
  const victims = registry.histogram(
    { name: 'scheduler_preemption_victims', help: 'Pods that have to leave for one other.', stability },
    exponentialBounds(1, 2, 7),
  )
  const preemptions = registry.counter({
    name: 'scheduler_preemption_attempts_total',
    help: 'Attempts to make room for a pod so far.',
    stability,
  })
  const volumeErrors = registry.counter({
    name: 'scheduler_volume_scheduling_stage_error_total',
    help: 'Faults in the placing of volumes, by the step.',
    labels: ['operation'],
  })
  const claims = registry.counter({
    name: 'scheduler_resourceclaim_creates_total',
    help: 'Claims that the scheduler has made for extended resources.',
    labels: ['status'],
  })
  const pending = registry.gauge({
    name: 'scheduler_pending_pods',
    help: 'Pods without a node: active ones come next, those in backoff soon, unschedulable ones when something changes, gated ones when their gates are gone.',
    labels: ['queue'],
    stability,
  })
  const rejected = registry.gauge({
    name: 'scheduler_unschedulable_pods',
    help: 'Pods that cannot be placed, for each plugin that refused them; one that several refused counts for each.',
    labels: ['plugin', 'profile'],
  })
  const cache = registry.gauge({
    name: 'scheduler_cache_size',
    help: 'What the scheduler keeps in mind: nodes, pods, and pods that it has placed and not yet seen there.',
    labels: ['type'],
  })
  registry.collect(() => {
    const now = figures()
    for (const queue of ['active', 'backoff', 'unschedulable', 'gated'] as const)
      pending.with(queue).set(now.pending[queue])
    rejected.reset()
    for (const [plugin, profile, pods] of now.rejected) rejected.with(plugin, profile).set(pods)
    inFlight.reset()
    for (const [event, count] of now.inFlightEvents) inFlight.with(event).set(count)
    cache.with('nodes').set(now.nodes)
    cache.with('pods').set(now.pods)
    cache.with('assumed_pods').set(now.assumedPods)
  })
  return {
    attempted(profile, result, ms) {
      attempts.with(profile, result).add()
      attemptDuration.with(profile, result).observe(ms / 1000)
    },
    decided: ms => algorithm.with().observe(ms / 1000),
    scheduled(count, sinceFirst) {
      podAttempts.with().observe(count)
      sli.with(count >= 15 ? '15+' : String(count)).observe(sinceFirst / 1000)
    },
    extensionPoint: (point, status, profile, ms) => points.with(point, status, profile).observe(ms / 1000),
    pluginEvaluated: (plugin, point, profile) => evaluations.with(plugin, point, profile).add(),
    pluginExecuted: (plugin, point, status, ms) => executions.with(plugin, point, status).observe(ms / 1000),
    eventHandled: (event, ms) => eventDuration.with(event).observe(ms / 1000),
    hinted: (plugin, event, helps, ms) => hints.with(plugin, event, helps ? 'Queue' : 'QueueSkip').observe(ms / 1000),
    permitWaited: (result, ms) => permits.with(result).observe(ms / 1000),
    queued(place, event) {
      const queue = incoming[place]
      if (queue) incomingPods.with(queue, event).add()
    },
    preempted(result, ms) {
      preemptionRuns.with(result).add()
      preemptionDuration.with(result).observe(ms / 1000)
    },
    preempting: count => victims.with().observe(count),
    preemptionAttempted: () => preemptions.with().add(),
    volumeBindingFailed: () => volumeErrors.with('bind').add(),
    claimCreated: made => claims.with(made ? 'success' : 'failure').add(),
  }
}
