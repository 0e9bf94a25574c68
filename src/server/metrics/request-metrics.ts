import type { ApiRequest } from '../../machinery/http.js'
import {
  type Cell,
  type Distribution,
  exponentialBounds,
  type HistogramMetric,
  type MetricsRegistry,
  type ValueMetric,
} from '../../machinery/metrics/index.js'
import { isLongRunning, isRead } from '../in-flight.js'
import type { Registries } from '../registry/registries.js'
import type { RequestInfo } from '../request-info.js'

const durationBounds = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
]
const sliBounds = durationBounds.filter(bound => bound >= 0.05)
const sizeBounds = exponentialBounds(1000, 10, 7)

const labels = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'] as const
type Labels = readonly [string, string, string, string, string, string, string]

/** What is counted of requests that are alike. */
interface Series {
  readonly values: Labels
  readonly duration: Distribution
  readonly sli: Distribution
  readonly sizes: Distribution
  readonly longRunning: Cell
  readonly codes: Map<number, Cell>
  readonly dryRunCodes: Map<number, Cell>
}

/** The requests of an API server, as https://kubernetes.io/docs/reference/instrumentation/metrics/ names them. */
export class RequestMetrics {
  readonly inFlight: { readonly reads: Cell; readonly writes: Cell }
  readonly #series = new Map<string, Map<string, Series>>()
  readonly #total: ValueMetric<
    readonly ['verb', 'dry_run', 'group', 'version', 'resource', 'subresource', 'scope', 'component', 'code']
  >
  readonly #duration: HistogramMetric<readonly [...typeof labels, 'dry_run']>
  readonly #sli: HistogramMetric<typeof labels>
  readonly #sizes: HistogramMetric<typeof labels>
  readonly #longRunning: ValueMetric<typeof labels>
  readonly #timeouts: ValueMetric<readonly ['code', ...typeof labels]>

