import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { ApiRequest, ApiResponse, ClientCertificate, Handler } from '../../machinery/http.js'
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
  { remoteAddress, clientCertificate }: Peer,
  onError: (error: unknown) => void,
): void {
  let gone: AbortController | undefined
  stream.on('close', () => gone?.abort())
  stream.on('error', onError)
  const { path, query } = splitTarget(headers[':path'] ?? '/')
  const request: ApiRequest = {
    method: headers[':method'] ?? 'GET',
    path,
    query,
    headers: headers as ApiRequest['headers'],
    body: stream.endAfterHeaders ? { kind: 'none' } : { kind: 'bytes', read: limit => readBody(stream, limit) },
    // Most requests never ask for it.
    get signal() {
      gone ??= new AbortController()
      if (stream.destroyed || stream.closed) gone.abort()
      return gone.signal
    },
    remoteAddress,
    ...(clientCertificate ? { clientCertificate } : {}),
  }
  handler(request)
    .then(response => answer(stream, request, response))
    .catch(error => {
      onError(error)
      if (!stream.destroyed) stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    })
}

/** A stream that closes before the answer is out aborts the request's signal: that ends the work behind the answer. */
async function answer(stream: ServerHttp2Stream, request: ApiRequest, plain: ApiResponse): Promise<void> {
  const large = lengthOf(plain) > 0 && request.headers['accept-encoding'] !== undefined
  const response = large ? await compress(request, plain) : plain
  if (stream.destroyed || stream.closed) return
  const { body, headers, status } = response
  const head = { ...headers, ':status': status } as Record<string, string | number | string[]>
  if (request.method === 'HEAD' || body.kind === 'none') {
    stream.respond(head, { endStream: true })
    return
  }
  if (body.kind !== 'bytes' && body.kind !== 'stream') throw new Error(`a ${body.kind} answer cannot be sent over HTTP`)
  if (body.kind === 'bytes') head['content-length'] = lengthOf(response)
  stream.respond(head)
  await sendChunks(stream, body.chunks)
}
