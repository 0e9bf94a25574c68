import { metricsResources } from '../api/metrics/v1beta1/resources.js'
import { resources as builtInResources } from '../api/resources.js'
import { StorageVersionMigration } from '../api/storagemigration/v1beta1/index.js'
import { apiClient } from '../client/api-client.js'
import type { Client } from '../client/client.js'
import { measuredTransport } from '../client/client-metrics.js'
import type { AnyKind } from '../client/controller.js'
import { runControllers } from '../client/controller-runtime.js'
import { Informers } from '../client/index.js'
import type { Extension } from '../config/extension.js'
import { revokeRights } from '../config/install.js'
import { ipAddressRepair } from '../controllers/ip-address-repair/ip-address-repair.js'
import { type Clock, systemClock } from '../machinery/clock.js'
import type { UserInfo } from '../machinery/http.js'
import { formatCidr, formatIp, urlHost } from '../machinery/ip-address.js'
import type { Resource } from '../machinery/resource.js'
import { type ResourceMetrics, startResourceMetrics } from '../metrics/index.js'
import { type ApiServer, startApiServer } from '../server/api-server.js'
import { frontProxyHeaders } from '../server/authentication/request-headers.js'
import { secretTokenSigner } from '../server/authentication/service-account-tokens.js'
import { builtIn } from '../server/built-in.js'
import { type Listener, listenTls } from '../server/http/tls-listener.js'
import { serviceNetworks } from '../server/services/service-networks.js'
import { KubeletConnection } from '../server/subresources/kubelet-connection.js'
import { kubernetesVersion } from '../server/version.js'
import { lmdbStore, memoryStore } from '../storage/index.js'
import {
  type AdvertisedAddress,
  createBootstrapObjects,
  createSystemNamespaces,
  publishApiServer,
  publishClientAuthorities,
} from './bootstrap-objects.js'
import { reconcileBootstrapPolicy } from './bootstrap-policy.js'
import { admin, apiServer, controllerManager, controllerUser, scheduler } from './component-users.js'
import type { ControlPlaneOptions } from './control-plane-options.js'
import { type FeatureGates, featureGates } from './feature-gates.js'
import { LiveCredentials, type ServerCredentials } from './live-credentials.js'
import { registerLocalApiServices } from './local-api-services.js'
import { computedMetrics, createMetricsReaderRole } from './metrics-api.js'
import { type ClusterPki, type Credential, createClusterPki, identities } from './pki.js'
import { servedResources } from './runtime-config.js'

const defaultServiceCidr = '10.96.0.0/16'
const defaultPodCidr = '10.244.0.0/16'
const defaultNodePorts = { first: 30_000, last: 32_767 }
const defaultIssuer = 'https://kubernetes.default.svc'
const defaultEventTtl = 3600

/** What is there before anything runs. */
interface Ground {
  readonly clock: Clock
  readonly onError: (error: unknown) => void
  readonly pki: ClusterPki
  readonly credentials: LiveCredentials
  readonly extension: Extension | undefined
}

/** The certificates of a control plane, and what a configuration adds to it. */
export async function layGround(options: ControlPlaneOptions): Promise<Ground> {
  const { clock = systemClock, onError = error => console.error(error), bindAddress = '127.0.0.1' } = options
  const serviceCidrs = networksOf(options)
  const pki = options.pki ?? (await createClusterPki({ serviceCidrs, servedAt: [bindAddress], clock }))
  const credentials = new LiveCredentials({
    serving: options.serving ?? pki.apiserver,
    clientCa: options.clientCa ?? pki.ca.certificate,
    kubeletClient: pki.apiserverKubeletClient,
    frontProxy: pki.frontProxyClient,
  })
  if (options.config === undefined) return { clock, onError, pki, credentials, extension: undefined }
  const { loadExtension } = await import('../config/extension.js')
  return { clock, onError, pki, credentials, extension: await loadExtension(options.config, { clock, onError }) }
}

