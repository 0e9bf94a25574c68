import { Agent, type RequestOptions, request } from 'node:https'

/** Where somebody answers JSON over HTTPS, and how to prove who asks. PEM texts. */
export interface JsonEndpoint {
  readonly url: string
  readonly ca?: string | undefined
  readonly clientCert?: string | undefined
  readonly clientKey?: string | undefined
  readonly token?: string | undefined
  readonly tlsServerName?: string | undefined
  readonly insecureSkipTlsVerify?: boolean
}

const timeoutMs = 30_000
const mostBytes = 4 << 20

/** Asks with a GET, or a POST if there is a body. Throws for every answer but one of 200 to 299 that is JSON. */
export type JsonCall = (endpoint: JsonEndpoint, body?: unknown) => Promise<unknown>

/** Calls over connections that are kept for the next one; disposing of it closes them. */
export function jsonCalls(): { readonly call: JsonCall } & Disposable {
  const agent = new Agent({ keepAlive: true })
  const call: JsonCall = (endpoint, body) =>
    new Promise((resolve, reject) => {
      const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
      const options: RequestOptions = {
        method: bytes ? 'POST' : 'GET',
        agent,
        timeout: timeoutMs,
        headers: {
          accept: 'application/json',
          ...(bytes ? { 'content-type': 'application/json', 'content-length': bytes.length } : {}),
          ...(endpoint.token ? { authorization: `Bearer ${endpoint.token}` } : {}),
        },
        ...(endpoint.ca ? { ca: endpoint.ca } : {}),
        ...(endpoint.clientCert ? { cert: endpoint.clientCert, key: endpoint.clientKey } : {}),
        ...(endpoint.tlsServerName ? { servername: endpoint.tlsServerName } : {}),
        ...(endpoint.insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
      }
      const sent = request(endpoint.url, options, response => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > mostBytes) sent.destroy(new Error(`${endpoint.url} answers too much`))
          else chunks.push(chunk)
        })
        response.on('error', reject)
        response.on('end', () => {
          const { statusCode = 0 } = response
          if (statusCode < 200 || statusCode > 299) return reject(new Error(`${endpoint.url} answers ${statusCode}`))
          try {
            resolve(JSON.parse(Buffer.concat(chunks).toString()))
          } catch (error) {
            reject(new Error(`${endpoint.url} does not answer JSON`, { cause: error }))
          }
        })
      })
      sent.on('timeout', () => sent.destroy(new Error(`${endpoint.url} does not answer in time`)))
      sent.on('error', reject)
      sent.end(bytes)
    })
  return { call, [Symbol.dispose]: () => agent.destroy() }
}
