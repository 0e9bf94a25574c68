import { measuredTransport } from '../client/client-metrics.js'
import { apiClient, type Client, httpsTransport, type RenewableTransport } from '../client/index.js'
import { type Connection, loadKubeconfig } from '../cluster/connection.js'
import { followFiles } from '../cluster/file-changes.js'
import type { MetricsRegistry } from '../machinery/metrics/index.js'
import { logFault } from './log.js'

export interface KubeconfigFlags {
  readonly kubeconfig?: string
  readonly master?: string
}

/**
 * A client for the cluster that the flags, or kubectl's own settings, name; it follows the files that say how. What it asks
 * is counted in `metrics`.
 */
export async function connect(
  { kubeconfig, master }: KubeconfigFlags,
  userAgent: string,
  metrics?: MetricsRegistry,
): Promise<{ readonly client: Client; readonly connection: Connection; readonly transport: RenewableTransport }> {
  const loaded = await loadKubeconfig(kubeconfig)
  const connection = master ? { ...loaded, server: master } : loaded
  const { server } = connection
  const transport = httpsTransport(connection)
  const changed = async () => {
    const { ca, clientCert, clientKey, token } = await loadKubeconfig(kubeconfig)
    transport.renew({ ca, clientCert, clientKey, token })
  }
  const following = await followFiles(connection.files ?? [], { changed, onError: logFault })
  return {
    connection,
    client: apiClient(metrics ? measuredTransport(metrics)(transport.handle, new URL(server).host) : transport.handle, {
      headers: { 'user-agent': userAgent },
    }),
    transport: {
      ...transport,
      async [Symbol.asyncDispose]() {
        await following[Symbol.asyncDispose]()
        await transport[Symbol.asyncDispose]()
      },
    },
  }
}
