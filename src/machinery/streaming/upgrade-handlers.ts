import { badRequest } from '../status-error.js'
import { type ClientUpgrade, noProtocolFits, offeredProtocols, refuse, upgradeKind } from './client-upgrade.js'
import {
  type PortForwardChannelProtocol,
  portForwardChannelProtocols,
  servePortForward,
  tunnelPortForward,
  tunnelProtocol,
} from './port-forward.js'
import { type RemoteCommand, remoteCommandProtocols, serveRemoteCommand } from './remote-command.js'
import type { SpdyConnection } from './spdy-connection.js'
import { dialSpdy, dialSpdySocket, portForwardProtocol, remoteCommandProtocol } from './spdy-upgrade.js'
import { UpgradeRefusedError } from './upgrade-dial.js'
import {
  dialFailure,
  handleProxyUpgrade,
  passOnFailure,
  type SessionOptions,
  type UpgradeBackend,
} from './upgrade-proxy.js'
import { acceptWebSocket, webSocketFault } from './websocket-accept.js'

/** Exec or attach, as the request's query describes it. */
export interface ExecUpgrade extends SessionOptions {
  /** The kubelet's endpoint, with the query it expects. */
  readonly backend: UpgradeBackend
  readonly command: RemoteCommand
}

/** Port-forward to a pod. */
export interface PortForwardUpgrade extends SessionOptions {
  /** The kubelet's endpoint. */
  readonly backend: UpgradeBackend
  /** The ports the query names; only the older channels over WebSocket need any. */
  readonly ports: readonly number[]
}

/**
 * Exec and attach at the API server: a SPDY client is passed through to the backend, a WebSocket client is translated to
 * SPDY. Resolves when both sides are closed; what goes wrong is told to the client.
 */
export async function handleExecUpgrade(upgrade: ClientUpgrade, exec: ExecUpgrade): Promise<void> {
  const { backend, command, ...session } = exec
  const kind = upgradeKind(upgrade.request.headers)
  if (kind === 'spdy') return handleProxyUpgrade(upgrade, backend, session)
  const protocol = negotiateWebSocket(upgrade, remoteCommandProtocols)
  if (protocol === undefined) return
  const connect = async (): Promise<SpdyConnection> => {
    try {
      return await dialSpdy(backend, remoteCommandProtocol, { ...session, client: upgrade.socket })
    } catch (error) {
      throw error instanceof UpgradeRefusedError ? error : dialFailure(error)
    }
  }
  // A client of these protocols learns of a backend's refusal on the error channel, so it is let in first.
  const webSocket = await acceptWebSocket(upgrade, protocol)
  if (webSocket) await serveRemoteCommand(webSocket, connect, { ...command, protocol }, session)
}

/**
 * Port-forward at the API server: SPDY is passed through, also where it comes inside a WebSocket; the older channels over
 * WebSocket are translated. Resolves when both sides are closed; what goes wrong is told to the client.
 */
export async function handlePortForwardUpgrade(upgrade: ClientUpgrade, forward: PortForwardUpgrade): Promise<void> {
  const { backend, ports, ...session } = forward
  const kind = upgradeKind(upgrade.request.headers)
  if (kind === 'spdy') return handleProxyUpgrade(upgrade, backend, session)
  const protocol = negotiateWebSocket(upgrade, portForwardProtocols)
  if (protocol === undefined) return
  if (protocol !== tunnelProtocol && ports.length === 0) {
    return refuse(upgrade, badRequest('query parameter "ports" is required'))
  }
  // The backend comes first here: its refusal can still be the answer to the client's request.
  const dial = { ...session, client: upgrade.socket }
  upgrade.socket.on('error', () => {})
  try {
    if (protocol === tunnelProtocol) {
      const tunnel = await dialSpdySocket(backend, portForwardProtocol, dial)
      const webSocket = await acceptWebSocket(upgrade, protocol)
      if (webSocket) await tunnelPortForward(webSocket, tunnel, session)
      else tunnel.socket.destroy()
    } else {
      const upstream = await dialSpdy(backend, portForwardProtocol, dial)
      const webSocket = await acceptWebSocket(upgrade, protocol)
      if (webSocket) await servePortForward(webSocket, upstream, { ports, protocol }, session)
      else upstream.destroy()
    }
  } catch (error) {
    if (!upgrade.socket.destroyed) passOnFailure(upgrade, error)
  }
}

const portForwardProtocols: readonly (typeof tunnelProtocol | PortForwardChannelProtocol)[] = [
  tunnelProtocol,
  ...portForwardChannelProtocols,
]

/**
 * Chooses the client's WebSocket subprotocol: the first of `supported` if it is offered at all, otherwise the client's
 * first choice among them. Answers with a Status and returns undefined if there is no WebSocket to be had.
 */
export function negotiateWebSocket<P extends string>(upgrade: ClientUpgrade, supported: readonly P[]): P | undefined {
  const { headers } = upgrade.request
  if (upgradeKind(headers) !== 'websocket') {
    refuse(upgrade, badRequest('Upgrade request required'))
    return undefined
  }
  const offered = offeredProtocols(headers)
  const named = offered.length > 0 ? offered : ['']
  const preferred = [...supported.slice(0, 1).filter(protocol => named.includes(protocol)), ...named]
  const protocol = preferred.find((candidate): candidate is P => (supported as readonly string[]).includes(candidate))
  const fault = protocol === undefined ? noProtocolFits(offered, supported.filter(Boolean)) : webSocketFault(upgrade)
  if (fault) refuse(upgrade, fault)
  return fault ? undefined : protocol
}

/** The ports in the query of a port-forward request. Throws a 400 StatusError on anything but port numbers. */
export function portForwardPorts(query: URLSearchParams): readonly number[] {
  const values = query.getAll('ports').flatMap(value => value.split(','))
  return values.map(value => {
    const port = Number(value)
    if (!/^\d+$/.test(value) || port < 1 || port > 65535) throw badRequest(`invalid port ${JSON.stringify(value)}`)
    return port
  })
}