/** Puts a control plane together, a step at a time; what has been started is in `parts`, to be disposed of from the end. */
export class Assembly {
  readonly parts: AsyncDisposable[] = []
  readonly #showsMetrics: boolean
  readonly #features: FeatureGates
  readonly #resources: readonly Resource[]
  readonly #requestHeaders
  #resourceMetrics: ResourceMetrics | undefined
  #advertised: AdvertisedAddress | undefined

  constructor(
    private readonly options: ControlPlaneOptions,
    private readonly ground: Ground,
  ) {
    const { resourceMetrics, controllers, authentication } = options
    this.#showsMetrics = Boolean(resourceMetrics ?? controllers !== false)
    this.#resourceMetrics = resourceMetrics || undefined
    this.#features = featureGates(options.featureGates)
    const served = servedOf(options, this.#features, ground.onError)
    this.#resources = this.#showsMetrics ? [...served, ...metricsResources] : served
    this.#requestHeaders = authentication?.requestHeaders ?? frontProxyOf(ground.pki)
  }

  /** The API server, empty and reachable from this process alone. */
  async startServer(): Promise<ApiServer> {
    const { options, ground } = this
    const { clock, onError, credentials, extension, pki } = ground
    const { dataDir, authentication, controllers, scheduler } = options
    const store = dataDir ? await lmdbStore({ path: dataDir, clock }) : memoryStore({ clock })
    this.parts.push(store)
    const server = await startApiServer({
      store,
      resources: this.#resources,
      unserved: unservedOf(this.#resources),
      clock,
      onError,
      allowAnonymous: options.allowAnonymous ?? true,
      ...options.operation,
      plugins: builtIn({
        serviceCidr: options.serviceCidr ?? defaultServiceCidr,
        nodePorts: options.nodePorts ?? defaultNodePorts,
        authentication: {
          ...authentication,
          clientCa: () => credentials.now.clientCa,
          requestHeaders: this.#requestHeaders,
          serviceAccounts: {
            issuers: [defaultIssuer],
            signingKey: pki.serviceAccount.privateKey,
            ...authentication?.serviceAccounts,
          },
          others: [...(options.authenticators ?? []), ...(authentication?.others ?? [])],
        },
        serverUrl: () => {
          const advertised = this.#advertised
          return advertised ? `https://${urlHost(advertised.ip)}:${advertised.port}` : defaultIssuer
        },
        frontProxy: () => credentials.now.frontProxy,
        eventTtlSeconds: options.eventTtlSeconds ?? defaultEventTtl,
        extension: extension?.server,
        ...(options.authorization ? { authorization: options.authorization } : {}),
        ...(this.#showsMetrics ? { computed: computedMetrics(() => this.#resourceMetrics) } : {}),
        // What runs in this very process is as well as the process is.
        components: [
          ...(controllers === false ? [] : [{ name: 'controller-manager', check: () => {} }]),
          ...(scheduler === false ? [] : [{ name: 'scheduler', check: () => {} }]),
        ],
        kubelets: registries => {
          const { kubeletCa = pki.ca.certificate } = options
          const shown = () => ({
            ...clientOf(credentials.now.kubeletClient),
            ...(kubeletCa === false ? {} : { ca: kubeletCa }),
          })
          const kubelets = new KubeletConnection(registries, shown())
          credentials.onChange(() => kubelets.renew(shown()))
          this.parts.push({ [Symbol.asyncDispose]: async () => kubelets[Symbol.dispose]() })
          return kubelets
        },
      }),
    })
    this.parts.push(server)
    if (extension) this.parts.push(extension)
    return server
  }

  /** What a cluster has from the start. */
  async bootstrap(server: ApiServer): Promise<void> {
    const { options, ground } = this
    const { clock, credentials, extension } = ground
    const client = ownClient(server)
    const requestHeaders = this.#requestHeaders
    const serviceCidrs = networksOf(options)
    credentials.onChange(({ clientCa }) => publishClientAuthorities(client, clientCa, requestHeaders))
    const namespaces = createSystemNamespaces(client)
    // Each waits for the disk: together, they wait for the same commits.
    await Promise.all([
      server.startHook(['bootstrap-controller', 'scheduling/bootstrap-system-priority-classes'], () =>
        createBootstrapObjects(client, {
          namespaces,
          serviceCidrs,
          serviceAddress: firstAddress(serviceCidrs[0] ?? defaultServiceCidr),
          clientCa: credentials.now.clientCa,
          requestHeaders,
          clock,
        }),
      ),
      server.startHook(['rbac/bootstrap-roles'], () => reconcileBootstrapPolicy(client, namespaces, this.#features)),
      this.#showsMetrics ? createMetricsReaderRole(client) : undefined,
      server.startHook(['kube-apiserver-autoregistration'], () => registerLocalApiServices(client, this.#resources)),
    ])
    if (extension) await extension.start({ handle: server.handle, client, metrics: server.metrics })
    // What plugins of a former configuration were allowed, nobody is.
    else if (options.dataDir) await revokeRights(client)
  }

  /** Lets others reach the server, and says where; undefined if it is to serve this process alone. */
  async listen(server: ApiServer): Promise<Listener | undefined> {
    const { bindAddress = '127.0.0.1', port = 0, advertiseAddress, operation } = this.options
    if (port === false) return undefined
    const { credentials } = this.ground
    const tls = ({ serving, clientCa }: ServerCredentials) => ({
      cert: serving.certificate,
      key: serving.key,
      clientCa: [clientCa, this.#requestHeaders.ca].join('\n'),
    })
    const listener = await listenTls({
      host: bindAddress,
      port,
      ...tls(credentials.now),
      handler: server.handle,
      settled: () => server.settled(),
      ...(operation?.goawayChance ? { goawayChance: operation.goawayChance } : {}),
      ...(operation?.http2Streams ? { http2Streams: operation.http2Streams } : {}),
      onError: () => {},
    })
    credentials.onChange(now => listener.renew(tls(now)))
    // Watches end before connections are waited for.
    this.parts.push(listener, { [Symbol.asyncDispose]: () => server.drain() })
    this.#advertised = { ip: advertiseAddress ?? reachable(bindAddress), port: listener.port }
    await publishApiServer(ownClient(server), this.#advertised)
    return listener
  }

  /** All that works on the cluster through the server. */
  async startComponents(server: ApiServer): Promise<void> {
    const { options, ground } = this
    const { clock, onError, extension } = ground
    const transport = measuredTransport(server.metrics)(server.handle, 'localhost')
    // What they write is recorded under the names by which they are known, as when they run alone.
    const clientOf =
      (component: string) =>
      (user: UserInfo): Client =>
        apiClient(transport, {
          user,
          ofComponent: true,
          headers: { 'user-agent': `${component}/${kubernetesVersion}` },
        })
    const managerFor = clientOf('kube-controller-manager')
    const schedulerClient = clientOf('kube-scheduler')(scheduler)
    // One set of watches for all who run here, under the name of one that may read everything it needs.
    const reader = options.controllers === false ? schedulerClient : managerFor(controllerManager)
    const informers = new Informers({ client: reader, clock, onError })
    this.parts.push(informers)
    if (this.#showsMetrics && !this.#resourceMetrics) {
      const measured = startResourceMetrics({ client: ownClient(server), informers, clock, onError })
      this.parts.push(measured)
      this.#resourceMetrics = measured
    }
    // The API server's own duty, whoever runs the controllers.
    const mayRead = options.controllers === false ? {} : { informers }
    this.parts.push(runControllers(ipAddressRepair, { clock, onError, client: ownClient(server), ...mayRead }))
    const shared = { clock, onError, informers, metrics: server.metrics }
    // What does not run here is not loaded either.
    if (options.controllers !== false) {
      const { startControllers } = await import('./components.js')
      this.parts.push(
        await startControllers({
          ...shared,
          client: managerFor(controllerManager),
          clientOf: controller => managerFor(controllerUser(controller)),
          controllers: this.#controllerOptions(server),
        }),
      )
    }
    if (options.scheduler !== false) {
      const { startDefaultScheduler } = await import('./components.js')
      const settings = { ...shared, client: schedulerClient }
      this.parts.push(await (extension?.startScheduler(settings) ?? startDefaultScheduler(settings)))
    }
    if (options.simulatedNodes) {
      const { startSimulatedNodes } = await import('../kubelet/simulated-nodes.js')
      const nodes = startSimulatedNodes({ client: adminClient(server), clock, count: options.simulatedNodes, onError })
      this.parts.push(nodes)
      await nodes.ready
    }
  }

  #controllerOptions({ registries }: ApiServer) {
    const { pki, credentials } = this.ground
    const { apiServerNodes, podCidr } = this.options
    const apiServer = () => credentials.now.serving.certificate
    return {
      rootCa: pki.ca.certificate,
      signing: { authority: pki.ca },
      ...(apiServerNodes ? { approveServing: { apiServer, apiServerNodes } } : {}),
      clusterCidr: podCidr ?? defaultPodCidr,
      storageVersionMigrator: this.#features.StorageVersionMigrator,
      isServed: ({ gvk, plural }: AnyKind) => registries.find(gvk.group, gvk.version, plural) !== undefined,
      signSecretToken: secretTokenSigner(pki.serviceAccount.privateKey),
    }
  }
}

/** What is asked for, as far as the features that it belongs to are on. */
function servedOf(
  { runtimeConfig }: ControlPlaneOptions,
  features: FeatureGates,
  onError: (error: unknown) => void,
): readonly Resource[] {
  const served = servedResources(builtInResources, runtimeConfig)
  if (features.StorageVersionMigrator || !served.some(isMigration)) return served
  onError('StorageVersionMigrator storage is disabled because the StorageVersionMigrator feature gate is disabled')
  return served.filter(resource => !isMigration(resource))
}

const isMigration = ({ kind }: Resource): boolean => kind.gvk.group === StorageVersionMigration.gvk.group

/** What is served unless somebody turns it off: parts of the server, and components, work with it all the same. */
function unservedOf(served: readonly Resource[]): readonly Resource[] {
  const there = new Set(served)
  return servedResources(builtInResources).filter(resource => !there.has(resource))
}

/** A client with all rights that talks to the server directly. */
export const adminClient = (server: ApiServer): Client => apiClient(server.handle, { user: admin })

/** For what the server makes by itself, in its own name. */
const ownClient = (server: ApiServer): Client =>
  apiClient(server.handle, { user: apiServer, ofComponent: true, headers: { 'user-agent': 'kube-apiserver' } })

const networksOf = ({ serviceCidr = defaultServiceCidr }: ControlPlaneOptions): string[] =>
  serviceNetworks(serviceCidr).map(formatCidr)

/** An address at which a server is reached that listens on all of them. */
export const reachable = (address: string): string =>
  address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address

/** The proxy that a PKI vouches for: this server, to servers behind it. */
const frontProxyOf = ({ frontProxyCa }: ClusterPki) => ({
  ca: frontProxyCa.certificate,
  allowedNames: [identities.frontProxy.commonName],
  ...frontProxyHeaders,
})

export const clientOf = ({ certificate, key }: Credential) => ({ clientCert: certificate, clientKey: key })

/** The address of the `kubernetes` service: the first of the range. */
export function firstAddress(serviceCidr: string): string {
  const [cidr] = serviceNetworks(serviceCidr)
  return formatIp({ family: cidr.family, value: cidr.network + 1n })
}
