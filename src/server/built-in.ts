import { Node, Pod, Secret, ServiceAccount } from '../api/core/v1/index.js'
import { parseCidr } from '../machinery/ip-address.js'
import { builtInAdmission } from './admission/built-in-admission.js'
import type { ServerParts, ServerPlugins } from './api-server.js'
import type { Authenticator } from './authentication/authenticator.js'
import { clientCertificates } from './authentication/client-certificates.js'
import { identityReviews } from './authentication/reviews.js'
import { ServiceAccountTokens, type TokenSubjects } from './authentication/service-account-tokens.js'
import { accessReviews } from './authorization/access-review.js'
import { type AuthorizationMode, authorizationOf } from './authorization/modes.js'
import { preventEscalation } from './authorization/rbac/escalation.js'
import { discoveryStages } from './discovery/index.js'
import type { HealthCheck } from './health.js'
import { locateNode, locatePod, locateService, proxyTo } from './proxy/index.js'
import type { Registries } from './registry/registries.js'
import { serviceAllocation } from './services/allocation.js'
import { bindPod } from './subresources/binding.js'
import { evictPod } from './subresources/eviction.js'
import type { KubeletConnection } from './subresources/kubelet-connection.js'
import { podCommand, podLog, podPortForward } from './subresources/pod-streams.js'
import { requestToken } from './subresources/token.js'
import { versionStage } from './version.js'

export interface BuiltInOptions {
  /** Addresses of services, e.g. `10.96.0.0/16`. */
  readonly serviceCidr: string
  readonly nodePorts: { readonly first: number; readonly last: number }
  readonly issuer: string
  /** PEM of the key that signs service account tokens. */
  readonly serviceAccountKey: string
  readonly authenticators?: readonly Authenticator[]
  /** Who decides what a user may do, in this order; Node and RBAC by default. */
  readonly authorizationModes?: readonly AuthorizationMode[]
  readonly healthChecks?: readonly HealthCheck[]
  /** How to reach kubelets; without it, logs, exec and port-forward are refused. */
  readonly kubelets?: (registries: Registries) => KubeletConnection
  /** Seconds an event is kept. */
  readonly eventTtlSeconds: number
}

/** What an API server comes with. */
export const builtIn =
  (options: BuiltInOptions) =>
  ({ registries, clock }: ServerParts): ServerPlugins => {
    const cidr = parseCidr(options.serviceCidr)
    if (!cidr) throw new Error(`${options.serviceCidr} is no network in CIDR notation, such as 10.96.0.0/16`)
    const tokens = new ServiceAccountTokens({
      issuer: options.issuer,
      audiences: [options.issuer],
      signingKey: options.serviceAccountKey,
      clock,
      subjects: tokenSubjects(registries),
    })
    const kubelets = options.kubelets?.(registries)
    const authenticators = [clientCertificates(clock), ...(options.authenticators ?? []), tokens]
    const authorization = authorizationOf(options.authorizationModes ?? ['Node', 'RBAC'], registries)
    const { authorizer } = authorization
    return {
      authenticators,
      authorizer,
      admission: [
        ...builtInAdmission(registries, authorizer),
        preventEscalation(authorization),
        serviceAllocation(registries, { cidr, nodePorts: options.nodePorts }),
      ],
      subresources: {
        actions: {
          bindings: bindPod,
          'pods/binding': bindPod,
          'pods/eviction': evictPod,
          'serviceaccounts/token': requestToken(tokens),
          ...accessReviews(authorizer),
          ...identityReviews(authenticators, tokens.defaultAudiences),
        },
        connects: {
          'pods/proxy': proxyTo(locatePod),
          'services/proxy': proxyTo(locateService()),
          ...(kubelets && {
            'nodes/proxy': proxyTo(locateNode(kubelets)),
            'pods/log': podLog(kubelets),
            'pods/exec': podCommand(kubelets, 'exec'),
            'pods/attach': podCommand(kubelets, 'attach'),
            'pods/portforward': podPortForward(kubelets),
          }),
        },
      },
      endpoints: [versionStage, ...discoveryStages(registries)],
      ...(options.healthChecks ? { healthChecks: options.healthChecks } : {}),
      timeToLive: { events: () => options.eventTtlSeconds, 'events.events.k8s.io': () => options.eventTtlSeconds },
    }
  }

/** Looks a token's subjects up in the caches: whether they still are who they were when it was issued. */
function tokenSubjects(registries: Registries): TokenSubjects {
  const bindable = { Pod, Secret, Node } as const
  return {
    serviceAccountUid: (namespace, name) =>
      registries.of(ServiceAccount).cache.get(`${namespace}/${name}`)?.object.metadata.uid,
    boundUid: (namespace, { kind, name }) =>
      kind === 'Node'
        ? registries.of(Node).cache.get(name)?.object.metadata.uid
        : registries.of<Pod, unknown>(bindable[kind] as typeof Pod).cache.get(`${namespace}/${name}`)?.object.metadata
            .uid,
  }
}
