import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { HTTPGetAction } from '../../api/core/v1/index.js'
import { goQuote } from '../../machinery/go-format.js'
import {
  type CheckResult,
  failure,
  joinHostPort,
  longestOutput,
  portNumber,
  success,
  type Target,
  warning,
} from './check-result.js'
import { dialError } from './tcp-check.js'

const mostRedirects = 10

export interface HttpCheckOptions {
  /** Milliseconds. */
  readonly timeout: number
  readonly userAgent: string
}

/** The address an httpGet action means. Throws if its port has no number. */
export function httpUrl({ scheme, host, port, path }: HTTPGetAction, target: Target): URL {
  const authority = joinHostPort(host || target.host, portNumber(port, target.ports))
  const base = new URL(`${scheme === 'HTTPS' ? 'https' : 'http'}://${authority}`)
  // A path may hold a query; anything else in it is taken as it is.
  return new URL(path ? (path.startsWith('/') ? path : `/${path}`) : '/', base)
}

/**
 * Asks a container over HTTP. Redirects are followed within the host; one that leads elsewhere counts as success, as any
 * status from 200 to 399 does. Certificates are not checked: nobody could have issued one for a pod's address.
 */
export async function httpCheck(
  action: HTTPGetAction,
  target: Target,
  { timeout, userAgent }: HttpCheckOptions,
): Promise<CheckResult> {
  const first = httpUrl(action, target)
  const headers = requestHeaders(action, userAgent)
  const signal = AbortSignal.timeout(timeout)
  let url = first
  for (let redirects = 0; ; redirects++) {
    let answer: Answer
    try {
      answer = await getOnce(url, headers, signal)
    } catch (error) {
      const why = signal.aborted
        ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        : dialError(error)
      return failure(`Get ${goQuote(first.href)}: ${why}`)
    }
    const { status, location, body } = answer
    if (status < 200 || status >= 400) return failure(`HTTP probe failed with statuscode: ${status}`)
    if (status < 300 || !location) return success(body)
    const next = URL.canParse(location, url.href) ? new URL(location, url.href) : undefined
    if (!next || next.hostname !== first.hostname) return warning(`Probe terminated redirects, Response body: ${body}`)
    if (redirects === mostRedirects)
      return failure(`Get ${goQuote(next.href)}: stopped after ${mostRedirects} redirects`)
    url = next
  }
}

export interface Answer {
  readonly status: number
  readonly location: string | undefined
  readonly body: string
}

type RequestHeaders = { [name: string]: string | string[] }

/** The headers an httpGet action asks for, and the usual ones. */
export function requestHeaders({ httpHeaders = [] }: HTTPGetAction, userAgent: string): RequestHeaders {
  const headers: RequestHeaders = {}
  const named = (wanted: string) => httpHeaders.filter(({ name }) => name.toLowerCase() === wanted)
  for (const { name } of httpHeaders) headers[name] = named(name.toLowerCase()).map(({ value }) => value)
  // An empty value takes the default away.
  if (named('user-agent').length === 0) headers['User-Agent'] = userAgent
  if (named('accept').length === 0) headers.Accept = '*/*'
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() === 'host') headers[name] = [value].flat()[0] ?? ''
    if ([value].flat().every(text => text === '') && /^(?:user-agent|accept)$/i.test(name)) delete headers[name]
  }
  return headers
}

/** One GET without following redirects; reads the beginning of the body. Throws what the connection throws. */
export function getOnce(url: URL, headers: RequestHeaders, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { method: 'GET', headers, signal, agent: false as const, rejectUnauthorized: false }
    const receive = (response: IncomingMessage) => {
      const chunks: Buffer[] = []
      let size = 0
      const finish = () => {
        response.destroy()
        const body = Buffer.concat(chunks).subarray(0, longestOutput).toString('utf8')
        resolve({ status: response.statusCode ?? 0, location: response.headers.location, body })
      }
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        if (size >= longestOutput) finish()
      })
      response.on('end', finish)
      response.on('error', reject)
    }
    const request = url.protocol === 'https:' ? httpsRequest(url, options, receive) : httpRequest(url, options, receive)
    request.on('error', reject)
    request.end()
  })
}
