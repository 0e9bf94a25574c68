import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https'
import { Node, type Pod } from '../../api/core/v1/index.js'
import { endWithSignal } from '../../machinery/end-with-signal.js'
import { urlHost } from '../../machinery/ip-address.js'
import { simulatedRuntime } from '../../machinery/simulated-runtime.js'
import { badRequest, StatusError } from '../../machinery/status-error.js'
import type { UpgradeBackend } from '../../machinery/streaming/index.js'
import type { Registries } from '../registry/registries.js'

/** How the server proves itself to kubelets, and how it knows them. PEM. */
export interface KubeletCredentials {
  readonly clientCert: string
  readonly clientKey: string
  /** Authorities of the kubelets' serving certificates; kubelets are believed whatever they show when absent. */
  readonly ca?: string
}

/** Which of a node's addresses to use, first found first. */
const addressPreference = ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP']
const defaultPort = 10250

/** Reaches the kubelet of a node: for one answer, or for a stream that takes over the connection. */
export class KubeletConnection implements Disposable {
  #agent: Agent
  readonly #formerAgents: Agent[] = []

  constructor(
    private readonly registries: Registries,
    private credentials: KubeletCredentials,
  ) {
    this.#agent = this.#newAgent()
  }

  /** Shows other credentials from now on; what is under way goes on. */
  renew(credentials: KubeletCredentials): void {
    this.credentials = credentials
    this.#formerAgents.push(this.#agent)
    this.#agent = this.#newAgent()
  }

  [Symbol.dispose](): void {
    for (const agent of [this.#agent, ...this.#formerAgents]) agent.destroy()
  }

  #newAgent(): Agent {
    return new Agent({ keepAlive: true, maxFreeSockets: 16, ...this.tls })
  }

  /** Keeps connections to kubelets for the next request. */
  get agent(): Agent {
    return this.#agent
  }

  /** How TLS connections to kubelets are made. */
  get tls() {
    const { clientCert, clientKey, ca } = this.credentials
    return { cert: clientCert, key: clientKey, ...(ca === undefined ? { rejectUnauthorized: false } : { ca }) }
  }

  /** The base of a node's kubelet. Throws a 404 for a node that is not there, a 400 for one that is simulated, a 500 for one without an address. */
  async baseOf(nodeName: string): Promise<URL> {
    const { object } = await this.registries.of(Node).get('', nodeName)
    const { addresses, nodeInfo } = object.status
    if (nodeInfo?.containerRuntimeVersion === simulatedRuntime)
      throw badRequest(
        `node "${nodeName}" is simulated: no containers, and so no logs and commands, are behind its pods`,
      )
    const address =
      addresses?.find(({ type }) => type === 'InternalIP') ??
      addressPreference.map(type => addresses?.find(candidate => candidate.type === type)).find(Boolean)
    if (!address) {
      const known = (addresses ?? []).map(({ type, address }) => `{${type} ${address}}`)
      throw new StatusError(500, '', `no preferred addresses found; known addresses: [${known.join(' ')}]`)
    }
    const host = urlHost(address.address)
    return new URL(`https://${host}:${nodePort(object)}`)
  }

  /** Where an upgraded connection to a node's kubelet leads. */
  async backend(nodeName: string, path: string, query: URLSearchParams): Promise<UpgradeBackend> {
    const url = await this.baseOf(nodeName)
    url.pathname = path
    url.search = query.toString()
    return { url, tls: this.tls }
  }

  /** Sends a request and answers with its response as soon as its head is there. */
  async fetch(
    nodeName: string,
    path: string,
    query: URLSearchParams,
    signal: AbortSignal,
    options: RequestOptions & { readonly body?: Buffer } = {},
  ): Promise<IncomingMessage> {
    const url = await this.baseOf(nodeName)
    url.pathname = path
    url.search = query.toString()
    const { body, ...rest } = options
    return new Promise((resolve, reject) => {
      const attempt = () => {
        const sent = httpsRequest(url, { agent: this.#agent, ...rest }, resolve)
        endWithSignal(sent, signal)
        sent.on('error', error => {
          if (signal.aborted) return reject(signal.reason)
          if (!body && isStale(sent, error)) return attempt()
          const causes = [{ message: error.message }]
          reject(new StatusError(500, 'InternalError', `Get "${url.href}": ${error.message}`, { causes }))
        })
        sent.end(body)
      }
      attempt()
    })
  }
}

/** Whether a request, not yet answered, failed only because the other side was closing the connection that was kept for it. */
export const isStale = (sent: ClientRequest, error: Error): boolean =>
  sent.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET'

/** The port of a node's kubelet. */
export const nodePort = ({ status }: Node): number => status.daemonEndpoints?.kubeletEndpoint?.Port || defaultPort

/** The node that runs a pod. Throws a 400 for a pod that has none yet. */
export function nodeOf({ metadata, spec }: Pod): string {
  if (!spec.nodeName) throw badRequest(`pod ${metadata.name ?? ''} does not have a host assigned`)
  return spec.nodeName
}

/** The container a request means: the one it names, or the only one there is. Throws a 400 for anything else. */
export function containerOf(pod: Pod, named: string): string {
  const { metadata, spec } = pod
  const all = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])]
  if (named) {
    if (!all.some(({ name }) => name === named))
      throw badRequest(`container ${named} is not valid for pod ${metadata.name ?? ''}`)
    return named
  }
  const [only] = spec.containers
  if (spec.containers.length === 1 && only) return only.name
  const names = spec.containers.map(({ name }) => name).join(' ')
  const inits = spec.initContainers?.length
    ? ` or one of the init containers: [${spec.initContainers.map(({ name }) => name).join(' ')}]`
    : ''
  throw badRequest(
    `a container name must be specified for pod ${metadata.name ?? ''}, choose one of: [${names}]${inits}`,
  )
}
