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
      help: 'Counter of authenticated requests broken out by username.',
      labels: ['username'],
    })
    this.auditEvents = registry
      .counter({
        name: 'apiserver_audit_event_total',
        help: 'Counter of audit events generated and sent to the audit backend.',
      })
      .with()
    this.auditRejected = registry
      .counter({
        name: 'apiserver_audit_requests_rejected_total',
        help: 'Counter of apiserver requests rejected due to an error in audit logging backend.',
      })
      .with()
    const operation = ['operation', 'group', 'resource'] as const
    this.storage = {
      duration: registry.histogram(
        {
          name: 'etcd_request_duration_seconds',
          help: 'Etcd request latency in seconds for each operation and object type.',
          labels: operation,
        },
        [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60],
      ),
      total: registry.counter({
        name: 'etcd_requests_total',
        help: 'Etcd request counts for each operation and object type.',
        labels: operation,
      }),
      errors: registry.counter({
        name: 'etcd_request_errors_total',
        help: 'Etcd failed request counts for each operation and object type.',
        labels: operation,
      }),
    }
    this.admission = registry.histogram(
      {
        name: 'apiserver_admission_controller_admission_duration_seconds',
        help: 'Admission controller latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).',
        labels: ['name', 'operation', 'rejected', 'type'],
        stability: 'STABLE',
      },
      admissionBounds,
    )
    this.admissionSteps = registry.histogram(
      {
        name: 'apiserver_admission_step_admission_duration_seconds',
        help: 'Admission sub-step latency histogram in seconds, broken out for each operation and API resource and step type (validate or admit).',
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
    help: `Counter of ${name} attempts broken down by result.`,
    labels: ['result'],
  })
  const durations = registry.histogram(
    { name: duration, help: `${name} duration in seconds broken out by result.`, labels: ['result'] },
    fastBounds,
  )
  return new Outcomes(result => ({ count: count.with(result), duration: durations.with(result) }))
}

/** Numbers of objects and watches, looked up when they are asked for. */
function addObjectMetrics(registry: MetricsRegistry, registries: Registries): void {
  const objects = registry.gauge({
    name: 'apiserver_storage_objects',
    help: 'Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.',
    labels: ['resource'],
    stability: 'STABLE',
  })
  const resources = registry.gauge({
    name: 'apiserver_resource_objects',
    help: 'Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.',
    labels: ['group', 'resource'],
  })
  const events = registry.counter({
    name: 'apiserver_watch_events_total',
    help: 'Number of events sent in watch clients',
    labels: ['group', 'version', 'resource'],
  })
  const watchers = registry.gauge({
    name: 'apiserver_registered_watchers',
    help: 'Number of currently registered watchers for a given resource',
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
