import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { ApiRequest, ApiResponse, ClientCertificate, Handler, RequestBody } from '../../machinery/http.js'
import { compress } from './compress.js'
import { readBody } from './read-body.js'
import { lengthOf, sendChunks } from './send.js'
import { splitTarget } from './target.js'

/** Who is at the other end of a connection. */
export interface Peer {
  readonly remoteAddress: string
  readonly clientCertificate?: ClientCertificate | undefined
}

/** Adapts one HTTP/2 stream. */
export function serveHttp2(
  handler: Handler,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
  peer: Peer,
  onError: (error: unknown) => void,
): void {
  stream.on('error', onError)
  const request = new Http2Request(stream, headers, rawHeaders, peer)
  handler(request)
    .then(response => answer(stream, request, response))
    .catch(error => {
      onError(error)
      if (!stream.destroyed) stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    })
}

const noBody: RequestBody = { kind: 'none' }

/** A request as it came over HTTP/2. There are many: what few ask for is made when it is asked for. */
class Http2Request implements ApiRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: ApiRequest['headers']
  readonly rawHeaders: readonly string[]
  readonly body: RequestBody
  readonly remoteAddress: string
  declare readonly clientCertificate?: ClientCertificate
  readonly #stream: ServerHttp2Stream
  #gone: AbortController | undefined

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[], peer: Peer) {
    const { path, query } = splitTarget(headers[':path'] ?? '/')
    this.method = headers[':method'] ?? 'GET'
    this.path = path
    this.query = query
    this.headers = headers as ApiRequest['headers']
    this.rawHeaders = rawHeaders
    this.body = stream.endAfterHeaders
      ? noBody
      : { kind: 'bytes', read: limit => readBody(stream, limit), open: () => stream }
    this.remoteAddress = peer.remoteAddress
    if (peer.clientCertificate) this.clientCertificate = peer.clientCertificate
    this.#stream = stream
  }

  get signal(): AbortSignal {
    if (!this.#gone) {
      const gone = new AbortController()
      this.#gone = gone
      if (this.#stream.destroyed || this.#stream.closed) gone.abort()
      else this.#stream.once('close', () => gone.abort())
    }
    return this.#gone.signal
  }
}

/** A stream that closes before the answer is out aborts the request's signal: that ends the work behind the answer. */
function answer(stream: ServerHttp2Stream, request: ApiRequest, response: ApiResponse): Promise<void> | void {
  const length = lengthOf(response)
  if (length === 0 || request.headers['accept-encoding'] === undefined) return send(stream, request, response, length)
  return compress(request, response).then(packed => send(stream, request, packed, lengthOf(packed)))
}

function send(
  stream: ServerHttp2Stream,
  request: ApiRequest,
  { status, headers, body }: ApiResponse,
  length: number,
): Promise<void> | void {
  if (stream.destroyed || stream.closed) return
  const head = { ':status': status, ...headers } as OutgoingHttpHeaders
  if (request.method === 'HEAD' || body.kind === 'none') return stream.respond(head, { endStream: true })
  if (body.kind !== 'bytes' && body.kind !== 'stream') throw new Error(`a ${body.kind} answer cannot be sent over HTTP`)
  if (body.kind === 'bytes') head['content-length'] = length
  stream.respond(head)
  return sendChunks(stream, body.chunks)
}
