import { stringify } from 'yaml'
import type { Connection } from './connection.js'
import type { KubeconfigUser } from './kubeconfig.js'

/** Where a cluster is, and how it is known. */
export type ReachableCluster = Pick<Connection, 'server'> &
  Partial<Pick<Connection, 'ca' | 'insecureSkipTlsVerify' | 'tlsServerName'>>

/** A whole kubeconfig, as YAML: for the cluster of a connection, and one user of it. */
export function kubeconfigText(
  { server, ca, insecureSkipTlsVerify, tlsServerName }: ReachableCluster,
  user: string,
  credentials: KubeconfigUser,
): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'kubernetes',
        cluster: {
          server,
          ...(ca ? { 'certificate-authority-data': Buffer.from(ca).toString('base64') } : {}),
          ...(insecureSkipTlsVerify ? { 'insecure-skip-tls-verify': true } : {}),
          ...(tlsServerName ? { 'tls-server-name': tlsServerName } : {}),
        },
      },
    ],
    users: [{ name: user, user: credentials }],
    contexts: [{ name: `${user}@kubernetes`, context: { cluster: 'kubernetes', user } }],
    'current-context': `${user}@kubernetes`,
  })
}
