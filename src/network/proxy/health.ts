import { createServer, type Server } from 'node:http'

/** One service's answer to load balancers that ask whether this node has endpoints of its own. */
export interface HealthCheck {
  readonly namespace: string
  readonly name: string
  readonly localEndpoints: number
}

/**
 * Tells load balancers which nodes have endpoints of a service whose external traffic policy is `Local`, on the port
 * that the service reserves for it
 * (https://kubernetes.io/docs/tasks/access-application-cluster/create-external-load-balancer/#preserving-the-client-source-ip).
 */
export class ServiceHealth implements AsyncDisposable {
  readonly #servers = new Map<number, Server>()
  #checks: ReadonlyMap<number, HealthCheck> = new Map()

  constructor(
    private readonly healthy: () => boolean,
    private readonly onError: (error: unknown) => void,
    private readonly address?: string,
  ) {}

  /** Serves these checks, by port, and no others. */
  serve(checks: ReadonlyMap<number, HealthCheck>): void {
    this.#checks = checks
    for (const [port, server] of this.#servers) {
      if (checks.has(port)) continue
      this.#servers.delete(port)
      close(server)
    }
    for (const port of checks.keys()) if (!this.#servers.has(port)) this.#listen(port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.serve(new Map())
  }

  #listen(port: number): void {
    const server = createServer((_request, response) => {
      const check = this.#checks.get(port)
      if (!check) return void response.writeHead(404).end()
      const { namespace, name, localEndpoints } = check
      const serviceProxyHealthy = this.healthy()
      response.writeHead(serviceProxyHealthy && localEndpoints ? 200 : 503, {
        'content-type': 'application/json',
        'x-content-type-options': 'nosniff',
        'x-load-balancing-endpoint-weight': String(localEndpoints),
      })
      response.end(JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy }))
    })
    server.on('error', error => {
      // Tried again with the next change of the services.
      if (this.#servers.get(port) === server) this.#servers.delete(port)
      this.onError(new Error(`port ${port} for health checks of a service cannot be served: ${error.message}`))
    })
    server.listen(port, this.address)
    this.#servers.set(port, server)
  }
}

/** Serves `/healthz` and `/livez` of the proxy itself. Rejects if the port cannot be listened on. */
export async function serveHealth(
  { port, address }: { readonly port: number; readonly address?: string },
  healthy: () => boolean,
): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer(({ url = '' }, response) => {
    const path = url.split('?', 1)[0]
    if (path !== '/healthz' && path !== '/livez') return void response.writeHead(404).end()
    const well = healthy()
    response.writeHead(well ? 200 : 503, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ healthy: well }))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, resolve)
  })
  server.on('error', () => {})
  const bound = server.address()
  return {
    port: bound && typeof bound === 'object' ? bound.port : port,
    [Symbol.asyncDispose]: async () => close(server),
  }
}

function close(server: Server): void {
  server.close()
  server.closeAllConnections()
}
