import type { IncomingMessage } from 'node:http'
import type { ServerOptions, WebSocket } from 'ws'
import { badRequest, type StatusError } from '../status-error.js'
import { type ClientUpgrade, headerList } from './client-upgrade.js'
import { drainTimeout } from './upgrade-proxy.js'

// As much as Kubernetes takes in one message.
const maxMessage = 32 * 1024 * 1024

// `closeTimeout` is missing in the published types: how long a client may take to answer our closing.
const serverOptions: ServerOptions & { readonly closeTimeout: number } = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: maxMessage,
  closeTimeout: drainTimeout,
}

/** Why the request cannot become a WebSocket, as a 400, or undefined if it can. */
export function webSocketFault({ socket, request }: ClientUpgrade): StatusError | undefined {
  const [key, version] = ['sec-websocket-key', 'sec-websocket-version'].map(
    name => headerList(request.headers, name)[0] ?? '',
  )
  if (request.method !== 'GET') return badRequest('unable to upgrade: a WebSocket handshake is a GET')
  if (version !== '13')
    return badRequest(`unable to upgrade: Sec-WebSocket-Version "${version}" is not supported; use 13`)
  if (!key || !/^[+/0-9A-Za-z]{22}==$/.test(key)) return badRequest('unable to upgrade: Sec-WebSocket-Key is not valid')
  return socket.readable && socket.writable ? undefined : badRequest('unable to upgrade: the client has left')
}

/**
 * Answers 101 and speaks WebSocket from there on, with the chosen subprotocol (empty for none). Nothing is read until
 * `resume()` is called. The request must be without {@link webSocketFault}. Undefined if the client has left since then.
 */
export async function acceptWebSocket(
  { socket, head, request }: ClientUpgrade,
  protocol: string,
): Promise<WebSocket | undefined> {
  // It may break meanwhile.
  socket.on('error', () => {})
  // A server that nobody opens one at starts without it.
  const { WebSocketServer } = await import('ws')
  if (!socket.readable || !socket.writable) {
    socket.destroy()
    return undefined
  }
  const server = new WebSocketServer(serverOptions)
  // The tunnelling protocol's name holds a slash, which ws does not let pass as a protocol; so it is left in the dark.
  server.on('headers', lines => {
    if (protocol) lines.push(`Sec-WebSocket-Protocol: ${protocol}`)
  })
  const names = ['upgrade', 'sec-websocket-key', 'sec-websocket-version']
  const headers = Object.fromEntries(names.map(name => [name, headerList(request.headers, name)[0]]))
  let accepted: WebSocket | undefined
  const handshake = { method: request.method, url: request.url, headers } as unknown as IncomingMessage
  server.handleUpgrade(handshake, socket, head, webSocket => {
    accepted = webSocket
  })
  accepted?.pause()
  return accepted
}
