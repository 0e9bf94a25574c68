import type { WebSocket } from 'ws'
import { messageOf } from '../message-of.js'
import { ChannelSocket } from './channel-socket.js'
import type { SpdyConnection } from './spdy-connection.js'
import type { SpdyStream } from './spdy-stream.js'
import { portForwardProtocol } from './spdy-upgrade.js'
import type { UpgradedConnection } from './upgrade-dial.js'
import { pipeSockets, type SessionOptions } from './upgrade-proxy.js'
import { webSocketBytes } from './websocket-bytes.js'
import { superviseWebSocket } from './websocket-session.js'

const tunnelPrefix = 'SPDY/3.1+'

/** The WebSocket subprotocol that carries a SPDY connection for port-forward. */
export const tunnelProtocol = `${tunnelPrefix}${portForwardProtocol}`

/** The older WebSocket subprotocols of port-forward, with two channels a port; the empty one for a client that names none. */
export const portForwardChannelProtocols = [
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  portForwardProtocol,
  '',
] as const

export type PortForwardChannelProtocol = (typeof portForwardChannelProtocols)[number]

/** Carries the bytes of an upgraded backend connection in binary messages. Resolves when both sides are closed. */
export function tunnelPortForward(
  webSocket: WebSocket,
  backend: Pick<UpgradedConnection, 'socket' | 'head'>,
  options: SessionOptions = {},
): Promise<void> {
  // Idleness and the end of the session are pipeSockets' business.
  superviseWebSocket(webSocket, { idleTimeout: 0, clock: options.clock })
  if (backend.head.length > 0) backend.socket.unshift(backend.head)
  return pipeSockets(webSocketBytes(webSocket), backend.socket, options)
}

/**
 * Serves port-forward in its older form: for the n-th port channel 2n carries the data of one connection and channel 2n+1
 * an error message; the first message on each is the port as 16 bits, little end first. Closes both sides when all
 * connections have ended, and resolves then.
 */
export async function servePortForward(
  webSocket: WebSocket,
  upstream: SpdyConnection,
  { ports, protocol }: { readonly ports: readonly number[]; readonly protocol: PortForwardChannelProtocol },
  options: SessionOptions = {},
): Promise<void> {
  const client = new ChannelSocket(webSocket, protocol.includes('base64'), options)
  void client.closed.then(() => upstream.destroy())
  const forward = async (port: number, index: number): Promise<ForwardedPort> => {
    const [dataChannel, errorChannel] = [index * 2, index * 2 + 1]
    const portBytes = Buffer.alloc(2)
    portBytes.writeUInt16LE(port)
    await client.send(dataChannel, portBytes)
    await client.send(errorChannel, portBytes)
    const common = { port: String(port), requestid: String(index) }
    // The other side waits for both, the error stream being the first.
    const errors = await upstream.createStream({ streamtype: 'error', ...common })
    errors.end()
    const data = await upstream.createStream({ streamtype: 'data', ...common })
    return { dataChannel, errorChannel, data, errors }
  }
  try {
    const forwarded = await Promise.all(ports.map(forward))
    const feeds = new Map(forwarded.map(({ dataChannel, data }) => [dataChannel, client.feed(data)]))
    client.start({ onData: (channel, data) => feeds.get(channel)?.(data) })
    await Promise.all(forwarded.map(port => relay(port, client)))
  } catch (error) {
    const message = `error forwarding ports: ${messageOf(error)}`
    await client.send(1, Buffer.from(message))
  } finally {
    upstream.destroy()
  }
  await Promise.all([client.finish(), upstream.closed])
}

interface ForwardedPort {
  readonly dataChannel: number
  readonly errorChannel: number
  readonly data: SpdyStream
  readonly errors: SpdyStream
}

async function relay({ dataChannel, errorChannel, data, errors }: ForwardedPort, client: ChannelSocket): Promise<void> {
  const pump = async (stream: SpdyStream, channel: number): Promise<void> => {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) await client.send(channel, chunk)
  }
  await Promise.all([pump(data, dataChannel), pump(errors, errorChannel)])
  data.end()
}
