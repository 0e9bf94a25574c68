import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { ApiRequest, ApiResponse, Handler } from '../../machinery/http.js'
import { clientCertificateOf } from './client-certificate.js'
import { compress } from './compress.js'
import { readBody } from './read-body.js'
import { splitTarget } from './target.js'

/** Adapts one HTTP/1.1 request. */
export function serveHttp1(
  handler: Handler,
  message: IncomingMessage,
  response: ServerResponse,
  onError: (error: unknown) => void,
): void {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  response.on('error', onError)
  const request = requestOf(message, gone.signal)
  handler(request)
    .then(answer => send(request, answer, response, gone.signal))
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
  onError: (error: unknown) => void,
): void {
  const gone = new AbortController()
  socket.on('close', () => gone.abort())
  socket.on('error', onError)
  const request: ApiRequest = {
    ...requestOf(message, gone.signal),
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
      response.on('finish', () => socket.end())
      await send(request, answer, response, gone.signal)
    })
    .catch(error => {
      onError(error)
      socket.destroy()
    })
}

function requestOf(message: IncomingMessage, signal: AbortSignal): ApiRequest {
  const { path, query } = splitTarget(message.url ?? '/')
  const socket = message.socket as TLSSocket
  const certificate = clientCertificateOf(socket)
  const hasBody =
    message.headers['transfer-encoding'] !== undefined || Number(message.headers['content-length'] ?? 0) > 0
  return {
    method: message.method ?? 'GET',
    path,
    query,
    headers: message.headers as ApiRequest['headers'],
    body: hasBody ? { kind: 'bytes', read: limit => readBody(message, limit) } : { kind: 'none' },
    signal,
    remoteAddress: socket.remoteAddress ?? '',
    ...(certificate ? { clientCertificate: certificate } : {}),
  }
}

async function send(
  request: ApiRequest,
  plain: ApiResponse,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const answer = await compress(request, plain)
  const { body } = answer
  response.statusCode = answer.status
  response.statusMessage = STATUS_CODES[answer.status] ?? ''
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value as string | string[])
  if (body.kind === 'none') {
    response.end()
    return
  }
  if (body.kind === 'bytes') {
    let length = 0
    for (const chunk of body.chunks) length += chunk.length
    response.setHeader('content-length', length)
    for (const chunk of body.chunks) response.write(chunk)
    response.end()
    return
  }
  if (body.kind !== 'stream') throw new Error(`a ${body.kind} answer cannot be sent over HTTP`)
  response.flushHeaders()
  for await (const chunk of body.chunks) {
    if (signal.aborted) return
    if (!response.write(chunk))
      await new Promise<void>(resolve => {
        const settle = () => {
          response.off('drain', settle)
          response.off('close', settle)
          resolve()
        }
        response.on('drain', settle)
        response.on('close', settle)
      })
  }
  response.end()
}
