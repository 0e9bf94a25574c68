import { Agent } from 'node:https'
import type { ConnectionOptions } from 'node:tls'
import { APIService, type ServiceReference } from '../../api/apiregistration/v1/index.js'
import { Service } from '../../api/core/v1/index.js'
import type { Clock } from '../../machinery/clock.js'
import { urlHost } from '../../machinery/ip-address.js'
import type { RemoteVersion } from '../discovery/groups.js'
import type { Backend } from '../proxy/forward.js'
import { reachFault } from '../proxy/reach-fault.js'
import type { Registries } from '../registry/registries.js'
import { serviceAddress, slicesOf } from '../services/service-address.js'
import { type Answer, exchange } from '../webhooks/exchange.js'
import { type Availability, failedDiscovery, passed, serviceFault } from './availability.js'
import { identityHeaders } from './identity-headers.js'
import { aggregatedForms, resourcesInAggregated, resourcesInList } from './remote-discovery.js'
import { RemoteOpenApi } from './remote-openapi.js'

/** The client certificate by which other servers know this one, PEM. */
export interface FrontProxyCredential {
  readonly certificate: string
  readonly key: string
}

/** An API service that another server stands behind. */
export interface RemoteApiService extends APIService {
  readonly spec: APIService['spec'] & { readonly service: ServiceReference }
}

/** What this server cannot do without it always serves itself. */
const always = new Set<string | undefined>(['', undefined, APIService.gvk.group])

export const isRemote = (service: APIService): service is RemoteApiService =>
  service.spec.service !== undefined && !always.has(service.spec.group)

/** How this server calls itself when it asks on its own behalf. Its group may do everything everywhere. */
const aggregator = identityHeaders({ name: 'system:kube-aggregator', groups: ['system:masters'] })

const timeoutMs = 5_000
/** A service may have several endpoints, of which one that answers is enough. */
const attempts = 5
const largestDiscovery = 16 << 20
const largestSpecification = 64 << 20

/** A group version that another server serves: how it is reached, and what it says it serves. */
export class RemoteServer implements Disposable {
  readonly group: string
  readonly version: string
  readonly openApi: RemoteOpenApi
  readonly #agent: Agent
  #discovery: { readonly etag: string; readonly resources: RemoteVersion['resources'] } | undefined
  #freshness: RemoteVersion['freshness'] = 'Stale'

  constructor(
    readonly service: RemoteApiService,
    private readonly registries: Registries,
    private readonly credential: () => FrontProxyCredential,
    clock: Clock,
  ) {
    const { group = '', version = '' } = service.spec
    this.group = group
    this.version = version
    this.openApi = new RemoteOpenApi(
      `apis/${group}/${version}`,
      (path, etag) => this.#ask(path, { 'if-none-match': etag }, { maxBytes: largestSpecification }),
      clock,
    )
    this.#agent = new Agent({ keepAlive: true, timeout: 90_000, maxFreeSockets: 16 })
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  /** Where requests are passed on to at the moment. Throws if the service leads nowhere. */
  get backend(): Backend {
    const { host, port } = this.#address
    return {
      origin: `https://${urlHost(host)}:${port}`,
      tls: this.#tls,
      agent: this.#agent,
      redirects: false,
    }
  }

  /** What it serves, as far as it has been asked. */
  get discovery(): RemoteVersion {
    return { resources: this.#discovery?.resources ?? [], freshness: this.#freshness }
  }

  get #tls(): ConnectionOptions {
    const { caBundle, insecureSkipTLSVerify } = this.service.spec
    const { certificate, key } = this.credential()
    return {
      servername: this.#name,
      cert: certificate,
      key,
      ...(caBundle ? { ca: Buffer.from(caBundle, 'base64') } : {}),
      ...(insecureSkipTLSVerify ? { rejectUnauthorized: false } : {}),
    }
  }

  /** What its certificate has to be for. */
  get #name(): string {
    const { name = '', namespace = '' } = this.service.spec.service
    return `${name}.${namespace}.svc`
  }

  get #address() {
    const { name = '', namespace = '', port = 443 } = this.service.spec.service
    return serviceAddress(this.registries, { name, namespace, port })
  }

  /** Whether it can be asked, found out by asking. */
  async check(signal: AbortSignal): Promise<Availability> {
    const { name = '', namespace = '' } = this.service.spec.service
    const service = this.registries.of(Service).cache.get(`${namespace}/${name}`)?.object
    const fault = serviceFault(this.service.spec.service, service, slicesOf(this.registries, namespace, name))
    if (fault) return fault
    try {
      await this.#answers(signal).catch(() =>
        Promise.any(Array.from({ length: attempts - 1 }, () => this.#answers(signal))),
      )
      return passed
    } catch (error) {
      const last = error instanceof AggregateError ? error.errors.at(-1) : error
      return failedDiscovery((last as Error).message)
    }
  }

  /** Finds out anew what it serves; what it said before counts as stale if it does not tell. */
  async discover(available: boolean, signal: AbortSignal): Promise<void> {
    try {
      if (!available) throw new Error('it is not asked')
      this.#discovery = await this.#discoverNow(signal)
      this.#freshness = 'Current'
      await this.openApi.refresh()
    } catch {
      this.#freshness = 'Stale'
    }
  }

  async #answers(signal: AbortSignal): Promise<void> {
    const { host, port } = this.#address
    const url = `https://${urlHost(host)}:${port}/apis/${this.group}/${this.version}`
    const failed = (why: string) => new Error(`failing or missing response from ${url}: ${why}`)
    const { status } = await this.#ask(new URL(url).pathname, {}, { signal, maxBytes: largestDiscovery }).catch(
      (error: Error) => {
        throw failed(`Get ${JSON.stringify(url)}: ${reachFault(error, new URL(url))}`)
      },
    )
    if (status < 200 || status > 299) throw failed(`bad status from ${url}: ${status}`)
  }

  async #discoverNow(signal: AbortSignal) {
    const limits = { signal, maxBytes: largestDiscovery }
    const etag = this.#discovery?.etag
    const headers = { accept: aggregatedForms, ...(etag ? { 'if-none-match': etag } : {}) }
    const answer = await this.#ask('/apis', headers, limits)
    if (answer.status === 304 && this.#discovery) return this.#discovery
    if (answer.status === 200 && answer.headers['content-type']?.includes('APIGroupDiscoveryList'))
      return {
        etag: answer.headers.etag ?? '',
        resources: resourcesInAggregated(answer.body.toString(), this.group, this.version),
      }
    const path = `/apis/${this.group}/${this.version}`
    const plain = await this.#ask(path, { accept: 'application/json' }, limits)
    if (plain.status !== 200) throw new Error(`${path} answers ${plain.status}`)
    return { etag: '', resources: resourcesInList(plain.body.toString(), this.group, this.version) }
  }

  #ask(
    path: string,
    headers: { readonly [name: string]: string },
    limits: { readonly maxBytes: number; readonly signal?: AbortSignal },
  ): Promise<Answer> {
    return exchange({
      method: 'GET',
      url: new URL(path, `https://${this.#name}`),
      address: this.#address,
      headers: { accept: 'application/json', 'user-agent': 'kube-aggregator', ...aggregator, ...headers },
      tls: this.#tls,
      agent: this.#agent,
      timeoutMs,
      ...limits,
    })
  }
}
