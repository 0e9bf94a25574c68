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
    help: "Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could not be scheduled, while 'error' means an internal scheduler problem.",
    labels: ['profile', 'result'],
    stability,
  })
  const attemptDuration = registry.histogram(
    {
      name: 'scheduler_scheduling_attempt_duration_seconds',
      help: 'Scheduling attempt latency in seconds (scheduling algorithm + binding)',
      labels: ['profile', 'result'],
      stability,
    },
    attemptBounds,
  )
  const algorithm = registry.histogram(
    { name: 'scheduler_scheduling_algorithm_duration_seconds', help: 'Scheduling algorithm latency in seconds' },
    attemptBounds,
  )
  const podAttempts = registry.histogram(
    {
      name: 'scheduler_pod_scheduling_attempts',
      help: 'Number of attempts to successfully schedule a pod.',
      stability,
    },
    exponentialBounds(1, 2, 5),
  )
  const sli = registry.histogram(
    {
      name: 'scheduler_pod_scheduling_sli_duration_seconds',
      help: 'E2e latency for a pod being scheduled, from the time the pod enters the scheduling queue and might involve multiple scheduling attempts.',
      labels: ['attempts'],
      stability: 'BETA',
    },
    exponentialBounds(0.01, 2, 20),
  )
  const points = registry.histogram(
    {
      name: 'scheduler_framework_extension_point_duration_seconds',
      help: 'Latency for running all plugins of a specific extension point.',
      labels: ['extension_point', 'status', 'profile'],
      stability,
    },
    exponentialBounds(0.0001, 2, 12),
  )
  const evaluations = registry.counter({
    name: 'scheduler_plugin_evaluation_total',
    help: 'Number of attempts to schedule pods by each plugin and the extension point (available only in PreFilter, Filter, PreScore, and Score).',
    labels: ['plugin', 'extension_point', 'profile'],
  })
  const executions = registry.histogram(
    {
      name: 'scheduler_plugin_execution_duration_seconds',
      help: 'Duration for running a plugin at a specific extension point.',
      labels: ['plugin', 'extension_point', 'status'],
    },
    exponentialBounds(0.00001, 1.5, 20),
  )
  const eventDuration = registry.histogram(
    {
      name: 'scheduler_event_handling_duration_seconds',
      help: 'Event handling latency in seconds.',
      labels: ['event'],
    },
    exponentialBounds(0.0001, 2, 13),
  )
  const hints = registry.histogram(
    {
      name: 'scheduler_queueing_hint_execution_duration_seconds',
      help: 'Latency for running a queueing hint function of a plugin.',
      labels: ['plugin', 'event', 'hint'],
    },
    exponentialBounds(0.00001, 2, 12),
  )
  const preemptionDuration = registry.histogram(
    {
      name: 'scheduler_preemption_goroutines_duration_seconds',
      help: 'Duration in seconds for running goroutines for the preemption.',
      labels: ['result'],
    },
    exponentialBounds(0.01, 2, 20),
  )
  const preemptionRuns = registry.counter({
    name: 'scheduler_preemption_goroutines_execution_total',
    help: 'Number of preemption goroutines executed.',
    labels: ['result'],
  })
  const inFlight = registry.gauge({
    name: 'scheduler_inflight_events',
    help: 'Number of events currently tracked in the scheduling queue.',
    labels: ['event'],
  })
  const permits = registry.histogram(
    {
      name: 'scheduler_permit_wait_duration_seconds',
      help: 'Duration of waiting on permit.',
      labels: ['result'],
    },
    attemptBounds,
  )
  const incomingPods = registry.counter({
    name: 'scheduler_queue_incoming_pods_total',
    help: 'Number of pods added to scheduling queues by event and queue type.',
    labels: ['queue', 'event'],
    stability,
  })
  const victims = registry.histogram(
    { name: 'scheduler_preemption_victims', help: 'Number of selected preemption victims', stability },
    exponentialBounds(1, 2, 7),
  )
  const preemptions = registry.counter({
    name: 'scheduler_preemption_attempts_total',
    help: 'Total preemption attempts in the cluster till now',
    stability,
  })
  const volumeErrors = registry.counter({
    name: 'scheduler_volume_scheduling_stage_error_total',
    help: 'Volume scheduling stage error count',
    labels: ['operation'],
  })
  const claims = registry.counter({
    name: 'scheduler_resourceclaim_creates_total',
    help: 'Number of ResourceClaims creation requests within scheduler',
    labels: ['status'],
  })
  const pending = registry.gauge({
    name: 'scheduler_pending_pods',
    help: "Number of pending pods, by the queue type. 'active' means number of pods in activeQ; 'backoff' means number of pods in backoffQ; 'unschedulable' means number of pods in unschedulablePods that the scheduler attempted to schedule and failed; 'gated' is the number of unschedulable pods that the scheduler never attempted to schedule because they are gated.",
    labels: ['queue'],
    stability,
  })
  const rejected = registry.gauge({
    name: 'scheduler_unschedulable_pods',
    help: 'The number of unschedulable pods broken down by plugin name. A pod will increment the gauge for all plugins that caused it to not schedule and so this metric have meaning only when broken down by plugin.',
    labels: ['plugin', 'profile'],
  })
  const cache = registry.gauge({
    name: 'scheduler_cache_size',
    help: 'Number of nodes, pods, and assumed (bound) pods in the scheduler cache.',
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
