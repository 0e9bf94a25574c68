import { Agent } from 'node:https'
import type { WebhookClientConfig } from '../../api/admissionregistration/v1/index.js'
import { exactJson } from '../../schema/index.js'
import { reachFault } from '../proxy/reach-fault.js'
import type { Registries } from '../registry/registries.js'
import { serviceAddress } from '../services/service-address.js'
import { exchange } from './exchange.js'

export interface WebhookCallOptions {
  /** Milliseconds. */
  readonly timeout: number
  /** Added to the URL, as `timeout`, so that the webhook knows how long it has. */
  readonly tellTimeout?: boolean
}

/** Bytes of an answer at most. */
const maxBytes = 64 * 1024 * 1024

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
    const { service, caBundle } = config
    const url = urlOf(config)
    if (tellTimeout) url.searchParams.set('timeout', `${timeout / 1000}s`)
    const failed = (why: string) => new Error(`Post ${JSON.stringify(url.href)}: ${why}`)
    try {
      const { status, body: answer } = await exchange({
        method: 'POST',
        url,
        address: service && serviceAddress(registries, { ...service, port: service.port ?? 443 }, random),
        headers: { 'content-type': 'application/json', accept: 'application/json, */*' },
        body: Buffer.from(exactJson(body)),
        ...(caBundle ? { tls: { ca: Buffer.from(caBundle, 'base64') } } : {}),
        agent,
        timeoutMs: timeout,
        maxBytes,
      })
      const text = answer.toString()
      if (status === 200) return text
      throw new Error(`the webhook answered with status ${status}: ${text.slice(0, 256)}`)
    } catch (error) {
      throw failed(reachFault(error as Error, url))
    }
  }
}

/** The URL as the webhook is to see it. */
function urlOf({ url, service }: Pick<WebhookClientConfig, 'url' | 'service'>): URL {
  if (url) return new URL(url)
  if (!service) throw new Error('neither url nor service is set')
  const { namespace, name, path = '/', port = 443 } = service
  // The port is told, even if it is the usual one.
  return new URL(path, `https://${name}.${namespace}.svc:${port}`)
}
