import type { Client } from '../client/client.js'
import type { Endpoint } from '../client/https-transport.js'
import type { ApiServer } from '../server/api-server.js'
import { Assembly, adminClient, clientOf, layGround, reachable } from './assembly.js'
import type { ControlPlaneOptions } from './control-plane-options.js'
import type { LiveCredentials } from './live-credentials.js'
import { type ClusterPki, identities, issueClientCertificate } from './pki.js'

export type { ControlPlaneOptions } from './control-plane-options.js'

/**
 * A whole control plane in this process: `await using cp = await ControlPlane.start()`. With no options it is in
 * memory, listens on a free port of the loopback, and needs no privileges.
 */
export class ControlPlane implements AsyncDisposable {
  private constructor(
    readonly server: ApiServer,
    readonly pki: ClusterPki,
    /** A client with all rights that talks to the server directly. */
    readonly client: Client,
    /** Where the server listens; undefined if it does not. */
    readonly endpoint: Endpoint | undefined,
    /** What the server serves with and believes in; changes count at once, and break no connection. */
    readonly credentials: LiveCredentials,
    private readonly parts: readonly AsyncDisposable[],
  ) {}

  static async start(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
    const ground = await layGround(options)
    const assembly = new Assembly(options, ground)
    try {
      const server = await assembly.startServer()
      await assembly.bootstrap(server)
      const listener = await assembly.listen(server)
      await assembly.startComponents(server)
      const { pki, clock, credentials } = ground
      const endpoint = listener && {
        server: `https://${reachable(options.bindAddress ?? '127.0.0.1')}:${listener.port}`,
        ca: pki.ca.certificate,
        ...clientOf(options.admin ?? (await issueClientCertificate(pki.ca, identities.admin, clock))),
      }
      return new ControlPlane(server, pki, adminClient(server), endpoint, credentials, assembly.parts)
    } catch (error) {
      await ground.extension?.[Symbol.asyncDispose]()
      await disposeAll(assembly.parts)
      throw error
    }
  }

  /** A kubeconfig for an administrator of this control plane, as YAML. Throws if the server does not listen. */
  get kubeconfig(): string {
    const { endpoint } = this
    if (!endpoint)
      throw new Error('the control plane was started with `port: false` and cannot be reached from outside')
    const base64 = (pem = '') => Buffer.from(pem).toString('base64')
    // No value needs quotes, and the library for YAML takes longer for its first text than the server to listen.
    return `apiVersion: v1
kind: Config
clusters:
  - name: typernetes
    cluster:
      server: ${endpoint.server}
      certificate-authority-data: ${base64(endpoint.ca)}
users:
  - name: admin
    user:
      client-certificate-data: ${base64(endpoint.clientCert)}
      client-key-data: ${base64(endpoint.clientKey)}
contexts:
  - name: typernetes
    context:
      cluster: typernetes
      user: admin
current-context: typernetes
`
  }

  /** Stops everything in the reverse order of its start. */
  async [Symbol.asyncDispose](): Promise<void> {
    await disposeAll(this.parts)
  }
}

async function disposeAll(parts: readonly AsyncDisposable[]): Promise<void> {
  for (const part of parts.toReversed()) await part[Symbol.asyncDispose]()
}
