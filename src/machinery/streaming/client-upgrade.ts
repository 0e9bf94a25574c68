import type { Duplex } from 'node:stream'
import { StatusError } from '../status-error.js'

/** Header values by name in lower case, as Node's HTTP server or a transport-free request gives them. */
export type UpgradeHeaders = { readonly [name: string]: string | readonly string[] | undefined }

/**
 * A client's request to turn its HTTP/1.1 connection into something else. Whoever handles it owns the socket, answers on
 * it and closes it. An `IncomingMessage` will do as the request.
 */
export interface ClientUpgrade {
  readonly socket: Duplex
  /** Bytes read beyond the request. */
  readonly head: Buffer
  readonly request: {
    readonly method?: string | undefined
    readonly url?: string | undefined
    readonly headers: UpgradeHeaders
  }
}

/** The members of a header that is a list, over all its lines; empty if it is not there. */
export function headerList(headers: UpgradeHeaders, name: string): readonly string[] {
  const value = headers[name]
  const lines = value === undefined ? [] : typeof value === 'string' ? [value] : value
  return lines
    .flatMap(line => line.split(','))
    .map(member => member.trim())
    .filter(member => member !== '')
}

/** What the client wants its connection to become, of what Kubernetes speaks. */
export function upgradeKind(headers: UpgradeHeaders): 'websocket' | 'spdy' | undefined {
  if (!headerList(headers, 'connection').some(token => token.toLowerCase() === 'upgrade')) return undefined
  const wanted = headerList(headers, 'upgrade').map(token => token.toLowerCase())
  if (wanted.includes('websocket')) return 'websocket'
  return wanted.includes('spdy/3.1') ? 'spdy' : undefined
}

// A browser cannot set headers of a WebSocket and smuggles its token in as a protocol; that is no protocol to choose and
// no backend's business.
const bearerPrefix = 'base64url.bearer.authorization.k8s.io.'

/** The WebSocket subprotocols the client offers, in its order of preference, without a bearer token among them. */
export const offeredProtocols = (headers: UpgradeHeaders): readonly string[] =>
  headerList(headers, 'sec-websocket-protocol').filter(protocol => !protocol.startsWith(bearerPrefix))

/** An answer to the request in place of the upgrade; the connection ends with it. */
export function answer(
  upgrade: ClientUpgrade,
  status: number,
  statusText: string,
  headers: readonly (readonly [string, string])[],
  body: Buffer,
): void {
  const { socket } = upgrade
  const kept = headers.filter(([name]) => !/^(connection|content-length|transfer-encoding|keep-alive)$/i.test(name))
  const lines = [
    `HTTP/1.1 ${status} ${statusText}`,
    ...kept.map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${body.length}`,
    'Connection: close',
  ]
  socket.on('error', () => {})
  // What the client sends in the belief that it was upgraded goes nowhere, but a reset would lose the answer.
  socket.resume()
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]))
}

const statusTexts: { readonly [code: number]: string } = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

/** Declines the upgrade with a Status. */
export function refuse(upgrade: ClientUpgrade, error: StatusError): void {
  const body = Buffer.from(`${JSON.stringify(error.body)}\n`)
  answer(upgrade, error.code, statusTexts[error.code] ?? 'Error', [['Content-Type', 'application/json']], body)
}

/** Status 403: none of the protocols the client offers is spoken here. */
export const noProtocolFits = (offered: readonly string[], supported: readonly string[]): StatusError =>
  new StatusError(
    403,
    'Forbidden',
    `unable to upgrade: requested protocol(s) are not supported: [${offered.join(' ')}]; supports [${supported.join(' ')}]`,
  )
