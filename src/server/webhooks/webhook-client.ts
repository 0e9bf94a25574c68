import { Agent, request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { WebhookClientConfig } from '../../api/admissionregistration/v1/index.js'
import { Service } from '../../api/core/v1/index.js'
import { EndpointSlice } from '../../api/discovery/v1/index.js'
import { reachFault } from '../proxy/reach-fault.js'
import type { Registries } from '../registry/registries.js'

/** Where a webhook is: the address to connect to, and the name its certificate must have. */
interface Target {
  readonly url: URL
  readonly host: string
  readonly port: number
  readonly serverName: string
}

export interface WebhookCallOptions {
  /** Milliseconds. */
  readonly timeout: number
  /** Added to the URL, as `timeout`, so that the webhook knows how long it has. */
  readonly tellTimeout?: boolean
}

/** Bytes of an answer at most. */
const largestAnswer = 64 * 1024 * 1024

/** Posts JSON to a webhook; resolves to the text of its answer, rejects for every status but 200. */
export type CallWebhook = (
  config: Pick<WebhookClientConfig, 'url' | 'service' | 'caBundle'>,
  body: unknown,
  options: WebhookCallOptions,
) => Promise<string>

/** Calls webhooks over connections that are kept for a while for the next call. */
export function webhookClient(registries: Registries, random: () => number = Math.random): CallWebhook {
  // Idle connections neither keep the process alive nor stay for long.
  const agent = new Agent({ keepAlive: true, timeout: 30_000, maxFreeSockets: 16 })
  return async (config, body, { timeout, tellTimeout = false }) => {
    const url = urlOf(config)
    if (tellTimeout) url.searchParams.set('timeout', `${timeout / 1000}s`)
    return post(
      agent,
      targetOf(registries, config, url, random),
      config.caBundle,
      Buffer.from(JSON.stringify(body)),
      timeout,
    )
  }
}

type Address = Pick<WebhookClientConfig, 'url' | 'service'>

/** The URL as the webhook is to see it. */
function urlOf({ url, service }: Address): URL {
  if (url) return new URL(url)
  if (!service) throw new Error('neither url nor service is set')
  const { namespace, name, path = '/', port = 443 } = service
  // The port is told, even if it is the usual one.
  return new URL(path, `https://${name}.${namespace}.svc:${port}`)
}

function targetOf(registries: Registries, { service }: Address, url: URL, random: () => number): Target {
  const serverName = url.hostname.replace(/^\[|\]$/g, '')
  if (!service) return { url, host: serverName, port: Number(url.port || 443), serverName }
  const { namespace, name, port = 443 } = service
  const target = { url, serverName }
  const { spec } = registries.of(Service).cache.get(`${namespace}/${name}`)?.object ?? {}
  const failed = (why: string) => new Error(`Post ${JSON.stringify(url.href)}: ${why}`)
  if (!spec) throw failed(`service ${JSON.stringify(name)} not found`)
  if (spec.type === 'ExternalName') return { ...target, host: spec.externalName ?? '', port }
  const named = spec.ports?.find(candidate => candidate.port === port)
  if (!named) throw failed(`no service port ${port} found for service ${JSON.stringify(name)}`)
  // Straight to a pod: the server's host need not be one that serves addresses of services.
  const ready = endpointsOf(registries, namespace, name, named.name ?? '')
  const chosen = ready[Math.floor(random() * ready.length)]
  if (chosen) return { ...target, ...chosen }
  if (!spec.clusterIP || spec.clusterIP === 'None')
    throw failed(`no endpoints available for service ${JSON.stringify(name)}`)
  return { ...target, host: spec.clusterIP, port }
}

const endpointsOf = (registries: Registries, namespace: string, name: string, portName: string) =>
  registries
    .of(EndpointSlice)
    .cache.list(`${namespace}/`)
    .filter(({ object: { metadata } }) => metadata.labels?.['kubernetes.io/service-name'] === name)
    .flatMap(({ object: { ports = [], endpoints } }) => {
      const port = ports.find(candidate => (candidate.name ?? '') === portName)?.port
      if (port === undefined) return []
      return endpoints
        .filter(({ conditions }) => conditions?.ready !== false)
        .flatMap(({ addresses: [host] }) => (host ? [{ host, port }] : []))
    })

function post(
  agent: Agent,
  { url, host, port, serverName }: Target,
  caBundle: string | undefined,
  body: Buffer,
  timeout: number,
): Promise<string> {
  const failed = (why: string) => new Error(`Post ${JSON.stringify(url.href)}: ${why}`)
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => request.destroy(new Error('context deadline exceeded')), timeout)
    const settle = () => clearTimeout(timer)
    const request = httpsRequest(
      {
        agent,
        host,
        port,
        path: url.pathname + url.search,
        method: 'POST',
        ...(isIP(serverName) ? {} : { servername: serverName }),
        headers: {
          'content-type': 'application/json',
          'content-length': body.length,
          accept: 'application/json, */*',
          host: url.host,
        },
        ...(caBundle ? { ca: Buffer.from(caBundle, 'base64') } : {}),
      },
      response => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > largestAnswer) request.destroy(new Error('the answer is too large'))
          else chunks.push(chunk)
        })
        response.on('error', error => reject(failed(error.message)))
        response.on('end', () => {
          settle()
          const text = Buffer.concat(chunks).toString()
          if (response.statusCode === 200) resolve(text)
          else reject(failed(`the webhook answered with status ${response.statusCode}: ${text.slice(0, 256)}`))
        })
      },
    )
    request.on('error', error => {
      settle()
      reject(failed(reachFault(error, url)))
    })
    request.end(body)
  })
}
