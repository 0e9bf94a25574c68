import type { Clock } from '../machinery/clock.js'
import { sleep, systemClock } from '../machinery/clock.js'
import type { Handler } from '../machinery/http.js'
import type { MetricsRegistry } from '../machinery/metrics/index.js'
import type { ApiObject } from '../machinery/object.js'
import type { Resource } from '../machinery/resource.js'
import { encryptedStore } from '../storage/encryption/index.js'
import type { Store } from '../storage/store.js'
import type { AdmissionPlugin } from './admission/admission.js'
import { type AuditSetup, auditStage, failedAuthenticationStage } from './audit/index.js'
import { type AnonymousAccess, type Authenticator, authenticationStage } from './authentication/authenticator.js'
import { impersonationStage } from './authentication/impersonation.js'
import { type Authorizer, authorizationStage } from './authorization/authorizer.js'
import { ConvertedCache } from './cache/converted-cache.js'
import { StoreFeed } from './cache/store-feed.js'
import { debugPagesStage } from './debug-pages.js'
import { type Registration, rootPathsStage } from './discovery/index.js'
import { Encryption, type EncryptionOptions } from './encryption/encryption.js'
import { every } from './every.js'
import { startFlowControl } from './flow-control/start-flow-control.js'
import { type HealthCheck, healthStage, StartHooks } from './health.js'
import { defaultInFlight, type InFlightLimits, inFlightStage } from './in-flight.js'
import { measuredStage } from './metrics/measured-stage.js'
import { metricsStage } from './metrics/metrics-stage.js'
import { observedAdmission } from './metrics/observed-admission.js'
import { observedStore } from './metrics/observed-store.js'
import { ServerMetrics } from './metrics/server-metrics.js'
import { notServed } from './not-served.js'
import { besideResources, pipeline, type Stage } from './pipeline.js'
import { Registries } from './registry/registries.js'
import { Registry, type RegistryHost, type TimeToLive } from './registry/registry.js'
import { resourceStage, type SubresourceHandlers } from './registry/resource-stage.js'
import { type RunningHook, requestHooksStage } from './request-hooks.js'
import { Serving } from './serving.js'
import { kubernetesVersion } from './version.js'

/** How the server works, rather than what it serves. */
export interface ServerOperation {
  /** How many requests from outside are worked on at a time; 400 that change nothing and 200 others by default. */
  readonly inFlight?: InFlightLimits
  /** Divide that number by priority and fairness, instead of sending all others away; done by default. */
  readonly priorityAndFairness?: boolean
  /** How long a request may take, in milliseconds, unless it lasts as long as its client likes; 60,000 by default. */
  readonly requestTimeoutMs?: number
  /** How long a watch lasts at least that names no time itself; half an hour by default. */
  readonly minimumWatchSeconds?: number
  /** How long a server that stops goes on as before, but not ready, in milliseconds; not at all by default. */
  readonly shutdownDelayMs?: number
  /** What is written to the audit log, and where; nothing by default. The server disposes of it when it ends. */
  readonly audit?: AuditSetup
  /** Which objects are encrypted while they are stored, and how; none by default. */
  readonly encryption?: EncryptionOptions
  /** The flags the server was started with, for `/flagz`. */
  readonly flags?: { readonly [name: string]: string }
  /** How likely an HTTP/2 client is asked to connect anew with a request; 0, the default, to 0.02. */
  readonly goawayChance?: number
  /** Requests that an HTTP/2 client may make at a time on one connection; 100 by default, and if 0. */
  readonly http2Streams?: number
}

export interface ApiServerOptions extends ServerOperation {
  readonly store: Store
  readonly resources: readonly Resource[]
  /** Kinds that the server and its components need, and nobody else is served. */
  readonly unserved?: readonly Resource[]
  readonly clock?: Clock
  readonly allowAnonymous?: AnonymousAccess
  /** Called with the server's own parts, once they exist, to make what needs them. */
  readonly plugins: (parts: ServerParts) => ServerPlugins
  /** Faults of the server itself, for the log. */
  readonly onError: (error: unknown) => void
}

/** What plugins may build upon. */
export interface ServerParts {
  readonly registries: Registries
  readonly host: RegistryHost
  readonly clock: Clock
  readonly metrics: MetricsRegistry
  /** Faults of the server itself, for the log. */
  readonly onError: (error: unknown) => void
}

