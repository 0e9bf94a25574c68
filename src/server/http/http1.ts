import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ApiRequest, ApiResponse, Handler } from '../../machinery/http.js'
import { compress } from './compress.js'
import type { Peer } from './http2.js'
import { readBody } from './read-body.js'
import { leaveChunks, lengthOf, sendChunks } from './send.js'
import { splitTarget } from './target.js'

/** Adapts one HTTP/1.1 request. */
export function serveHttp1(
  handler: Handler,
  message: IncomingMessage,
  response: ServerResponse,
  peer: Peer,
  onError: (error: unknown) => void,
): void {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  response.on('error', onError)
  const request = requestOf(message, peer, gone.signal)
  handler(request)
    .then(answer => send(request, answer, response))
    .catch(error => {
      onError(error)
      response.destroy()
    })
}

/** Adapts a request for another protocol (WebSocket, SPDY): the handler may take over the socket. */
export function serveUpgrade(
  handler: Handler,
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  peer: Peer,
  onError: (error: unknown) => void,
): void {
  const gone = new AbortController()
  socket.on('close', () => gone.abort())
  socket.on('error', onError)
  const request: ApiRequest = {
    ...requestOf(message, peer, gone.signal),
    body: { kind: 'none' },
    upgrade: { socket, head, rawUrl: message.url ?? '/' },
  }
  handler(request)
    .then(async answer => {
      if (answer.body.kind === 'upgraded') return
      // Refused: the socket still speaks HTTP/1.1.
      const response = new ServerResponse(message)
      response.assignSocket(socket as never)
      response.setHeader('connection', 'close')
      response.on('finish', () => socket.end(() => socket.destroy()))
      await send(request, answer, response)
    })
    .catch(error => {
      onError(error)
      socket.destroy()
    })
}

function requestOf(message: IncomingMessage, peer: Peer, signal: AbortSignal): ApiRequest {
  const { path, query } = splitTarget(message.url ?? '/')
  const { headers } = message
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  return {
    method: message.method ?? 'GET',
    path,
    query,
    target: message.url ?? '/',
    headers: headers as ApiRequest['headers'],
    rawHeaders: message.rawHeaders,
    body: hasBody ? { kind: 'bytes', read: limit => readBody(message, limit), open: () => message } : { kind: 'none' },
    signal,
    remoteAddress: peer.remoteAddress,
    ...(peer.clientCertificate ? { clientCertificate: peer.clientCertificate } : {}),
  }
}

/** A connection that closes before the answer is out aborts the request's signal: that ends the work behind it. */
async function send(request: ApiRequest, plain: ApiResponse, response: ServerResponse): Promise<void> {
  const answer = await compress(request, plain)
  if (response.destroyed) return
  const { body } = answer
  response.statusCode = answer.status
  response.statusMessage = STATUS_CODES[answer.status] ?? ''
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value as string | string[])
  if (request.method === 'HEAD' || body.kind === 'none') {
    if (body.kind === 'stream') await leaveChunks(body.chunks)
    response.end()
    return
  }
  if (body.kind !== 'bytes' && body.kind !== 'stream') throw new Error(`a ${body.kind} answer cannot be sent over HTTP`)
  if (body.kind === 'bytes') response.setHeader('content-length', lengthOf(answer))
  else response.flushHeaders()
  await sendChunks(response, body.chunks)
}
