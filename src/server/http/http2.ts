import type { ApiRequest, ApiResponse, ClientCertificate, Handler, RequestBody } from '../../machinery/http.js'
import { compress } from './compress.js'
import { errorCode } from './h2/protocol.js'
import type { ServerStream } from './h2/server-stream.js'
import { readBody } from './read-body.js'
import { splitTarget } from './target.js'

/** Who is at the other end of a connection. */
export interface Peer {
  readonly remoteAddress: string
  readonly clientCertificate?: ClientCertificate | undefined
}

/** Adapts one HTTP/2 stream. */
export function serveHttp2(
  handler: Handler,
  stream: ServerStream,
  peer: Peer,
  onError: (error: unknown) => void,
): void {
  const request = new Http2Request(stream, peer)
  handler(request)
    .then(response => answer(stream, request, response))
    .catch(error => {
      onError(error)
      stream.reset(errorCode.internal)
    })
}

/** One for all: each of its own would cost more than what it ends. */
const clientGone = new DOMException('the client has closed the request', 'AbortError')
const noBody: RequestBody = { kind: 'none' }

/** A request as it came over HTTP/2. There are many: what few ask for is made when it is asked for. */
class Http2Request implements ApiRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly target: string
  readonly headers: ApiRequest['headers']
  readonly body: RequestBody
  readonly remoteAddress: string
  declare readonly clientCertificate?: ClientCertificate
  readonly #stream: ServerStream
  #gone: AbortController | undefined

  constructor(stream: ServerStream, peer: Peer) {
    const { head, body } = stream
    const { path, query } = splitTarget(head.path)
    this.method = head.method
    this.path = path
    this.query = query
    this.target = head.path
    this.headers = head.headers
    this.body = body ? { kind: 'bytes', read: limit => readBody(body, limit), open: () => body } : noBody
    this.remoteAddress = peer.remoteAddress
    if (peer.clientCertificate) this.clientCertificate = peer.clientCertificate
    this.#stream = stream
  }

  get rawHeaders(): readonly string[] {
    return this.#stream.head.fields.flatMap(({ name, value }) => [name, value])
  }

  get signal(): AbortSignal {
    if (!this.#gone) {
      const gone = new AbortController()
      this.#gone = gone
      if (this.#stream.closed) gone.abort(clientGone)
      else this.#stream.onClose = () => gone.abort(clientGone)
    }
    return this.#gone.signal
  }
}

/** A stream that closes before the answer is out aborts the request's signal: that ends the work behind the answer. */
function answer(stream: ServerStream, request: ApiRequest, response: ApiResponse): Promise<void> | void {
  const withBody = request.method !== 'HEAD'
  const answer = withBody ? compress(request, response) : response
  return answer instanceof Promise
    ? answer.then(packed => stream.respond(packed, true))
    : stream.respond(answer, withBody)
}
