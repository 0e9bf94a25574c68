import { join } from 'node:path'
import { type Clock, systemClock } from '../machinery/clock.js'
import type { ClusterConfig } from './cluster-config.js'
import { type ClusterCredentials, ensureClusterCredentials } from './cluster-credentials.js'
import type { ControlPlane } from './control-plane.js'
import { followFiles } from './file-changes.js'
import type { ClusterPaths } from './paths.js'
import { FILES } from './pki-files.js'

export interface UpkeepOptions {
  readonly paths: ClusterPaths
  readonly config: ClusterConfig
  /** What is used now. */
  readonly credentials: ClusterCredentials
  readonly controlPlane: ControlPlane
  /** Ends the process, to be started again: an authority or the key of service accounts is another one. */
  readonly restart: () => void
  readonly onError: (error: unknown) => void
  readonly clock?: Clock
}

/** How often it is looked whether a certificate ends soon, in ms. */
const halfDay = 12 * 3_600_000

/**
 * Has a control plane use the certificates of its cluster as they are on disk, at once when they change there, and renews
 * those that end within 30 days, until disposed of.
 */
export function keepClusterCredentials(options: UpkeepOptions): Promise<AsyncDisposable> {
  const { paths, config, credentials, controlPlane, restart, onError, clock = systemClock } = options
  const files = Object.values(FILES).flatMap(name => [
    `${name}.key`,
    name === FILES.serviceAccount ? 'sa.pub' : `${name}.crt`,
  ])
  return followFiles(
    files.map(file => join(paths.pki, file)),
    {
      clock,
      onError,
      atLeastEvery: halfDay,
      async changed() {
        const { pki } = await ensureClusterCredentials(paths, config, clock)
        const before = credentials.pki
        const lasting = ({ ca, frontProxyCa, serviceAccount }: typeof pki) =>
          [ca.certificate, frontProxyCa.certificate, serviceAccount.privateKey].join()
        if (lasting(pki) !== lasting(before)) return restart()
        await controlPlane.credentials.change({
          serving: pki.apiserver,
          kubeletClient: pki.apiserverKubeletClient,
          frontProxy: pki.frontProxyClient,
        })
      },
    },
  )
}
