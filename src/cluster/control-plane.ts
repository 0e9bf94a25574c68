import { stringify } from 'yaml'
import { metricsResources } from '../api/metrics/v1beta1/resources.js'
import { resources as builtInResources } from '../api/resources.js'
import { apiClient } from '../client/api-client.js'
import type { Client } from '../client/client.js'
import { measuredTransport } from '../client/client-metrics.js'
import { runControllers } from '../client/controller-runtime.js'
import type { Endpoint } from '../client/https-transport.js'
import { Informers } from '../client/index.js'
import type { ConfigDeclaration } from '../config/config.js'
import type { Extension } from '../config/extension.js'
import { revokeRights } from '../config/install.js'
import { ipAddressRepair } from '../controllers/ip-address-repair/ip-address-repair.js'
import { type Clock, systemClock } from '../machinery/clock.js'
import type { UserInfo } from '../machinery/http.js'
import { formatCidr, formatIp } from '../machinery/ip-address.js'
import { type ResourceMetrics, startResourceMetrics } from '../metrics/index.js'
import { type ApiServer, type ServerOperation, startApiServer } from '../server/api-server.js'
import type { AuthenticationOptions, ServiceAccountOptions } from '../server/authentication/authentication.js'
import type { AnonymousAccess, Authenticator } from '../server/authentication/authenticator.js'
import { frontProxyHeaders } from '../server/authentication/request-headers.js'
import { secretTokenSigner } from '../server/authentication/service-account-tokens.js'
import { accountGroups, accountUser, authenticatedGroup } from '../server/authentication/user-names.js'
import type { Authorizer } from '../server/authorization/authorizer.js'
import type { AuthorizationMode } from '../server/authorization/modes.js'
import { builtIn } from '../server/built-in.js'
import { type Listener, listenTls } from '../server/http/tls-listener.js'
import { serviceNetworks } from '../server/services/service-networks.js'
import { KubeletConnection } from '../server/subresources/kubelet-connection.js'
import { lmdbStore, memoryStore, type Store } from '../storage/index.js'
import {
  type AdvertisedAddress,
  createBootstrapObjects,
  publishApiServer,
  publishClientAuthorities,
} from './bootstrap-objects.js'
import { reconcileBootstrapPolicy } from './bootstrap-policy.js'
import { accountOfController } from './controller-accounts.js'
import { LiveCredentials, type ServerCredentials } from './live-credentials.js'
import { registerLocalApiServices } from './local-api-services.js'
import { computedMetrics, createMetricsReaderRole } from './metrics-api.js'
import { type ClusterPki, type Credential, createClusterPki, identities, issueClientCertificate } from './pki.js'

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
  /** PEM of authorities of kubelets' serving certificates, instead of the PKI's own. */
  readonly kubeletCa?: string
  /** How service accounts and others are known, beyond certificates of the PKI. Its front proxy is believed by default. */
  readonly authentication?: Partial<Omit<AuthenticationOptions, 'serviceAccounts' | 'clientCa'>> & {
    readonly serviceAccounts?: Partial<ServiceAccountOptions>
  }
  readonly allowAnonymous?: AnonymousAccess
  readonly eventTtlSeconds?: number
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

