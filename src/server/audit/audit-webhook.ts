import { request as httpRequest } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { type Clock, sleep } from '../../machinery/clock.js'
import type { AuditEvent } from './audit-event.js'
import type { AuditSink } from './audit-sink.js'

/** Who takes audit events, and how to prove who sends them. PEM texts. */
export interface AuditEndpoint {
  readonly url: string
  readonly ca?: string | undefined
  readonly clientCert?: string | undefined
  readonly clientKey?: string | undefined
  readonly token?: () => Promise<string> | string
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly tlsServerName?: string | undefined
  readonly insecureSkipTlsVerify?: boolean
}

export interface AuditWebhookOptions {
  readonly endpoint: AuditEndpoint
  /** Milliseconds before the first of the tries that follow one that failed. */
  readonly initialBackoffMs: number
  readonly clock: Clock
}

const tries = 5
const factor = 1.5
const timeoutMs = 30_000

/** Sends audit events as lists to a service, again if that fails: https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#webhook-backend */
export function auditWebhook({ endpoint, initialBackoffMs, clock }: AuditWebhookOptions): AuditSink {
  const agent = endpoint.url.startsWith('https:') ? new Agent({ keepAlive: true }) : undefined
  return {
    async write(events) {
      const list = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items: events.map(untyped) }
      const body = Buffer.from(JSON.stringify(list))
      for (let tried = 1, pause = initialBackoffMs; ; tried++, pause *= factor) {
        try {
          return await post(endpoint, await endpoint.token?.(), agent, body)
        } catch (error) {
          if (tried >= tries || !(error instanceof PostFailed && error.retryable)) throw error
        }
        await sleep(clock, pause)
      }
    },
    async [Symbol.asyncDispose]() {
      agent?.destroy()
    },
  }
}

function untyped({ kind: _kind, apiVersion: _apiVersion, ...event }: AuditEvent): object {
  return event
}

class PostFailed extends Error {
  constructor(
    message: string,
    readonly retryable: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

function post(
  endpoint: AuditEndpoint,
  token: string | undefined,
  agent: Agent | undefined,
  body: Buffer,
): Promise<void> {
  const { url, ca, clientCert, clientKey, username, password, tlsServerName } = endpoint
  const basic = username === undefined ? undefined : Buffer.from(`${username}:${password ?? ''}`).toString('base64')
  return new Promise((resolve, reject) => {
    const failed = (error: Error) =>
      reject(new PostFailed(`the audit webhook ${url} failed: ${error.message}`, true, { cause: error }))
    const sent = (agent ? httpsRequest : httpRequest)(
      url,
      {
        method: 'POST',
        timeout: timeoutMs,
        headers: {
          'content-type': 'application/json',
          'content-length': body.length,
          ...(token ? { authorization: `Bearer ${token}` } : basic ? { authorization: `Basic ${basic}` } : {}),
        },
        ...(agent ? { agent } : {}),
        ...(ca ? { ca } : {}),
        ...(clientCert ? { cert: clientCert, key: clientKey } : {}),
        ...(tlsServerName ? { servername: tlsServerName } : {}),
        ...(endpoint.insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
      },
      response => {
        response.resume()
        response.on('error', failed)
        response.on('end', () => {
          const { statusCode = 0 } = response
          if (statusCode >= 200 && statusCode < 300) return resolve()
          const retryable = statusCode >= 500 || statusCode === 429
          reject(new PostFailed(`the audit webhook ${url} answers ${statusCode}`, retryable))
        })
      },
    )
    sent.on('timeout', () => sent.destroy(new Error('it does not answer in time')))
    sent.on('error', failed)
    sent.end(body)
  })
}
