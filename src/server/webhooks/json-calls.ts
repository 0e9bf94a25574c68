import { Agent } from 'node:https'
import { exchange } from './exchange.js'
import { type HttpsEndpoint, tlsOf } from './https-endpoint.js'

/** Where somebody answers JSON over HTTPS. */
export interface JsonEndpoint extends HttpsEndpoint {
  readonly token?: string | undefined
}

const timeoutMs = 30_000
const maxBytes = 4 << 20

/** Asks with a GET, or a POST if there is a body. Throws for every answer but one of 200 to 299 that is JSON. */
export type JsonCall = (endpoint: JsonEndpoint, body?: unknown) => Promise<unknown>

/** Calls over connections that are kept for the next one; disposing of it closes them. */
export function jsonCalls(): { readonly call: JsonCall } & Disposable {
  const agent = new Agent({ keepAlive: true })
  const call: JsonCall = async (endpoint, question) => {
    const { url, token } = endpoint
    const body = question === undefined ? undefined : Buffer.from(JSON.stringify(question))
    const answer = await exchange({
      method: body ? 'POST' : 'GET',
      url: new URL(url),
      headers: {
        accept: 'application/json',
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      body,
      tls: tlsOf(endpoint),
      agent,
      timeoutMs,
      maxBytes,
    }).catch((error: Error) => {
      throw new Error(`${url} fails: ${error.message}`, { cause: error })
    })
    if (answer.status < 200 || answer.status > 299) throw new Error(`${url} answers ${answer.status}`)
    try {
      return JSON.parse(answer.body.toString())
    } catch (error) {
      throw new Error(`${url} does not answer JSON`, { cause: error })
    }
  }
  return { call, [Symbol.dispose]: () => agent.destroy() }
}