const defaultServiceCidr = '10.96.0.0/16'
const defaultPodCidr = '10.244.0.0/16'
const defaultNodePorts = { first: 30_000, last: 32_767 }
const defaultIssuer = 'https://kubernetes.default.svc'
const defaultEventTtl = 3600
/** A component of the control plane, as upstream names it. */
const system = (component: string): UserInfo => ({
  name: `system:${component}`,
  groups: [authenticatedGroup],
})
const controllerManager = system('kube-controller-manager')
const scheduler = system('kube-scheduler')
/** What a controller is allowed is up to its service account. */
function controllerUser(controller: string): UserInfo {
  const name = accountOfController(controller)
  return name === undefined
    ? controllerManager
    : {
        name: accountUser({ namespace: 'kube-system', name }),
        groups: [...accountGroups('kube-system'), authenticatedGroup],
      }
}
const apiServer: UserInfo = { name: 'system:apiserver', groups: ['system:masters', authenticatedGroup] }
const admin: UserInfo = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }

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
    const {
      clock = systemClock,
      serviceCidr = defaultServiceCidr,
      onError = error => console.error(error),
      bindAddress = '127.0.0.1',
    } = options
    const serviceCidrs = serviceNetworks(serviceCidr).map(formatCidr)
    const parts: AsyncDisposable[] = []
    let extension: Extension | undefined
    try {
      if (options.config !== undefined) {
        const { loadExtension } = await import('../config/extension.js')
        extension = await loadExtension(options.config, { clock, onError })
      }
      const pki = options.pki ?? (await createClusterPki({ serviceCidrs, servedAt: [bindAddress], clock }))
      const store: Store = options.dataDir ? await lmdbStore({ path: options.dataDir, clock }) : memoryStore({ clock })
      parts.push(store)
      const credentials = new LiveCredentials({
        serving: options.serving ?? pki.apiserver,
        clientCa: options.clientCa ?? pki.ca.certificate,
        kubeletClient: pki.apiserverKubeletClient,
        frontProxy: pki.frontProxyClient,
      })
      const { clientCa } = credentials.now
      const showsMetrics = options.resourceMetrics ?? options.controllers !== false
      let resourceMetrics = options.resourceMetrics || undefined
      const resources = showsMetrics ? [...builtInResources, ...metricsResources] : builtInResources
      const requestHeaders = options.authentication?.requestHeaders ?? frontProxyOf(pki)
      let advertised: AdvertisedAddress | undefined
      const server = await startApiServer({
        store,
        resources,
        clock,
        onError,
        allowAnonymous: options.allowAnonymous ?? true,
        ...options.operation,
        plugins: builtIn({
          serviceCidr,
          nodePorts: options.nodePorts ?? defaultNodePorts,
          authentication: {
            ...options.authentication,
            clientCa: () => credentials.now.clientCa,
            requestHeaders,
            serviceAccounts: {
              issuers: [defaultIssuer],
              signingKey: pki.serviceAccount.privateKey,
              ...options.authentication?.serviceAccounts,
            },
            others: [...(options.authenticators ?? []), ...(options.authentication?.others ?? [])],
          },
          serverUrl: () => (advertised ? `https://${hostOf(advertised.ip)}:${advertised.port}` : defaultIssuer),
          frontProxy: () => credentials.now.frontProxy,
          eventTtlSeconds: options.eventTtlSeconds ?? defaultEventTtl,
          extension: extension?.server,
          ...(options.authorization ? { authorization: options.authorization } : {}),
          ...(showsMetrics ? { computed: computedMetrics(() => resourceMetrics) } : {}),
          // What runs in this very process is as well as the process is.
          components: [
            ...(options.controllers === false ? [] : [{ name: 'controller-manager', check: () => {} }]),
            ...(options.scheduler === false ? [] : [{ name: 'scheduler', check: () => {} }]),
          ],
          kubelets: registries => {
            const shown = () => ({
              ...clientOf(credentials.now.kubeletClient),
              ca: options.kubeletCa ?? pki.ca.certificate,
            })
            const kubelets = new KubeletConnection(registries, shown())
            credentials.onChange(() => kubelets.renew(shown()))
            parts.push({ [Symbol.asyncDispose]: async () => kubelets[Symbol.dispose]() })
            return kubelets
          },
        }),
      })
      parts.push(server)
      if (extension) parts.push(extension)
      const components = measuredTransport(server.metrics)(server.handle, 'localhost')
      const clientFor = (user: UserInfo): Client => apiClient(components, { user })
      const client = apiClient(server.handle, { user: admin })
      // What the server makes by itself is written in its own name.
      const own = apiClient(server.handle, { user: apiServer, headers: { 'user-agent': 'kube-apiserver' } })
      const bootstrap = ['bootstrap-controller', 'scheduling/bootstrap-system-priority-classes']
      credentials.onChange(({ clientCa }) => publishClientAuthorities(own, clientCa, requestHeaders))
      await server.startHook(bootstrap, () =>
        createBootstrapObjects(own, {
          serviceCidrs,
          serviceAddress: firstAddress(serviceCidr),
          clientCa,
          requestHeaders,
          clock,
        }),
      )
      await server.startHook(['rbac/bootstrap-roles'], () => reconcileBootstrapPolicy(own))
      if (showsMetrics) await createMetricsReaderRole(own)
      await server.startHook(['kube-apiserver-autoregistration'], () => registerLocalApiServices(own, resources))
      if (extension) await extension.start({ handle: server.handle, client: own, metrics: server.metrics })
      // What plugins of a former configuration were allowed, nobody is.
      else if (options.dataDir) await revokeRights(own)
      let listener: Listener | undefined
      if (options.port !== false) {
        const tls = ({ serving, clientCa }: ServerCredentials) => ({
          cert: serving.certificate,
          key: serving.key,
          clientCa: [clientCa, requestHeaders.ca].join('\n'),
        })
        const listening = await listenTls({
          host: bindAddress,
          port: options.port ?? 0,
          ...tls(credentials.now),
          handler: server.handle,
          settled: () => server.settled(),
          ...(options.operation?.goawayChance ? { goawayChance: options.operation.goawayChance } : {}),
          ...(options.operation?.http2Streams ? { http2Streams: options.operation.http2Streams } : {}),
          onError: () => {},
        })
        listener = listening
        credentials.onChange(now => listening.renew(tls(now)))
        // Watches end before connections are waited for.
        parts.push(listener, { [Symbol.asyncDispose]: () => server.drain() })
        advertised = { ip: options.advertiseAddress ?? reachable(bindAddress), port: listener.port }
        await publishApiServer(own, advertised)
      }
      // One set of watches for all who run here, under the name of one that may read everything it needs.
      const reader = options.controllers === false ? scheduler : controllerManager
      const informers = new Informers({ client: clientFor(reader), clock, onError })
      parts.push(informers)
      const shared = { clock, onError, informers, metrics: server.metrics }
      if (showsMetrics && !resourceMetrics) {
        const measured = startResourceMetrics({ client: own, informers, clock, onError })
        parts.push(measured)
        resourceMetrics = measured
      }
      // The API server's own duty, whoever runs the controllers.
      const mayRead = options.controllers === false ? {} : { informers }
      parts.push(runControllers(ipAddressRepair, { clock, onError, client: own, ...mayRead }))
      // What does not run here is not loaded either.
      if (options.controllers !== false) {
        const { startControllers } = await import('./components.js')
        parts.push(
          await startControllers({
            ...shared,
            client: clientFor(controllerManager),
            clientOf: controller => clientFor(controllerUser(controller)),
            controllers: {
              rootCa: pki.ca.certificate,
              signing: { authority: pki.ca },
              ...(options.apiServerNodes
                ? {
                    approveServing: {
                      apiServer: () => credentials.now.serving.certificate,
                      apiServerNodes: options.apiServerNodes,
                    },
                  }
                : {}),
              clusterCidr: options.podCidr ?? defaultPodCidr,
              signSecretToken: secretTokenSigner(pki.serviceAccount.privateKey),
            },
          }),
        )
      }
      if (options.scheduler !== false) {
        const { startDefaultScheduler } = await import('./components.js')
        const settings = { ...shared, client: clientFor(scheduler) }
        parts.push(await (extension?.startScheduler(settings) ?? startDefaultScheduler(settings)))
      }
      if (options.simulatedNodes) {
        const { startSimulatedNodes } = await import('../kubelet/simulated-nodes.js')
        const nodes = startSimulatedNodes({ client, clock, count: options.simulatedNodes, onError })
        parts.push(nodes)
        await nodes.ready
      }
      const endpoint = listener && {
        server: `https://${reachable(bindAddress)}:${listener.port}`,
        ca: pki.ca.certificate,
        ...clientOf(options.admin ?? (await issueClientCertificate(pki.ca, identities.admin, clock))),
      }
      return new ControlPlane(server, pki, client, endpoint, credentials, parts)
    } catch (error) {
      await extension?.[Symbol.asyncDispose]()
      await disposeAll(parts)
      throw error
    }
  }

  /** A kubeconfig for an administrator of this control plane, as YAML. Throws if the server does not listen. */
  get kubeconfig(): string {
    const { endpoint } = this
    if (!endpoint)
      throw new Error('the control plane was started with `port: false` and cannot be reached from outside')
    const base64 = (pem = '') => Buffer.from(pem).toString('base64')
    return stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'typernetes',
          cluster: { server: endpoint.server, 'certificate-authority-data': base64(endpoint.ca) },
        },
      ],
      users: [
        {
          name: 'admin',
          user: {
            'client-certificate-data': base64(endpoint.clientCert),
            'client-key-data': base64(endpoint.clientKey),
          },
        },
      ],
      contexts: [{ name: 'typernetes', context: { cluster: 'typernetes', user: 'admin' } }],
      'current-context': 'typernetes',
    })
  }

  /** Stops everything in the reverse order of its start. */
  async [Symbol.asyncDispose](): Promise<void> {
    await disposeAll(this.parts)
  }
}

async function disposeAll(parts: readonly AsyncDisposable[]): Promise<void> {
  for (const part of parts.toReversed()) await part[Symbol.asyncDispose]()
}

/** An address at which a server is reached that listens on all of them. */
const reachable = (address: string): string => (address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address)

/** An address as it stands in a URL. */
const hostOf = (ip: string): string => (ip.includes(':') ? `[${ip}]` : ip)

/** The proxy that a PKI vouches for: this server, to servers behind it. */
const frontProxyOf = ({ frontProxyCa }: ClusterPki) => ({
  ca: frontProxyCa.certificate,
  allowedNames: [identities.frontProxy.commonName],
  ...frontProxyHeaders,
})

const clientOf = ({ certificate, key }: Credential) => ({ clientCert: certificate, clientKey: key })

/** The address of the `kubernetes` service: the first of the range. */
export function firstAddress(serviceCidr: string): string {
  const [cidr] = serviceNetworks(serviceCidr)
  return formatIp({ family: cidr.family, value: cidr.network + 1n })
}
