import type { Clock } from '../machinery/clock.js'
import { systemClock } from '../machinery/clock.js'
import type { ApiRequest, ApiResponse, Handler } from '../machinery/http.js'
import { MetricsRegistry } from '../machinery/metrics/index.js'
import type { ApiObject } from '../machinery/object.js'
import type { Resource } from '../machinery/resource.js'
import type { Store } from '../storage/store.js'
import type { AdmissionPlugin } from './admission/admission.js'
import { type Authenticator, anonymous, authenticationStage } from './authentication/authenticator.js'
import { impersonationStage } from './authentication/impersonation.js'
import { type Authorizer, authorizationStage } from './authorization/authorizer.js'
import { ConvertedCache } from './cache/converted-cache.js'
import { StoreFeed } from './cache/store-feed.js'
import { startFlowControl } from './flow-control/start-flow-control.js'
import { type HealthCheck, healthStage } from './health.js'
import { defaultInFlight, type InFlightLimits, inFlightStage } from './in-flight.js'
import { notServed } from './not-served.js'
import { besideResources, pipeline, type RequestContext, type Stage } from './pipeline.js'
import { Registries } from './registry/registries.js'
import { Registry, type RegistryHost, type TimeToLive } from './registry/registry.js'
import { resourceStage, type SubresourceHandlers } from './registry/resource-stage.js'
import { requestInfo } from './request-info.js'
import { errorResponse } from './respond.js'
import { warningHeaders } from './warnings.js'

export interface ApiServerOptions {
  readonly store: Store
  readonly resources: readonly Resource[]
  readonly clock?: Clock
  readonly allowAnonymous?: boolean
  /** How many requests from outside are worked on at a time; 400 that change nothing and 200 others by default. */
  readonly inFlight?: InFlightLimits
  /** Divide that number by priority and fairness, instead of sending all others away; done by default. */
  readonly priorityAndFairness?: boolean
  /** How long a request may take, in milliseconds, unless it lasts as long as its client likes; 60,000 by default. */
  readonly requestTimeoutMs?: number
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
}

/** Everything that is registered rather than built in; built-ins come the same way. */
export interface ServerPlugins {
  readonly authenticators: readonly Authenticator[]
  readonly authorizer: Authorizer
  readonly admission: readonly AdmissionPlugin[]
  readonly subresources: SubresourceHandlers
  /** Stages that answer paths outside the resources: discovery, version, metrics. */
  readonly endpoints: readonly Stage[]
  /** Besides the server's own. */
  readonly healthChecks?: readonly HealthCheck[]
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
  /**
   * The server is about to stop: it no longer calls itself ready, and watches end, so that clients go elsewhere.
   * Requests are still answered, until it is disposed of.
   */
  drain(): void
}

/** Watchers that want bookmarks get one this often, in milliseconds. */
const bookmarkEvery = 60_000
/** History is kept this long for watches and paged lists to resume from, in milliseconds. */
const compactEvery = 5 * 60_000

const defaultRequestTimeout = 60_000

/** Starts an API server on a store: loads the caches, then answers. It owns neither the store nor a socket. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, clock = systemClock, onError, inFlight = defaultInFlight } = options
  const { requestTimeoutMs = defaultRequestTimeout } = options
  const stopping = new AbortController()
  let draining = false
  const feed = new StoreFeed(store)
  const registries = new Registries()
  const admission: AdmissionPlugin[] = []
  const host: RegistryHost = { store, feed, clock, admission }
  const plugins = options.plugins({ registries, host, clock })
  admission.push(...plugins.admission)
  for (const resource of options.resources) {
    const { gvk, plural } = resource.kind
    const timeToLive = plugins.timeToLive?.[gvk.group ? `${plural}.${gvk.group}` : plural]
    // Kinds served under two groups (events) share one folder, and so one cache.
    const cache = feed.cache(resource.storagePrefix)
    const served = resource.storedAs ? new ConvertedCache(cache, resource.storedAs) : cache
    registries.add(new Registry(resource, served, host, timeToLive))
  }
  await feed.start(stopping.signal, onError)

  const health = healthStage([
    { name: 'ping', check: () => {} },
    { name: 'log', check: () => {} },
    {
      name: 'etcd',
      async check() {
        if (feed.failure) throw feed.failure
        await store.revision()
      },
    },
    ...(plugins.healthChecks ?? []),
    {
      name: 'shutdown',
      readyOnly: true,
      check() {
        if (draining) throw new Error('process is shutting down')
      },
    },
  ])
  const metrics = new MetricsRegistry()
  const flowControl =
    options.priorityAndFairness === false
      ? undefined
      : startFlowControl({
          registries,
          clock,
          metrics,
          seats: inFlight.reads + inFlight.writes,
          requestTimeoutMs,
          signal: stopping.signal,
          onError,
        })
  await flowControl?.ready
  const run = pipeline([
    authenticationStage(plugins.authenticators, { allowAnonymous: options.allowAnonymous ?? true }),
    impersonationStage(plugins.authorizer),
    flowControl?.stage ?? inFlightStage(inFlight),
    authorizationStage(plugins.authorizer),
    besideResources([health, ...(flowControl ? [flowControl.dumps] : []), ...plugins.endpoints]),
    resourceStage(registries, plugins.subresources),
    notServed(registries),
  ])

  const handle = async (request: ApiRequest): Promise<ApiResponse> => {
    const warnings: string[] = []
    const headers: Record<string, string> = {}
    try {
      const info = requestInfo(request.method, request.path, request.query)
      const context: RequestContext = { request, info, user: anonymous, warnings, headers }
      return withHeaders(await run(context), headers, warnings)
    } catch (error) {
      return withHeaders(errorResponse(request, error, onError), headers, warnings)
    }
  }

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

  const drain = () => {
    draining = true
    for (const cache of feed.caches()) cache.closeWatchers()
  }
  return {
    handle,
    registries,
    host,
    get revision() {
      return feed.revision
    },
    drain,
    async [Symbol.asyncDispose]() {
      drain()
      stopping.abort()
    },
  }
}

function every(clock: Clock, ms: number, signal: AbortSignal, action: () => void): void {
  const again = (): Disposable =>
    clock.after(ms, () => {
      timer = again()
      action()
    })
  let timer = again()
  signal.addEventListener('abort', () => timer[Symbol.dispose](), { once: true })
}

function withHeaders(
  response: ApiResponse,
  headers: { readonly [name: string]: string },
  warnings: readonly string[],
): ApiResponse {
  const { status, body } = response
  if (body.kind === 'object') return response
  return {
    status,
    headers:
      warnings.length === 0
        ? { ...headers, ...response.headers }
        : { ...headers, ...response.headers, warning: warningHeaders(warnings) },
    body,
  }
}
