import { addProcessMetrics, type Cell, type Distribution, MetricsRegistry } from '../../machinery/metrics/index.js'
import type { Registries } from '../registry/registries.js'
import { RequestMetrics } from './request-metrics.js'

const fastBounds = [
  0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384,
]
const admissionBounds = [0.005, 0.025, 0.1, 0.5, 1, 2.5]

/** What came of a step, and how long it took. */
export class Outcomes {
  readonly #cells = new Map<string, { readonly count: Cell; readonly duration: Distribution }>()

  constructor(private readonly make: (result: string) => { readonly count: Cell; readonly duration: Distribution }) {}

  note(result: string, seconds: number): void {
    let cells = this.#cells.get(result)
    if (!cells) this.#cells.set(result, (cells = this.make(result)))
    cells.count.add(1)
    cells.duration.observe(seconds)
  }
}

/** All metrics of an API server. */
export class ServerMetrics {
  readonly registry = new MetricsRegistry()
  readonly requests: RequestMetrics
  readonly authentication: Outcomes
  readonly authorization: Outcomes
  readonly auditEvents: Cell
  readonly auditRejected: Cell
  readonly storage
  readonly admission
  readonly admissionSteps
  /** What came of health checks. */
  readonly health = new MetricsRegistry()
  readonly #users
  readonly #userCells = new Map<string, Cell>()

  constructor(registries: Registries) {
    const { registry } = this
    this.requests = new RequestMetrics(registry, registries)
    this.authentication = outcomes(registry, 'authentication', 'attempts', 'authentication_duration_seconds')
    this.authorization = outcomes(registry, 'authorization', 'attempts_total', 'authorization_duration_seconds')
    this.#users = registry.counter({
      name: 'authenticated_user_requests',
      help: 'Requests of known users, by user; those of others than the system are one.',
      labels: ['username'],
    })
    this.auditEvents = registry
      .counter({
        name: 'apiserver_audit_event_total',
        help: 'Audit events that were handed to where they are kept.',
      })
      .with()
    this.auditRejected = registry
      .counter({
        name: 'apiserver_audit_requests_rejected_total',
        help: 'Requests that failed since they could not be audited.',
      })
      .with()
    const operation = ['operation', 'group', 'resource'] as const
    this.storage = {
      duration: registry.histogram(
        {
          name: 'etcd_request_duration_seconds',
          help: 'Seconds that the store takes, by operation and type of object.',
          labels: operation,
        },
        [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60],
      ),
      total: registry.counter({
        name: 'etcd_requests_total',
        help: 'Operations of the store, by type of object.',
        labels: operation,
      }),
      errors: registry.counter({
        name: 'etcd_request_errors_total',
        help: 'Operations of the store that failed, by type of object.',
        labels: operation,
      }),
    }
    this.admission = registry.histogram(
      {
        name: 'apiserver_admission_controller_admission_duration_seconds',
        help: 'Seconds that one admission plugin takes.',
        labels: ['name', 'operation', 'rejected', 'type'],
        stability: 'STABLE',
      },
      admissionBounds,
    )
    this.admissionSteps = registry.histogram(
      {
        name: 'apiserver_admission_step_admission_duration_seconds',
        help: 'Seconds that all admission plugins take together.',
        labels: ['operation', 'rejected', 'type'],
        stability: 'STABLE',
      },
      admissionBounds,
    )
    addProcessMetrics(registry)
    addObjectMetrics(registry, registries)
  }

  /** An authenticated user asks. Users are told apart no further than upstream does. */
  user(name: string): void {
    const shown = knownUsers.has(name) ? name : name.includes('@') ? 'email_id' : 'other'
    let cell = this.#userCells.get(shown)
    if (!cell) this.#userCells.set(shown, (cell = this.#users.with(shown)))
    cell.add(1)
  }
}

const knownUsers = new Set(['admin', 'client', 'kube_proxy', 'kubelet', 'system:serviceaccount:kube-system:default'])

function outcomes(registry: MetricsRegistry, name: string, counted: string, duration: string): Outcomes {
  const count = registry.counter({
    name: `${name}_${counted}`,
    help: `Times that ${name} was tried, by what came of it.`,
    labels: ['result'],
  })
  const durations = registry.histogram(
    { name: duration, help: `Seconds that ${name} takes, by what came of it.`, labels: ['result'] },
    fastBounds,
  )
  return new Outcomes(result => ({ count: count.with(result), duration: durations.with(result) }))
}

/** Numbers of objects and watches, looked up when they are asked for. */
function addObjectMetrics(registry: MetricsRegistry, registries: Registries): void {
  const objects = registry.gauge({
    name: 'apiserver_storage_objects',
    help: 'Objects that are stored, by resource.',
    labels: ['resource'],
    stability: 'STABLE',
  })
  const resources = registry.gauge({
    name: 'apiserver_resource_objects',
    help: 'Objects that are stored, by resource.',
    labels: ['group', 'resource'],
  })
  const events = registry.counter({
    name: 'apiserver_watch_events_total',
    help: 'Events that were sent to watchers.',
    labels: ['group', 'version', 'resource'],
  })
  const watchers = registry.gauge({
    name: 'apiserver_registered_watchers',
    help: 'Watches that are open.',
    labels: ['group', 'version', 'resource'],
  })
  registry.collect(() => {
    for (const metric of [objects, resources, watchers]) metric.reset()
    for (const { name, resource, cache, host, watchEvents } of registries.all()) {
      const { gvk } = resource.kind
      if (watchEvents > 0) events.with(gvk.group, gvk.version, name.plural).set(watchEvents)
      const kept = resource.stored ? host.feed.cacheOf(cache.prefix) : undefined
      // What is kept for another kind, too, is counted there.
      if (!kept || resource.storedAs) continue
      objects.with(name.group ? `${name.plural}.${name.group}` : name.plural).set(kept.size)
      resources.with(name.group, name.plural).set(kept.size)
      if (kept.watcherCount > 0) watchers.with(gvk.group, gvk.version, name.plural).set(kept.watcherCount)
    }
  })
}
