import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { ApiRequest, ApiResponse, ClientCertificate, Handler } from '../../machinery/http.js'
import { compress } from './compress.js'
import { readBody } from './read-body.js'
import { splitTarget } from './target.js'

/** Adapts one HTTP/2 stream. */
export function serveHttp2(
  handler: Handler,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  remoteAddress: string,
  clientCertificate: ClientCertificate | undefined,
  onError: (error: unknown) => void,
): void {
  let gone: AbortController | undefined
  stream.on('close', () => gone?.abort())
  stream.on('error', onError)
  const method = headers[':method'] as string
  const { path, query } = splitTarget(headers[':path'] as string)
  const request: ApiRequest = {
    method,
    path,
    query,
    headers: headers as ApiRequest['headers'],
    body:
      stream.readableEnded || method === 'GET'
        ? { kind: 'none' }
        : { kind: 'bytes', read: limit => readBody(stream, limit) },
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

async function answer(stream: ServerHttp2Stream, request: ApiRequest, plain: ApiResponse): Promise<void> {
  if (stream.destroyed) return discard(plain)
  const response = await compress(request, plain)
  const head = { ':status': response.status, ...response.headers } as Record<string, string | number | string[]>
  const { body } = response
  if (request.method === 'HEAD' || body.kind === 'none') {
    stream.respond(head, { endStream: true })
    return discard(plain)
  }
  if (body.kind === 'bytes') {
    const [only] = body.chunks
    stream.respond(head)
    if (body.chunks.length === 1) stream.end(only)
    else {
      for (const chunk of body.chunks) if (!(await write(stream, chunk))) return
      stream.end()
    }
    return
  }
  if (body.kind !== 'stream') throw new Error(`a ${body.kind} answer cannot be sent over HTTP`)
  stream.respond(head)
  for await (const chunk of body.chunks) if (!(await write(stream, chunk))) return
  stream.end()
}

/** Ends the work behind an answer nobody will read. */
async function discard({ body }: ApiResponse): Promise<void> {
  if (body.kind === 'stream') await body.chunks[Symbol.asyncIterator]().return?.()
}

/** Writes and waits while the client is slow; false once it is gone. */
function write(stream: ServerHttp2Stream, chunk: Uint8Array): Promise<boolean> | boolean {
  if (stream.destroyed || stream.closed) return false
  if (stream.write(chunk)) return true
  return new Promise(resolve => {
    const settle = () => {
      stream.off('drain', settle)
      stream.off('close', settle)
      resolve(!stream.destroyed && !stream.closed)
    }
    stream.on('drain', settle)
    stream.on('close', settle)
  })
}
