import type { EventEmitter } from 'node:events'
import { StatusError } from '../status-error.js'
import { type ClientUpgrade, headerList, refuse, upgradeKind } from './client-upgrade.js'
import { SpdyConnection, type SpdyConnectionOptions } from './spdy-connection.js'
import { SpdyError } from './spdy-error.js'
import { responseHeader, type UpgradedConnection } from './upgrade-dial.js'
import { dialBackend, type SessionOptions, type UpgradeBackend } from './upgrade-proxy.js'

/** The protocols of exec and attach, and of port-forward, that are spoken over SPDY. */
export const remoteCommandProtocol = 'v4.channel.k8s.io'
export const portForwardProtocol = 'portforward.k8s.io'

// As often as Kubernetes' own clients do, which is what keeps a quiet session from being taken for a forgotten one.
const pingInterval = 5_000

type Dial = SessionOptions & { readonly client: EventEmitter }

/**
 * A socket on which a backend has agreed to speak SPDY and `protocol`. Throws UpgradeRefusedError, SpdyError or the
 * connection's own error. Gives up when `client` emits 'close'.
 */
export async function dialSpdySocket(
  backend: UpgradeBackend,
  protocol: string,
  dial: Dial,
): Promise<UpgradedConnection> {
  const headers = { Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': protocol }
  const upgraded = await dialBackend(backend, { method: 'POST', headers, ...dial })
  const { socket, response } = upgraded
  const spoken = responseHeader(response, 'x-stream-protocol-version')
  if (responseHeader(response, 'upgrade')?.toLowerCase() !== 'spdy/3.1' || spoken !== protocol) {
    socket.destroy()
    throw new SpdyError(`unable to upgrade connection: the backend does not speak ${protocol} over SPDY/3.1`)
  }
  return upgraded
}

/** A SPDY connection to a backend that speaks `protocol`. Fails as {@link dialSpdySocket} does. */
export async function dialSpdy(backend: UpgradeBackend, protocol: string, dial: Dial): Promise<SpdyConnection> {
  const { socket, head } = await dialSpdySocket(backend, protocol, dial)
  return new SpdyConnection(socket, {
    role: 'client',
    head,
    pingInterval,
    ...(dial.clock ? { clock: dial.clock } : {}),
  })
}

/**
 * Answers a SPDY upgrade with 101 and the first protocol of the client's that is among `protocols`; the streams it opens
 * go to `accept` and `onStream`. Answers with a Status and returns undefined if that cannot be.
 */
export function acceptSpdy(
  upgrade: ClientUpgrade,
  protocols: readonly string[],
  options: Omit<SpdyConnectionOptions, 'role' | 'head'>,
): { readonly connection: SpdyConnection; readonly protocol: string } | undefined {
  const { socket, head, request } = upgrade
  if (upgradeKind(request.headers) !== 'spdy') {
    refuse(upgrade, new StatusError(400, 'BadRequest', 'unable to upgrade: missing upgrade headers in request'))
    return undefined
  }
  const offered = headerList(request.headers, 'x-stream-protocol-version')
  const protocol = offered.find(candidate => protocols.includes(candidate))
  if (!protocol) {
    const message = `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${protocols.join(' ')}]`
    refuse(upgrade, new StatusError(403, 'Forbidden', message))
    return undefined
  }
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n' +
      `X-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
    'latin1',
  )
  return { connection: new SpdyConnection(socket, { ...options, role: 'server', head }), protocol }
}
