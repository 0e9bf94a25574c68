import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Endpoints, Node, Service } from '../api/core/v1/index.js'
import { EndpointSlice } from '../api/discovery/v1/index.js'
import { apiClient } from '../client/api-client.js'
import type { Client } from '../client/client.js'
import { httpsTransport } from '../client/https-transport.js'
import { Informers } from '../client/informers.js'
import { startKubelet } from '../kubelet/kubelet.js'
import {
  type ContainerdOptions,
  connectCri,
  ensurePauseImage,
  pauseImageName,
  superviseContainerd,
} from '../kubelet/runtime/index.js'
import type { ApiObject } from '../machinery/object.js'
import { isNotFound } from '../machinery/status-error.js'
import { startDns } from '../network/dns/index.js'
import { chooseCniType, cniConfig, outgoingMtu, prepareHost } from '../network/node-network.js'
import { startNodeRoutes } from '../network/node-routes.js'
import { startProxy } from '../network/proxy/index.js'
import { writeFileAtomically } from './atomic-file.js'
import { createOrReplace } from './bootstrap-objects.js'
import type { ClusterConfig } from './cluster-config.js'
import {
  type ClusterCredentials,
  ensureClusterCredentials,
  ensureNodeCertificate,
  nodeCertificates,
} from './cluster-credentials.js'
import { followFiles } from './file-changes.js'
import { kernelName, type LocalNode } from './local-nodes.js'
import { keepKubeletCredentials } from './node-credentials.js'
import { type ClusterPaths, type NodePaths, nodePaths } from './paths.js'
import type { Credential } from './pki.js'

export interface NodeOptions {
  readonly paths: ClusterPaths
  readonly config: ClusterConfig
  readonly local: LocalNode
  readonly credentials: ClusterCredentials
  /** Gives up starting. */
  readonly signal: AbortSignal
  /** Ends the process, to be started again: the authority of the cluster is another one. */
  readonly restart: () => void
  readonly onError: (error: unknown) => void
}

/** The link that joins a node's pods; links have at most 15 letters. */
export const bridgeName = ({ name }: ClusterConfig): string =>
  name === 'typernetes' ? 't8s0' : `t8s-${name.slice(-9).replace(/^-+/, '')}`

/** How a node's containerd is started; the same for all who must find it again. */
export const containerdOptions = ({ cgroup }: LocalNode, node: NodePaths): ContainerdOptions => ({
  root: node.containerdRoot,
  state: node.containerdState,
  socket: node.containerdSocket,
  sandboxImage: pauseImageName,
  cniConfDir: node.cniConfig,
  cgroups: { daemon: `${cgroup}/containerd`, shims: `${cgroup}/shims` },
})

/**
 * Runs a node: containerd, kubelet, service proxy and, on the machine's own, cluster DNS. Disposing of it stops the agents;
 * containers, their network and the services' rules stay as they are, and the next start finds them.
 */
export async function startNode(options: NodeOptions): Promise<AsyncDisposable> {
  const { paths, config, local, credentials, signal, restart, onError } = options
  const node = nodePaths(paths, local.name)
  await using parts = new AsyncParts()
  for (const folder of [node.data, node.run, node.cniConfig, node.kubelet])
    await mkdir(folder, { recursive: true, mode: 0o711 })

  const { pki } = credentials
  const own = nodeCertificates(paths, local)
  const server = `https://${local.namespace ? config.address : '127.0.0.1'}:${config.apiPort}`
  const connectAs = ({ certificate, key }: Credential, userAgent: string) => {
    const transport = parts.use(
      httpsTransport({ server, ca: pki.ca.certificate, clientCert: certificate, clientKey: key }),
    )
    return { transport, client: apiClient(transport.handle, { headers: { 'user-agent': userAgent } }) }
  }
  const { client: nodeClient, transport: nodeTransport } = connectAs(
    await ensureNodeCertificate(own.client, pki.ca),
    'kubelet/v1.36.2',
  )
  const { client: proxyClient, transport: proxyTransport } = connectAs(credentials.kubeProxy, 'kube-proxy/v1.36.2')
  const changed = async () => {
    const now = await ensureClusterCredentials(paths, config)
    if (now.pki.ca.certificate !== pki.ca.certificate) return restart()
    proxyTransport.renew({ clientCert: now.kubeProxy.certificate, clientKey: now.kubeProxy.key })
  }
  const followed = ['ca.crt', 'kube-proxy.crt', 'kube-proxy.key'].map(file => join(paths.pki, file))
  parts.use(await followFiles(followed, { changed, onError }))

  const cniType = await chooseCniType()
  await prepareHost(cniType)
  const containerd = parts.use(
    await superviseContainerd(containerdOptions(local, node), {
      onTrouble: (message, error) => onError(new Error(message, error === undefined ? undefined : { cause: error })),
    }),
  )
  {
    using cri = connectCri(containerd.current.socket)
    await ensurePauseImage(containerd.current, cri)
  }

  const kubelet = parts.use(
    await startKubelet({
      nodeName: local.name,
      hostname: local.name,
      client: nodeClient,
      criSocket: containerd.current.socket,
      rootDir: node.kubelet,
      logDir: node.podLogs,
      cgroupRoot: local.cgroup,
      clusterDns: [config.dnsAddress],
      clusterDomain: config.clusterDomain,
      nodeIps: [local.address],
      manifestDir: node.manifests,
      server: {
        port: config.kubeletPort,
        ...(await ensureNodeCertificate(own.serving, pki.ca)),
        clientCa: pki.ca.certificate,
      },
      onError,
    }),
  )

  const informers = parts.use(new Informers({ client: proxyClient, onError }))
  parts.use(
    await keepKubeletCredentials({
      kubelet,
      client: nodeClient,
      transport: nodeTransport,
      informers,
      clientStore: own.client.store,
      servingStore: own.serving.store,
      onError,
    }),
  )
  // One for the cluster is enough, and further nodes have no more of a network than the first.
  const dns = local.namespace
    ? undefined
    : startDns({
        client: proxyClient,
        informers,
        address: config.address,
        port: config.dnsPort,
        clusterDomain: config.clusterDomain,
        resolvConf: '/etc/resolv.conf',
        onError,
      })
  const podCidr = await podCidrOf(nodeClient, local.name, signal)
  await writeCniConfig(node, config, cniType, podCidr)
  parts.use(
    await startProxy({
      client: proxyClient,
      informers,
      nodeName: local.name,
      tableName: kernelName(config),
      podCidr,
      clusterCidr: config.podCidr,
      onError,
    }),
  )
  parts.use(startNodeRoutes({ informers, nodeName: local.name, clusterCidr: config.podCidr, onError }))
  if (!dns) return parts.release()
  parts.use(await dns)
  // Making a service is nothing that an agent of a node should be able to do.
  const { client: adminClient } = connectAs(credentials.admin, 't8s/v1.36.2')
  await persistently(signal, () => publishDns(adminClient, config))
  return parts.release()
}

