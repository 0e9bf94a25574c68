import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TlsOptions } from 'node:tls'
import type { ClientUpgrade } from './client-upgrade.js'

export interface UpgradeServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`, or https. */
  readonly url: string
  /** Upgrades whose handlers have not resolved yet. */
  openSessions(): number
}

/** For tests: an HTTP server on a free port that hands upgrades to `onUpgrade`. Disposing of it cuts all connections. */
export async function startUpgradeServer(
  onUpgrade: (upgrade: ClientUpgrade) => Promise<void> | void,
  { tls, onRequest }: { readonly tls?: TlsOptions; readonly onRequest?: RequestListener } = {},
): Promise<UpgradeServer> {
  const server = tls ? createSecureServer(tls, onRequest) : createServer(onRequest)
  const sockets = new Set<Duplex>()
  const sessions = new Set<Promise<void>>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (request, socket, head) => {
    const session = Promise.resolve(onUpgrade({ request, socket, head }))
    sessions.add(session)
    void session.finally(() => sessions.delete(session))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    openSessions: () => sessions.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