/** Everything that is registered rather than built in; built-ins come the same way. */
export interface ServerPlugins {
  readonly authenticators: readonly Authenticator[]
  readonly authorizer: Authorizer
  readonly admission: readonly AdmissionPlugin[]
  readonly hooks?: readonly RunningHook[]
  readonly subresources: SubresourceHandlers
  /** Answers for this server what other servers serve. */
  readonly delegate?: Stage
  /** Every version that is registered to be served, here or by other servers. */
  readonly registrations?: () => readonly Registration[]
  /** Stages that answer paths outside the resources: discovery, version, metrics. */
  readonly endpoints: readonly Stage[]
  /** Besides the server's own. */
  readonly healthChecks?: readonly HealthCheck[]
  /** What else begins with the server, by the names of health checks: when the caches are loaded, before it answers. */
  readonly startHooks?: { readonly [name: string]: (signal: AbortSignal) => Promise<void> }
  /** Lifetimes by `plural.group`, for kinds that the store forgets by itself. */
  readonly timeToLive?: { readonly [resource: string]: TimeToLive<ApiObject> }
}

export interface ApiServer extends AsyncDisposable {
  /** The server, without a transport. */
  readonly handle: Handler
  readonly registries: Registries
  readonly host: RegistryHost
  /** Newest revision all caches show. */
  readonly revision: number
  readonly metrics: MetricsRegistry
  /** Does what belongs to the start of the server; each `/readyz/poststarthook/NAME` holds once it is done. */
  startHook<R>(names: readonly string[], work: () => Promise<R>): Promise<R>
  /**
   * The server is about to stop: it no longer calls itself ready. After the delay that lets clients notice, it sends new
   * requests away, and watches end. Resolves then; requests that are under way are still answered.
   */
  drain(): Promise<void>
  /** Resolves once no request is worked on, but those that last as long as their client likes. */
  settled(): Promise<void>
}

/** Watchers that want bookmarks get one this often, in milliseconds. */
const bookmarkEvery = 60_000
/** History is kept this long for watches and paged lists to resume from, in milliseconds. */
const compactEvery = 5 * 60_000

const defaultRequestTimeout = 60_000

