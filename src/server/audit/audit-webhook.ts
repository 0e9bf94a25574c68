import { Agent } from 'node:https'
import { type Clock, sleep } from '../../machinery/clock.js'
import { exactJson } from '../../schema/index.js'
import { exchange } from '../webhooks/exchange.js'
import { type HttpsEndpoint, tlsOf } from '../webhooks/https-endpoint.js'
import type { AuditEvent } from './audit-event.js'
import type { AuditSink } from './audit-sink.js'

/** Who takes audit events, and how to prove who sends them. */
export interface AuditEndpoint extends HttpsEndpoint {
  readonly token?: () => Promise<string> | string
  readonly username?: string | undefined
  readonly password?: string | undefined
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
/** What it says besides the status is of no interest. */
const maxBytes = 1 << 20

/** Sends audit events as lists to a service, again if that fails: https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#webhook-backend */
export function auditWebhook({ endpoint, initialBackoffMs, clock }: AuditWebhookOptions): AuditSink {
  const agent = endpoint.url.startsWith('https:') ? new Agent({ keepAlive: true }) : undefined
  return {
    async write(events) {
      const list = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items: events.map(untyped) }
      const body = Buffer.from(exactJson(list))
      for (let tried = 1, pause = initialBackoffMs; ; tried++, pause *= factor) {
        try {
          return await post(endpoint, agent, body)
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

async function post(endpoint: AuditEndpoint, agent: Agent | undefined, body: Buffer): Promise<void> {
  const { url } = endpoint
  const authorization = await authorizationOf(endpoint)
  const { status } = await exchange({
    method: 'POST',
    url: new URL(url),
    headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
    body,
    tls: tlsOf(endpoint),
    agent,
    timeoutMs,
    maxBytes,
  }).catch((error: Error) => {
    throw new PostFailed(`the audit webhook ${url} failed: ${error.message}`, true, { cause: error })
  })
  if (status >= 200 && status < 300) return
  throw new PostFailed(`the audit webhook ${url} answers ${status}`, status >= 500 || status === 429)
}

async function authorizationOf({ token, username, password }: AuditEndpoint): Promise<string | undefined> {
  const bearer = await token?.()
  if (bearer) return `Bearer ${bearer}`
  return username === undefined ? undefined : `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`
}
