import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import type { Endpoint } from '../client/https-transport.js'
import { ControlPlane, type ControlPlaneOptions } from '../cluster/control-plane.js'
import { tokenFile } from './authentication/token-file.js'

/** A request over the wire, in short. Objects are sent as JSON. */
export interface WireRequest {
  readonly method?: string
  readonly path: string
  readonly headers?: { readonly [name: string]: string }
  readonly body?: unknown
}

export interface WireAnswer {
  readonly status: number
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly bytes: Buffer
  readonly text: string
  /** The body as JSON; undefined if it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely
  readonly json: any
}

/** Tokens that test servers know: an administrator and somebody else. */
export const adminToken = 'admin-token'
export const otherToken = 'other-token'

const tokens = `${adminToken},admin,1,system:masters\n${otherToken},other,2`

/** A control plane without controllers and scheduler, and clients of its port that hide nothing. */
export class TestServer implements AsyncDisposable {
  #session: ClientHttp2Session | undefined

  private constructor(readonly controlPlane: ControlPlane) {}

  static async start(options: ControlPlaneOptions = {}): Promise<TestServer> {
    const authenticators = [tokenFile(tokens)]
    return new TestServer(
      await ControlPlane.start({ controllers: false, scheduler: false, authenticators, ...options }),
    )
  }

  get client() {
    return this.controlPlane.client
  }

  get endpoint(): Endpoint {
    if (!this.controlPlane.endpoint) throw new Error('the server does not listen')
    return this.controlPlane.endpoint
  }

  /** One HTTP/2 connection for all requests. */
  get session(): ClientHttp2Session {
    if (!this.#session || this.#session.closed) {
      this.#session = connect(this.endpoint.server, { ca: this.endpoint.ca ?? '' })
      this.#session.on('error', () => {})
    }
    return this.#session
  }

  /** Begins an HTTP/2 request; its answer is the caller's to read. */
  stream({ method = 'GET', path, headers = {}, body }: WireRequest): ClientHttp2Stream {
    const bytes = bytesOf(body)
    const sent: OutgoingHttpHeaders = {
      ':method': method,
      ':path': path,
      ...defaults(headers, bytes),
    }
    const stream = this.session.request(sent, { endStream: bytes === undefined })
    if (bytes) stream.end(bytes)
    return stream
  }

  async http2(request: WireRequest): Promise<WireAnswer> {
    const stream = this.stream(request)
    const head = await new Promise<WireAnswer['headers']>((resolve, reject) => {
      stream.once('response', headers => resolve(headers as WireAnswer['headers']))
      stream.once('error', reject)
      stream.once('close', () => reject(new Error('the stream was closed without an answer')))
    })
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk as Buffer)
    return answerOf(Number(head[':status']), head, Buffer.concat(chunks))
  }

  http1({ method = 'GET', path, headers = {}, body }: WireRequest): Promise<WireAnswer> {
    const bytes = bytesOf(body)
    return new Promise((resolve, reject) => {
      const sent = httpsRequest(
        new URL(path, this.endpoint.server),
        { method, ca: this.endpoint.ca, headers: defaults(headers, bytes), agent: false },
        async response => {
          try {
            const chunks: Buffer[] = []
            for await (const chunk of response) chunks.push(chunk as Buffer)
            resolve(answerOf(response.statusCode ?? 0, response.headers, Buffer.concat(chunks)))
          } catch (error) {
            reject(error)
          }
        },
      )
      sent.on('error', reject)
      sent.end(bytes)
    })
  }

  /** What the server does for somebody at the moment: watches of all kinds. */
  get watchers(): number {
    let count = 0
    for (const cache of this.controlPlane.server.host.feed.caches()) count += cache.watcherCount
    return count
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session?.destroy()
    await this.controlPlane[Symbol.asyncDispose]()
  }
}

function bytesOf(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined
  if (body instanceof Uint8Array) return Buffer.from(body)
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

function defaults(headers: { readonly [name: string]: string }, body: Buffer | undefined): Record<string, string> {
  return {
    authorization: `Bearer ${adminToken}`,
    ...(body ? { 'content-type': 'application/json', 'content-length': String(body.length) } : {}),
    ...headers,
  }
}

function answerOf(status: number, headers: WireAnswer['headers'], bytes: Buffer): WireAnswer {
  const text = bytes.toString()
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  return { status, headers, bytes, text, json }
}

/** Waits until a condition holds; throws after a minute, which only a fault takes. */
export async function until(holds: () => boolean | Promise<boolean>, what = 'the condition'): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come true`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
