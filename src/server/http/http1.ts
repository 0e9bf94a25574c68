import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ApiRequest, ApiResponse, Handler, RequestBody } from '../../machinery/http.js'
import { compress } from './compress.js'
import type { Peer } from './http2.js'
import { readBody } from './read-body.js'
import { hostFault, type OddRequest } from './refusal.js'
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
  const fault = hostFault(message)
  if (fault) {
    response.writeHead(400, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(fault)
    return
  }
  const request = requestOf(message, peer, gone.signal, awaited(message, response))
  handler(request)
    .then(answer => send(request, answer, response))
    .catch(error => {
      onError(error)
      response.destroy()
    })
}

/**
 * A client that waits to be told to go on is told so once somebody wants the body. If nobody does, nobody knows whether
 * it comes all the same, and the connection is of no more use.
 */
function awaited({ headers }: IncomingMessage, response: ServerResponse): (() => void) | undefined {
  if (!/\b100-continue\b/i.test(headers.expect ?? '')) return undefined
  response.shouldKeepAlive = false
  return () => {
    response.shouldKeepAlive = true
    response.writeContinue()
  }
}

/** Adapts a request whose method Node.js does not know; nothing more is read off its connection. */
export function serveOdd(
  handler: Handler,
  odd: OddRequest,
  socket: Duplex,
  peer: Peer,
  onError: (error: unknown) => void,
): void {
  const gone = new AbortController()
  socket.on('close', () => gone.abort())
  const request: ApiRequest = {
    ...odd,
    body: { kind: 'none' },
    signal: gone.signal,
    remoteAddress: peer.remoteAddress,
    ...(peer.clientCertificate ? { clientCertificate: peer.clientCertificate } : {}),
  }
  const asked = { method: odd.method, headers: {}, httpVersionMajor: 1, httpVersionMinor: 1 }
  handler(request)
    .then(answer => sendLast(request, answer, new ServerResponse(asked as IncomingMessage), socket))
    .catch(error => {
      onError(error)
      socket.destroy()
    })
}

/** Sends the last answer of a connection. */
function sendLast(request: ApiRequest, answer: ApiResponse, response: ServerResponse, socket: Duplex): Promise<void> {
  response.assignSocket(socket as never)
  response.setHeader('connection', 'close')
  response.on('finish', () => socket.end(() => socket.destroy()))
  return send(request, answer, response)
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
    // Refused: the socket still speaks HTTP/1.1.
    .then(answer =>
      answer.body.kind === 'upgraded' ? undefined : sendLast(request, answer, new ServerResponse(message), socket),
    )
    .catch(error => {
      onError(error)
      socket.destroy()
    })
}

function requestOf(message: IncomingMessage, peer: Peer, signal: AbortSignal, goOn?: () => void): ApiRequest {
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
    body: hasBody ? bodyOf(message, goOn) : { kind: 'none' },
    signal,
    remoteAddress: peer.remoteAddress,
    ...(peer.clientCertificate ? { clientCertificate: peer.clientCertificate } : {}),
  }
}

function bodyOf(message: IncomingMessage, goOn: (() => void) | undefined): RequestBody {
  const open = () => {
    goOn?.()
    return message
  }
  return { kind: 'bytes', read: limit => readBody(open(), limit), open }
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
