import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { type Agent, request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { endWithSignal } from '../../machinery/end-with-signal.js'

/** A question to another server. */
export interface Exchange {
  readonly method: 'GET' | 'POST'
  /** As the other server sees it; http only where no secrets are sent. */
  readonly url: URL
  /** Where that server is reached, if not by its name; its certificate has to be for the name all the same. */
  readonly address?: { readonly host: string; readonly port: number } | undefined
  readonly headers?: { readonly [name: string]: string | readonly string[] }
  readonly body?: Buffer | undefined
  readonly tls?: ConnectionOptions
  /** Keeps connections for the next question; of the protocol of the URL. */
  readonly agent?: Agent | undefined
  /** Milliseconds from now until the whole answer must be there. */
  readonly timeoutMs: number
  /** How large the answer may be, in bytes. */
  readonly maxBytes: number
  readonly signal?: AbortSignal
}

/** What it answers, whatever the status. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/**
 * Asks another server, and reads its whole answer. Nothing it does lasts longer or takes more room than it may; redirects
 * are answers like others. Rejects with the fault of the connection if there is no answer.
 */
export function exchange(asked: Exchange): Promise<Answer> {
  const { method, url, address, headers, body, tls, agent, timeoutMs, maxBytes, signal } = asked
  const name = url.hostname.replace(/^\[|\]$/g, '')
  const secure = url.protocol === 'https:'
  return new Promise((resolve, reject) => {
    const sent = (secure ? httpsRequest : httpRequest)({
      method,
      host: address?.host ?? name,
      port: address?.port ?? (Number(url.port) || (secure ? 443 : 80)),
      path: url.pathname + url.search,
      headers: {
        host: url.host,
        ...(body ? { 'content-length': String(body.length) } : {}),
        ...(headers as Record<string, string | string[]>),
      },
      ...(agent ? { agent } : {}),
      ...(secure && !isIP(name) ? { servername: name } : {}),
      ...(secure ? tls : {}),
    })
    const timer = setTimeout(() => sent.destroy(new Error('context deadline exceeded')), timeoutMs)
    const failed = (error: Error) => {
      clearTimeout(timer)
      reject(error)
    }
    sent.on('error', failed)
    endWithSignal(sent, signal)
    sent.on('response', response => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > maxBytes) response.destroy(new Error('the answer is too large'))
        else chunks.push(chunk)
      })
      response.on('error', failed)
      response.on('end', () => {
        clearTimeout(timer)
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
      })
    })
    sent.end(body)
  })
}
