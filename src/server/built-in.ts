import type { AdmissionPlugin } from './admission/admission.js'
import { builtInAdmission } from './admission/built-in-admission.js'
import { aggregationStage, type FrontProxyCredential, RemoteServers } from './aggregation/index.js'
import type { ServerParts, ServerPlugins } from './api-server.js'
import { type AuthenticationOptions, authenticationOf } from './authentication/authentication.js'
import type { Authenticator } from './authentication/authenticator.js'
import { openidStage } from './authentication/openid.js'
import { identityReviews } from './authentication/reviews.js'
import { accessReviews } from './authorization/access-review.js'
import type { Authorizer } from './authorization/authorizer.js'
import { type AuthorizationMode, authorizationOf } from './authorization/modes.js'
import { preventEscalation } from './authorization/rbac/escalation.js'
import { requireCreate, requireVerb } from './authorization/upgrade-permission.js'
import { componentStatuses } from './component-statuses.js'
import { conversionWebhook } from './custom-resources/conversion-webhook.js'
import { CustomResources } from './custom-resources/custom-resources.js'
import { discoveryStages } from './discovery/index.js'
import type { HealthCheck } from './health.js'
import { hostLogsStage } from './host-logs.js'
import { locateNode, locatePod, locateService, proxyTo } from './proxy/index.js'
import type { Registries } from './registry/registries.js'
import type { ComputedObjects } from './registry/resource-stage.js'
import type { RunningHook } from './request-hooks.js'
import { serviceAllocation } from './services/allocation.js'
import { serviceNetworks } from './services/service-networks.js'
import { bindPod } from './subresources/binding.js'
import { evictPod } from './subresources/eviction.js'
import type { KubeletConnection } from './subresources/kubelet-connection.js'
import { podCommand, podLog, podPortForward } from './subresources/pod-streams.js'
import { requestToken } from './subresources/token.js'
import { versionStage } from './version.js'
import { webhookClient } from './webhooks/webhook-client.js'

/** What a configuration adds to a server. */
export interface ServerExtension {
  readonly admission: (registries: Registries) => readonly AdmissionPlugin[]
  /** Asked about requests that no other authenticator knows. */
  readonly authenticators: readonly Authenticator[]
  /** Asked before roles are looked at. */
  readonly authorizers: readonly Authorizer[]
  readonly hooks: readonly RunningHook[]
}

export interface BuiltInOptions {
  /** Addresses of services, as in `10.96.0.0/16`, or of both families, as in `10.96.0.0/16,fd00:10:96::/112`. */
  readonly serviceCidr: string
  readonly nodePorts: { readonly first: number; readonly last: number }
  readonly authentication: AuthenticationOptions
  /** Who decides what a user may do, in this order; Node and RBAC by default. */
  readonly authorization?: readonly (AuthorizationMode | Authorizer)[]
  /** Under which URL others reach the server. */
  readonly serverUrl: () => string
  readonly healthChecks?: readonly HealthCheck[]
  /** Parts of the control plane, besides the store, whose health is to be known. */
  readonly components?: readonly HealthCheck[]
  /** Further kinds whose objects are worked out when asked for. */
  readonly computed?: ComputedObjects
  /** How to reach kubelets; without it, logs, exec and port-forward are refused. */
  readonly kubelets?: (registries: Registries) => KubeletConnection
  /** How this server proves to aggregated API servers who asks. */
  readonly frontProxy: () => FrontProxyCredential
  /** Seconds an event is kept. */
  readonly eventTtlSeconds: number
  readonly extension?: ServerExtension | undefined
}

/** What an API server comes with. */
export const builtIn =
  (options: BuiltInOptions) =>
  ({ registries, host, clock, metrics, onError }: ServerParts): ServerPlugins => {
    const cidr = serviceNetworks(options.serviceCidr)
    const kubelets = options.kubelets?.(registries)
    const { extension } = options
    const { authenticators: known, tokens } = authenticationOf(options.authentication, {
      registries,
      clock,
      metrics,
      onError,
    })
    const authenticators = [...known, ...(extension?.authenticators ?? [])]
    const modes = [...(extension?.authorizers ?? []), ...(options.authorization ?? (['Node', 'RBAC'] as const))]
    const authorization = authorizationOf(modes, registries)
    const { authorizer } = authorization
    const call = webhookClient(registries)
    const remotes = new RemoteServers({ registries, clock, metrics, credential: options.frontProxy, onError })
    const registrations = () => remotes.registrations()
    return {
      authenticators,
      authorizer,
      ...(extension ? { hooks: extension.hooks } : {}),
      admission: [
        ...builtInAdmission({ registries, authorizer, call }, extension?.admission(registries)),
        preventEscalation(authorization),
        serviceAllocation(registries, { cidr, nodePorts: options.nodePorts, metrics }),
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
            'pods/exec': requireCreate(authorizer, podCommand(kubelets, 'exec')),
            'pods/attach': requireCreate(authorizer, podCommand(kubelets, 'attach')),
            'pods/portforward': requireCreate(authorizer, podPortForward(kubelets)),
          }),
        },
        allowUnreadableDeletion: context => requireVerb(authorizer, context, 'unsafe-delete-ignore-read-errors'),
        computed: {
          ...options.computed,
          componentstatuses: () =>
            componentStatuses([
              { name: 'etcd-0', check: async () => void (await host.store.revision()) },
              ...(options.components ?? []),
            ]),
        },
      },
      startHooks: {
        'crd-informer-synced': signal =>
          new CustomResources({
            registries,
            host,
            clock,
            askWebhook: conversionWebhook(call),
            onError,
          }).start(signal),
        'apiservice-status-remote-available-controller': signal => remotes.start(signal),
      },
      delegate: aggregationStage(remotes),
      registrations,
      endpoints: [
        versionStage,
        openidStage(tokens, options.serverUrl, options.authentication.serviceAccounts.jwksUri),
        hostLogsStage(),
        ...discoveryStages(registries, registrations, remotes.documents),
      ],
      ...(options.healthChecks ? { healthChecks: options.healthChecks } : {}),
      timeToLive: { events: () => options.eventTtlSeconds, 'events.events.k8s.io': () => options.eventTtlSeconds },
    }
  }
