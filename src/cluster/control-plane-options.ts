import type { ConfigDeclaration } from '../config/config.js'
import type { Clock } from '../machinery/clock.js'
import type { ResourceMetrics } from '../metrics/index.js'
import type { ServerOperation } from '../server/api-server.js'
import type { AuthenticationOptions, ServiceAccountOptions } from '../server/authentication/authentication.js'
import type { AnonymousAccess, Authenticator } from '../server/authentication/authenticator.js'
import type { Authorizer } from '../server/authorization/authorizer.js'
import type { AuthorizationMode } from '../server/authorization/modes.js'
import type { ClusterPki, Credential } from './pki.js'
import type { RuntimeConfig } from './runtime-config.js'

export interface ControlPlaneOptions {
  /** Where objects are kept; in memory, and gone with the process, when absent. */
  readonly dataDir?: string
  /** Address to listen on; 127.0.0.1 by default. */
  readonly bindAddress?: string
  /** 0, the default, picks a free port; `false` serves this process alone. */
  readonly port?: number | false
  /** Address under which pods reach the server; the bind address by default. */
  readonly advertiseAddress?: string
  /** Network of services, or one of each family with a comma between; 10.96.0.0/16 by default. */
  readonly serviceCidr?: string
  readonly nodePorts?: { readonly first: number; readonly last: number }
  readonly pki?: ClusterPki
  /** What `endpoint` and `kubeconfig` show to the server; by default one is issued. */
  readonly admin?: Credential
  /** PEM to serve with, instead of the PKI's own. */
  readonly serving?: { readonly certificate: string; readonly key: string }
  /** PEM of authorities whose client certificates are believed, instead of the PKI's own. */
  readonly clientCa?: string
  /** PEM of authorities of kubelets' serving certificates, instead of the PKI's own; `false`: no certificate is checked. */
  readonly kubeletCa?: string | false
  /** How service accounts and others are known, beyond certificates of the PKI. Its front proxy is believed by default. */
  readonly authentication?: Partial<Omit<AuthenticationOptions, 'serviceAccounts' | 'clientCa'>> & {
    readonly serviceAccounts?: Partial<ServiceAccountOptions>
  }
  readonly allowAnonymous?: AnonymousAccess
  readonly eventTtlSeconds?: number
  /**
   * Which versions of the API are served, and which of their resources: `{ 'storagemigration.k8s.io/v1beta1': true }`.
   * Stable versions are, and others are not, unless they are named here.
   */
  readonly runtimeConfig?: RuntimeConfig
  /** Features to be switched, by upstream's names: `{ StorageVersionMigrator: true }`. */
  readonly featureGates?: { readonly [name: string]: boolean }
  /** Limits, timeouts, audit: how the API server works, rather than what it serves. */
  readonly operation?: ServerOperation
  readonly authenticators?: readonly Authenticator[]
  /** Who decides what a user may do, in this order; Node and RBAC by default. */
  readonly authorization?: readonly (AuthorizationMode | Authorizer)[]
  /** Run the controllers; they do by default. */
  readonly controllers?: boolean
  /**
   * What `metrics.k8s.io` shows: by default what the nodes' kubelets tell, where controllers run. `false` serves no such
   * group.
   */
  readonly resourceMetrics?: ResourceMetrics | false
  /** Run the scheduler; it does by default. */
  readonly scheduler?: boolean
  /**
   * Nodes of this machine. With it, even if it is empty, what kubelets ask for to serve with is approved where that is safe.
   */
  readonly apiServerNodes?: readonly string[]
  /**
   * What the cluster has beyond what every cluster has: a declaration, whose functions run in this thread, or the path
   * of a file that exports one, whose functions run in threads of their own. See docs/extending.md.
   */
  readonly config?: string | ConfigDeclaration
  /** Nodes that only pretend to run their pods; none by default. */
  readonly simulatedNodes?: number
  /** Addresses of pods, of which each node is given a part; 10.244.0.0/16 by default. */
  readonly podCidr?: string
  readonly clock?: Clock
  /** Faults, for the log; by default they are printed to standard error. */
  readonly onError?: (error: unknown) => void
}