async function writeCniConfig(
  node: NodePaths,
  config: ClusterConfig,
  type: Awaited<ReturnType<typeof chooseCniType>>,
  podCidr: string,
): Promise<void> {
  const mtu = await outgoingMtu()
  const content = cniConfig({
    name: kernelName(config),
    type,
    podCidr,
    bridge: bridgeName(config),
    ipamDir: node.cniState,
    ...(mtu ? { mtu } : {}),
  })
  await writeFileAtomically(join(node.cniConfig, '10-typernetes.conflist'), content, { mode: 0o644 })
}

/** Waits for the addresses that the node's pods are given. */
export async function podCidrOf(client: Client, name: string, signal: AbortSignal): Promise<string> {
  return persistently(signal, async () => {
    for await (const event of client.watch(Node, { fieldSelector: `metadata.name=${name}`, signal }))
      if (event.type !== 'BOOKMARK' && event.object.spec.podCIDR) return event.object.spec.podCIDR
    throw new Error('the watch of the node ended')
  })
}

const retryMs = 200

/** Tries until it succeeds: the API server may be starting, or starting again, at any time. */
async function persistently<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch {
      signal.throwIfAborted()
      await pause(retryMs, undefined, { signal })
    }
  }
}

/** Makes the cluster's DNS a service, with this node's server behind it. */
async function publishDns(client: Client, { dnsAddress, dnsPort, address }: ClusterConfig): Promise<void> {
  const metadata = { name: 'kube-dns', namespace: 'kube-system' }
  const labels = { 'k8s-app': 'kube-dns', 'kubernetes.io/name': 'CoreDNS' }
  const names = [
    { name: 'dns', protocol: 'UDP' },
    { name: 'dns-tcp', protocol: 'TCP' },
  ]
  await ifMissing(client.get(Service, metadata), () =>
    client.create(Service, {
      metadata: { ...metadata, labels },
      spec: {
        clusterIP: dnsAddress,
        clusterIPs: [dnsAddress],
        ports: names.map(name => ({ ...name, port: 53, targetPort: dnsPort })),
      },
    }),
  )
  const ports = names.map(name => ({ ...name, port: dnsPort }))
  await createOrReplace(client, EndpointSlice, {
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kube-dns' } },
    addressType: address.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports,
  })
  await createOrReplace(client, Endpoints, {
    metadata: { ...metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: [{ ip: address }], ports }],
  })
}

async function ifMissing<T extends ApiObject>(found: Promise<T>, make: () => Promise<T>): Promise<void> {
  try {
    await found
  } catch (error) {
    if (!isNotFound(error)) throw error
    await make()
  }
}

/** Parts that are disposed of together, last made first, unless they are released to somebody else. */
class AsyncParts implements AsyncDisposable {
  #parts: AsyncDisposable[] = []

  use<P extends AsyncDisposable>(part: P): P {
    this.#parts.push(part)
    return part
  }

  release(): AsyncParts {
    const released = new AsyncParts()
    released.#parts = this.#parts
    this.#parts = []
    return released
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#parts.splice(0).reverse()) await part[Symbol.asyncDispose]()
  }
}
