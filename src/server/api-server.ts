import type { Clock } from '../machinery/clock.js'
import { systemClock } from '../machinery/clock.js'
import type { ApiRequest, ApiResponse, Handler, UserInfo } from '../machinery/http.js'
import type { ApiObject } from '../machinery/object.js'
import type { Resource } from '../machinery/resource.js'
import { StatusError } from '../machinery/status-error.js'
import type { Store } from '../storage/store.js'
import type { AdmissionPlugin } from './admission/admission.js'
import { type Authenticator, anonymous, authenticationStage } from './authentication/authenticator.js'
import { type Authorizer, authorizationStage } from './authorization/authorizer.js'
import { StoreFeed } from './cache/store-feed.js'
import { pipeline, type RequestContext, type Stage } from './pipeline.js'
import { Registries } from './registry/registries.js'
import { Registry, type RegistryHost, type TimeToLive } from './registry/registry.js'
import { resourceStage, type SubresourceHandlers } from './registry/resource-stage.js'
import { requestInfo } from './request-info.js'
import { errorResponse } from './respond.js'

export interface ApiServerOptions {
  readonly store: Store
  readonly resources: readonly Resource[]
  readonly clock?: Clock
  readonly allowAnonymous?: boolean
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
  /** Stages that answer paths outside the resources: discovery, health, version, metrics. */
  readonly endpoints: readonly Stage[]
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
}

/** Watchers that want bookmarks get one this often, in milliseconds. */
const bookmarkEvery = 60_000
/** History is kept this long for watches and paged lists to resume from, in milliseconds. */
const compactEvery = 5 * 60_000

/** Starts an API server on a store: loads the caches, then answers. It owns neither the store nor a socket. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, clock = systemClock, onError } = options
  const stopping = new AbortController()
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
    registries.add(new Registry(resource, feed.cache(resource.storagePrefix), host, timeToLive))
  }
  await feed.start(stopping.signal, onError)

  const run = pipeline([
    authenticationStage(plugins.authenticators, { allowAnonymous: options.allowAnonymous ?? true }),
    authorizationStage(plugins.authorizer),
    ...plugins.endpoints,
    resourceStage(registries, plugins.subresources),
    notServed,
  ])

  const handle = async (request: ApiRequest): Promise<ApiResponse> => {
    let context: RequestContext | undefined
    try {
      const info = requestInfo(request.method, request.path, request.query)
      context = { request, info, user: anonymous as UserInfo, warnings: [] }
      return withWarnings(await run(context), context.warnings)
    } catch (error) {
      return withWarnings(errorResponse(request, error, onError), context?.warnings ?? [])
    }
  }

  every(clock, bookmarkEvery, stopping.signal, () => {
    for (const registry of registries.all()) registry.cache.bookmark()
  })
  let compactTo = feed.revision
  every(clock, compactEvery, stopping.signal, () => {
    const revision = compactTo
    compactTo = feed.revision
    store.compact(revision).catch(onError)
  })

  return {
    handle,
    registries,
    host,
    get revision() {
      return feed.revision
    },
    async [Symbol.asyncDispose]() {
      stopping.abort()
    },
  }
}

function every(clock: Clock, ms: number, signal: AbortSignal, action: () => void): void {
  const again = (): Disposable =>
    clock.after(ms, () => {
      action()
      timer = again()
    })
  let timer = again()
  signal.addEventListener('abort', () => timer[Symbol.dispose](), { once: true })
}

const notServed: Stage = async () => {
  throw new StatusError(404, 'NotFound', 'the server could not find the requested resource', {})
}

/** Puts the gathered warnings into `Warning` headers, as RFC 7234 has them. */
function withWarnings(response: ApiResponse, warnings: readonly string[]): ApiResponse {
  if (warnings.length === 0 || response.body.kind === 'object') return response
  const warning = warnings.map(text => `299 - "${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)
  return { ...response, headers: { ...response.headers, warning } }
}
