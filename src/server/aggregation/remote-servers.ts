import { APIService } from '../../api/apiregistration/v1/index.js'
import { Service } from '../../api/core/v1/index.js'
import { EndpointSlice } from '../../api/discovery/v1/index.js'
import type { Clock } from '../../machinery/clock.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import type { MetricsRegistry } from '../../machinery/metrics/index.js'
import { isNotFound } from '../../machinery/status-error.js'
import type { CacheEvent } from '../cache/cache-event.js'
import { type Registration, type RemoteDocuments, urlOf } from '../discovery/index.js'
import type { Registries } from '../registry/registries.js'
import { type Availability, local } from './availability.js'
import { isAvailable, writeAvailability } from './availability-condition.js'
import { availabilityMetrics } from './availability-metrics.js'
import { type FrontProxyCredential, isRemote, RemoteServer } from './remote-server.js'

export interface RemoteServersOptions {
  readonly registries: Registries
  readonly clock: Clock
  readonly metrics: MetricsRegistry
  /** Asked for with every connection. */
  readonly credential: () => FrontProxyCredential
  readonly onError: (error: unknown) => void
}

/** Servers are asked anew this often, in milliseconds. */
const checkEvery = 30_000
/** The first pause after a server did not answer; each is twice as long as the one before. */
const firstRetry = 100

interface Check {
  running: boolean
  /** Something has changed meanwhile. */
  again: boolean
  failures: number
  timer?: Disposable
}

/**
 * The servers behind API services. Follows the registrations, finds out whether each can be asked, and says so in its
 * condition: https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/
 */
export class RemoteServers {
  /** By the name of the API service. */
  readonly #servers = new Map<string, RemoteServer>()
  readonly #checks = new Map<string, Check>()
  readonly #metrics
  #signal = AbortSignal.abort()

  constructor(private readonly options: RemoteServersOptions) {
    this.#metrics = availabilityMetrics(options.metrics, () => this.#services.list().map(({ object }) => object))
  }

  get size(): number {
    return this.#servers.size
  }

  /** The server of a group version; undefined if this one serves it itself, or nobody. */
  of(group: string, version: string): RemoteServer | undefined {
    return this.#servers.get(`${version}.${group}`)
  }

  /** Whether requests are passed on to it, by its condition. */
  isAvailable({ service: { metadata } }: RemoteServer): boolean {
    const service = this.#services.get(metadata.name ?? '')?.object
    return service !== undefined && isAvailable(service)
  }

  /** Every version that is registered, with what other servers say of theirs. */
  registrations(): readonly Registration[] {
    return this.#services.list().map(({ object: { metadata, spec } }) => {
      const { group = '', version = '', groupPriorityMinimum, versionPriority } = spec
      const remote = this.#servers.get(metadata.name ?? '')?.discovery
      return { group, version, groupPriorityMinimum, versionPriority, ...(remote ? { remote } : {}) }
    })
  }

  /** What their OpenAPI documents say. */
  get documents(): RemoteDocuments {
    const servers = () => [...this.#servers.values()].map(({ openApi }) => openApi)
    const convertedV3 = (name: string) => servers().find(openApi => openApi.name === name)?.convertedV3
    return {
      get v3() {
        return new Map(
          servers().map(({ name, v3Url, convertedV3 }) => [name, v3Url ?? (convertedV3 && urlOf(name, convertedV3))]),
        )
      },
      convertedV3,
      async v2() {
        const parts = await Promise.all(servers().map(openApi => openApi.v2()))
        return parts.filter(part => part !== undefined)
      },
    }
  }

  /** Follows the registrations until `signal` aborts. The caches must be loaded. */
  async start(signal: AbortSignal): Promise<void> {
    const { registries } = this.options
    this.#signal = signal
    signal.addEventListener('abort', () => this.#stop(), { once: true })
    this.#services.observe(event => this.#registered(event))
    registries.of(Service).cache.observe(({ key }) => this.#changed(key))
    registries.of(EndpointSlice).cache.observe(({ stored: { object } }) => {
      const { namespace, labels } = object.metadata
      this.#changed(`${namespace}/${labels?.['kubernetes.io/service-name']}`)
    })
    for (const { object } of this.#services.list()) {
      this.#place(object)
      this.#wake(object.metadata.name ?? '')
    }
  }

  get #services() {
    return this.options.registries.of(APIService).cache
  }

  #stop(): void {
    for (const { timer } of this.#checks.values()) timer?.[Symbol.dispose]()
    this.#checks.clear()
    for (const server of this.#servers.values()) server[Symbol.dispose]()
    this.#servers.clear()
  }

  #registered({ type, key, stored, previous }: CacheEvent<APIService>): void {
    if (this.#signal.aborted) return
    if (type === 'DELETED') {
      this.#remove(key)
      this.#checks.get(key)?.timer?.[Symbol.dispose]()
      this.#checks.delete(key)
      return
    }
    this.#place(stored.object)
    if (!jsonEqual(stored.object.spec, previous?.object.spec)) this.#wake(key)
  }

  /** A service or one of its endpoints is another one now. */
  #changed(key: string): void {
    for (const [name, { service }] of this.#servers) {
      const { namespace, name: serviceName } = service.spec.service
      if (key === `${namespace}/${serviceName}`) this.#wake(name)
    }
  }

  #place(service: APIService): void {
    const name = service.metadata.name ?? ''
    const before = this.#servers.get(name)
    if (before && jsonEqual(before.service.spec, service.spec)) return
    this.#remove(name)
    if (!isRemote(service)) return
    const { registries, credential, clock } = this.options
    this.#servers.set(name, new RemoteServer(service, registries, credential, clock))
  }

  #remove(name: string): void {
    this.#servers.get(name)?.[Symbol.dispose]()
    this.#servers.delete(name)
  }

  #wake(name: string): void {
    let check = this.#checks.get(name)
    if (!check) this.#checks.set(name, (check = { running: false, again: false, failures: 0 }))
    check.timer?.[Symbol.dispose]()
    if (check.running) check.again = true
    else void this.#run(name, check)
  }

  async #run(name: string, check: Check): Promise<void> {
    check.running = true
    // Not within the change that is being told.
    await Promise.resolve()
    let answers = false
    try {
      answers = await this.#examine(name)
    } catch (error) {
      if (!this.#signal.aborted && !isNotFound(error)) this.options.onError(error)
    }
    check.running = false
    if (this.#signal.aborted || this.#checks.get(name) !== check) return
    if (check.again) {
      check.again = false
      return this.#wake(name)
    }
    // What is served here needs to be looked at no more than once.
    if (answers && !this.#servers.has(name)) return void this.#checks.delete(name)
    check.failures = answers ? 0 : check.failures + 1
    const pause = answers ? checkEvery : Math.min(checkEvery, firstRetry * 2 ** (check.failures - 1))
    check.timer = this.options.clock.after(pause, () => this.#wake(name))
  }

  /** Whether there is no reason to look again soon. */
  async #examine(name: string): Promise<boolean> {
    const server = this.#servers.get(name)
    let availability: Availability = local
    if (server) {
      availability = await server.check(this.#signal)
      // Whoever waits for the condition finds what is served.
      await server.discover(availability.status === 'True', this.#signal)
      if (this.#signal.aborted || this.#servers.get(name) !== server) return false
    }
    const service = this.#services.get(name)?.object
    if (!service) return true
    if (isAvailable(service) && availability.status === 'False') this.#metrics.lost(name, availability.reason)
    await writeAvailability(this.options.registries, service, availability, this.options.clock)
    return availability.reason !== 'FailedDiscoveryCheck'
  }
}
