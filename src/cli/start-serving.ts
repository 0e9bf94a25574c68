import type { Client } from '../client/index.js'
import { type ComponentServing, serveComponent } from '../cluster/component-serving.js'
import type { HealthCheck } from '../server/health.js'
import { connect } from './connect.js'
import { certificatesText, keyPairOf, portNumber, shownFlags } from './flag-values.js'
import { logFault } from './log.js'

/** Flags of what a component serves beside its work. */
export interface ServingFlags {
  readonly bindAddress: string
  readonly securePort: string
  readonly tlsCertFile?: string
  readonly tlsPrivateKeyFile?: string
  readonly clientCaFile?: string
  readonly authenticationKubeconfig?: string
  readonly authorizationKubeconfig?: string
  readonly authorizationAlwaysAllowPaths: string
}

export interface ServedComponent {
  readonly client: Client
  readonly userAgent: string
  readonly component: string
  readonly checks: () => readonly HealthCheck[]
  readonly metrics: () => string
  readonly moreMetrics?: { readonly [path: string]: () => string }
  readonly configz: { readonly [name: string]: unknown }
}

/** Serves as the flags want it; undefined if they want nothing served. Throws an `OperatorError` if it cannot be done. */
export async function startServing(
  flags: ServingFlags,
  { client, userAgent, ...component }: ServedComponent,
): Promise<ComponentServing | undefined> {
  const port = portNumber('--secure-port', flags.securePort)
  if (port === 0) return undefined
  const serving = await keyPairOf(
    'the certificate to serve with',
    ['--tls-cert-file', flags.tlsCertFile],
    ['--tls-private-key-file', flags.tlsPrivateKeyFile],
  )
  const clientCa = flags.clientCaFile && (await certificatesText(flags.clientCaFile))
  const transports: AsyncDisposable[] = []
  const reviewer = async (kubeconfig: string | undefined): Promise<Client> => {
    if (!kubeconfig) return client
    const connected = await connect({ kubeconfig }, userAgent)
    transports.push(connected.transport)
    return connected.client
  }
  const served = await serveComponent({
    ...component,
    ...{ host: flags.bindAddress, port, flags: shownFlags(flags), onError: logFault },
    ...(serving ? { serving } : {}),
    ...(clientCa ? { clientCa } : {}),
    authentication: await reviewer(flags.authenticationKubeconfig),
    authorization: await reviewer(flags.authorizationKubeconfig),
    openPaths: flags.authorizationAlwaysAllowPaths.split(',').filter(Boolean),
  })
  return {
    port: served.port,
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]()
      for (const transport of transports) await transport[Symbol.asyncDispose]()
    },
  }
}