  constructor(
    registry: MetricsRegistry,
    private readonly registries: Registries,
  ) {
    this.#total = registry.counter({
      name: 'apiserver_request_total',
      help: 'Requests that were answered, by what they asked for and the status of the answer.',
      labels: ['verb', 'dry_run', 'group', 'version', 'resource', 'subresource', 'scope', 'component', 'code'],
      stability: 'STABLE',
    })
    this.#duration = registry.histogram(
      {
        name: 'apiserver_request_duration_seconds',
        help: 'Seconds from a request to the end of its answer.',
        labels: [...labels, 'dry_run'],
        stability: 'STABLE',
      },
      durationBounds,
    )
    this.#sli = registry.histogram(
      {
        name: 'apiserver_request_sli_duration_seconds',
        help: 'Seconds from a request to the end of its answer, less what it waited for webhooks and in queues.',
        labels,
      },
      sliBounds,
    )
    this.#sizes = registry.histogram(
      {
        name: 'apiserver_response_sizes',
        help: 'Bytes of answers.',
        labels,
        stability: 'STABLE',
      },
      sizeBounds,
    )
    this.#longRunning = registry.gauge({
      name: 'apiserver_longrunning_requests',
      help: 'Requests under way that last, such as watches and streams.',
      labels,
      stability: 'STABLE',
    })
    this.#timeouts = registry.counter({
      name: 'apiserver_request_terminations_total',
      help: 'Requests that the server gave up to protect itself.',
      labels: ['code', ...labels],
    })
    const inFlight = registry.gauge({
      name: 'apiserver_current_inflight_requests',
      help: 'Most requests under way at once in the last second, of those that change something and those that do not.',
      labels: ['request_kind'],
      stability: 'STABLE',
    })
    this.inFlight = { reads: inFlight.with('readOnly'), writes: inFlight.with('mutating') }
  }

  /** A request begins. */
  begin(info: RequestInfo): void {
    if (!isLongRunning(info)) this.#kindOf(info).add(1)
  }

  /**
   * It is answered, `seconds` later; `size` in bytes. What lasts as long as its client likes is counted as running until
   * its signal aborts.
   */
  end(request: ApiRequest, info: RequestInfo, code: number, seconds: number, size: number): void {
    const series = this.#seriesOf(request, info)
    const dryRun = request.query.size > 0 && request.query.get('dryRun') === 'All'
    const codes = dryRun ? series.dryRunCodes : series.codes
    let counter = codes.get(code)
    if (!counter) codes.set(code, (counter = this.#counter(series.values, dryRun, code)))
    counter.add(1)
    if (isLongRunning(info)) {
      if (code < 400 && !request.user) this.#runs(request, series)
      return
    }
    this.#kindOf(info).add(-1)
    if (dryRun) this.#duration.with(...series.values, 'All').observe(seconds)
    else series.duration.observe(seconds)
    series.sli.observe(seconds)
    if (isRead(info)) series.sizes.observe(size)
  }

  /** The server gave up on it. */
  terminated(request: ApiRequest, info: RequestInfo, code: number): void {
    this.#timeouts.with(String(code), ...this.#seriesOf(request, info).values).add(1)
  }

  #runs(request: ApiRequest, { longRunning }: Series): void {
    if (request.signal.aborted) return
    longRunning.add(1)
    request.signal.addEventListener('abort', () => longRunning.add(-1), { once: true })
  }

  #kindOf(info: RequestInfo): Cell {
    return isRead(info) ? this.inFlight.reads : this.inFlight.writes
  }

  #counter(
    [verb, group, version, resource, subresource, scope, component]: Labels,
    dryRun: boolean,
    code: number,
  ): Cell {
    return this.#total.with(
      verb,
      dryRun ? 'All' : '',
      group,
      version,
      resource,
      subresource,
      scope,
      component,
      String(code),
    )
  }

  #seriesOf(request: ApiRequest, info: RequestInfo): Series {
    const { resource } = info
    const verb = verbOf(request, info)
    // The usual resources are found in two steps, without a new string.
    const scope = scopeOf(info)
    const first = resource ? resource.plural : info.path
    const second = byVerb[verb]?.[scope]
    if (resource && second && !resource.subresource) {
      const found = this.#series.get(first)?.get(second)
      if (found && found.values[1] === resource.group && found.values[2] === resource.version) return found
    }
    const values = this.#valuesOf(verb, scope, info)
    const key = values.join(' ')
    const shared = this.#series.get(key)?.get('')
    const series = shared ?? this.#made(values)
    if (!shared) this.#put(key, '', series)
    if (resource && second && values[3] && !resource.subresource) this.#put(first, second, series)
    return series
  }

  #put(first: string, second: string, series: Series): void {
    const level = this.#series.get(first)
    if (level) level.set(second, series)
    else this.#series.set(first, new Map([[second, series]]))
  }

  /** What is not served has no name of its own: clients could make up any number. */
  #valuesOf(verb: string, scope: string, { path, resource }: RequestInfo): Labels {
    if (!resource) return [verb, '', '', '', knownPaths.has(path) ? path : '', '', 'apiserver']
    const registry = this.registries.find(resource.group, resource.version, resource.plural)
    if (!registry) return [verb, '', '', '', '', scope, 'apiserver']
    const { subresource } = resource
    const known = registry.resource.subresources.some(({ name }) => name === subresource)
    return [verb, resource.group, resource.version, resource.plural, known ? subresource : '', scope, 'apiserver']
  }

  #made(values: Labels): Series {
    return {
      values,
      duration: this.#duration.with(...values, ''),
      sli: this.#sli.with(...values),
      sizes: this.#sizes.with(...values),
      longRunning: this.#longRunning.with(...values),
      codes: new Map(),
      dryRunCodes: new Map(),
    }
  }
}

const knownPaths = new Set([
  '/api',
  '/apis',
  '/healthz',
  '/livez',
  '/readyz',
  '/metrics',
  '/metrics/slis',
  '/openapi/v2',
  '/openapi/v3',
  '/version',
])

const verbs: { readonly [verb: string]: string } = {
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  post: 'POST',
  update: 'PUT',
  put: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETECOLLECTION',
  head: 'HEAD',
  options: 'OPTIONS',
}
const connecting = new Set(['exec', 'attach', 'portforward', 'proxy'])
const applying = /^application\/apply-patch/

function verbOf({ headers }: ApiRequest, { verb, resource }: RequestInfo): string {
  if (resource && connecting.has(resource.subresource)) return 'CONNECT'
  if (verb === 'patch' && applying.test(headers['content-type'] ?? '')) return 'APPLY'
  return verbs[verb] ?? 'other'
}

function scopeOf({ verb, resource }: RequestInfo): string {
  if (!resource) return ''
  if (resource.name || verb === 'create') return 'resource'
  return resource.namespace ? 'namespace' : 'cluster'
}

const scopes = ['resource', 'namespace', 'cluster']

/** A key for each verb and scope. */
const byVerb: { readonly [verb: string]: { readonly [scope: string]: string } } = Object.fromEntries(
  [...Object.values(verbs), 'APPLY', 'CONNECT'].map(verb => [
    verb,
    Object.fromEntries(scopes.map(scope => [scope, `${verb} ${scope}`])),
  ]),
)