/** Starts an API server on a store: loads the caches, then answers. It owns neither the store nor a socket. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { clock = systemClock, onError, inFlight = defaultInFlight, unserved = [] } = options
  const { requestTimeoutMs = defaultRequestTimeout } = options
  const stopping = new AbortController()
  let draining = false
  const registries = new Registries()
  const admission: AdmissionPlugin[] = []
  const metrics = new ServerMetrics(registries)
  const encryption =
    options.encryption &&
    (await Encryption.open(options.encryption, {
      clock,
      metrics: metrics.registry,
      resources: [...options.resources, ...unserved],
      onError,
    }))
  // Also without encryption: what was encrypted before is told from what is not.
  const store = encryptedStore(options.store, key => encryption?.transformerOf(key))
  const feed = new StoreFeed(store)
  if (encryption) encryption.onChange = () => void feed.recover().catch(onError)
  const host: RegistryHost = {
    store: observedStore(store, metrics, registries),
    feed,
    clock,
    admission,
    minimumWatchSeconds: options.minimumWatchSeconds,
    ...(encryption ? { isStale: store.isStale } : {}),
  }
  const plugins = options.plugins({ registries, host, clock, metrics: metrics.registry, onError })
  admission.push(...observedAdmission(plugins.admission, metrics))
  const registryOf = (resource: Resource): Registry => {
    const { gvk, plural } = resource.kind
    const timeToLive = plugins.timeToLive?.[gvk.group ? `${plural}.${gvk.group}` : plural]
    // Kinds served under two groups (events) share one folder, and so one cache.
    const cache = feed.cache(resource.storagePrefix)
    const served = resource.storedAs ? new ConvertedCache(cache, resource.storedAs) : cache
    return new Registry(resource, served, host, timeToLive)
  }
  for (const resource of options.resources) registries.add(registryOf(resource))
  for (const resource of unserved) registries.addUnserved(registryOf(resource))
  await feed.start(stopping.signal, onError)

  const hooks = new StartHooks()
  const storeCheck = async () => {
    if (feed.failure) throw feed.failure
    await store.revision()
  }
  const checks = (): readonly HealthCheck[] => [
    { name: 'ping', check: () => {} },
    { name: 'log', check: () => {} },
    { name: 'etcd', check: storeCheck },
    { name: 'etcd-readiness', readyOnly: true, check: storeCheck },
    ...(encryption?.healthChecks ?? []),
    { name: 'informer-sync', readyOnly: true, check: () => feed.consistent() },
    ...(plugins.healthChecks ?? []),
    ...hooks.checks,
    {
      name: 'shutdown',
      readyOnly: true,
      check() {
        if (draining) throw new Error('process is shutting down')
      },
    },
  ]
  const flowControl =
    options.priorityAndFairness === false
      ? undefined
      : startFlowControl({
          registries,
          clock,
          metrics: metrics.registry,
          seats: inFlight.reads + inFlight.writes,
          requestTimeoutMs,
          signal: stopping.signal,
          onError,
        })
  if (flowControl) {
    const names = ['config-consumer', 'config-producer', 'filter'].map(part => `priority-and-fairness-${part}`)
    await hooks.run(names, () => flowControl.ready)
  }
  for (const [name, start] of Object.entries(plugins.startHooks ?? {}))
    await hooks.run([name], () => start(stopping.signal))
  const audited = options.audit && { setup: options.audit, registries, clock, metrics, onError }
  const run = pipeline([
    ...(audited ? [failedAuthenticationStage(audited)] : []),
    measuredStage(
      authenticationStage(plugins.authenticators, { allowAnonymous: options.allowAnonymous ?? true }),
      metrics.authentication,
      { passed: 'success', refused: 'failure', code: 401 },
      ({ user }) => metrics.user(user.name),
    ),
    ...(audited ? [auditStage(audited)] : []),
    impersonationStage(plugins.authorizer),
    ...(plugins.hooks?.length ? [requestHooksStage(plugins.hooks)] : []),
    flowControl?.stage ?? inFlightStage(inFlight),
    measuredStage(authorizationStage(plugins.authorizer), metrics.authorization, {
      passed: 'allowed',
      refused: 'no-opinion',
      code: 403,
    }),
    ...(plugins.delegate ? [plugins.delegate] : []),
    besideResources([
      healthStage(checks, metrics.health),
      rootPathsStage(registries, checks, plugins.registrations),
      metricsStage(metrics),
      debugPagesStage({
        component: 'kube-apiserver',
        clock,
        version: kubernetesVersion.slice(1),
        flags: options.flags ?? {},
        paths: ['/healthz', '/livez', '/metrics', '/metrics/slis', '/readyz', '/version'],
      }),
      ...(flowControl ? [flowControl.dumps] : []),
      ...plugins.endpoints,
    ]),
    resourceStage(registries, plugins.subresources),
    notServed(registries),
  ])

  const serving = new Serving({ run, metrics: metrics.requests, clock, requestTimeoutMs, onError })

  every(clock, bookmarkEvery, stopping.signal, () => {
    for (const cache of feed.caches()) cache.bookmark()
  })
  let compactTo = feed.revision
  every(clock, compactEvery, stopping.signal, () => {
    const revision = compactTo
    compactTo = feed.revision
    store.compact(revision).catch(error => {
      if (!stopping.signal.aborted) onError(error)
    })
  })

  const drain = async () => {
    if (draining) return
    draining = true
    if (options.shutdownDelayMs) await sleep(clock, options.shutdownDelayMs)
    serving.stop()
    for (const cache of feed.caches()) cache.closeWatchers()
  }
  return {
    handle: request => serving.handle(request),
    registries,
    host,
    metrics: metrics.registry,
    get revision() {
      return feed.revision
    },
    startHook: (names, work) => hooks.run(names, work),
    drain,
    settled: () => serving.settled(),
    async [Symbol.asyncDispose]() {
      draining = true
      serving.stop()
      for (const cache of feed.caches()) cache.closeWatchers()
      stopping.abort()
      encryption?.[Symbol.dispose]()
      await options.audit?.[Symbol.asyncDispose]()
    },
  }
}
