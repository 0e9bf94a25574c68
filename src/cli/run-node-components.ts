import { X509Certificate } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { Informers, type RenewableTransport } from '../client/index.js'
import { writeFileAtomically } from '../cluster/atomic-file.js'
import { machineAddress } from '../cluster/cluster-config.js'
import type { Connection } from '../cluster/connection.js'
import { terminationSignal } from '../cluster/daemon.js'
import { followFiles } from '../cluster/file-changes.js'
import { bootstrapKubelet } from '../cluster/kubelet-bootstrap.js'
import { podCidrOf } from '../cluster/node.js'
import { keepKubeletCredentials } from '../cluster/node-credentials.js'
import { OperatorError } from '../cluster/operator-error.js'
import { ensureSelfSignedServing } from '../cluster/pki-files.js'
import { CertificateStore, clientWish } from '../kubelet/certificates/index.js'
import { type Kubelet, startKubelet } from '../kubelet/kubelet.js'
import { connectCri, ensurePauseImage, pauseImageName, superviseContainerd } from '../kubelet/runtime/index.js'
import { certificateSays } from '../machinery/x509/index.js'
import { startDns } from '../network/dns/index.js'
import { chooseCniType, cniConfig, outgoingMtu, prepareHost } from '../network/node-network.js'
import { removeRules, startProxy } from '../network/proxy/index.js'
import { aborted } from './aborted.js'
import { connect, type KubeconfigFlags } from './connect.js'
import { type FeatureFlags, featureGatesOf } from './feature-flags.js'
import { certificatesText, countOf, isTrue, keyPairOf, portNumber } from './flag-values.js'
import { logFault } from './log.js'

const nodeNameOf = (override: string | undefined): string => (override ?? hostname()).toLowerCase()

interface KubeletFlags extends KubeconfigFlags, FeatureFlags {
  readonly hostnameOverride?: string
  readonly nodeIp?: string
  readonly rootDir: string
  readonly podLogDir: string
  readonly containerRuntimeEndpoint?: string
  readonly cgroupRoot: string
  readonly clusterDns?: string
  readonly clusterDomain: string
  readonly podCidr?: string
  readonly address: string
  readonly port: string
  readonly maxPods: string
  readonly tlsCertFile?: string
  readonly tlsPrivateKeyFile?: string
  readonly clientCaFile?: string
  readonly podManifestPath?: string
  readonly certDir?: string
  readonly bootstrapKubeconfig?: string
  readonly rotateCertificates: string
  readonly rotateServerCertificates: string
}

/** `t8s kubelet` */
export async function runKubelet(flags: KubeletFlags): Promise<void> {
  await featureGatesOf(flags)
  using termination = terminationSignal()
  const nodeName = nodeNameOf(flags.hostnameOverride)
  const certDir = flags.certDir ?? join(flags.rootDir, 'pki')
  await mkdir(flags.rootDir, { recursive: true, mode: 0o711 })
  const clientStore = new CertificateStore(certDir, 'kubelet-client')
  if (flags.bootstrapKubeconfig) await bootstrap(flags.bootstrapKubeconfig, flags, nodeName, clientStore, termination)
  const { client, connection, transport } = await connect(flags, 'kubelet/v1.36.2')
  await using _transport = transport
  const rotatesClient = isTrue('--rotate-certificates', flags.rotateCertificates)
  if (rotatesClient) await adoptClientCertificate(clientStore, nodeName, connection, transport)
  const nodeIp = flags.nodeIp ?? machineAddress()
  const clientCa = flags.clientCaFile ? await certificatesText(flags.clientCaFile) : connection.ca
  if (!clientCa)
    throw new OperatorError(
      'nobody could be let in to ask for logs or to run commands: there is no authority for clients',
      'Name its certificate with --client-ca-file.',
    )
  await using containerd = flags.containerRuntimeEndpoint ? undefined : await startOwnContainerd(flags)
  const criSocket = flags.containerRuntimeEndpoint?.replace(/^unix:\/\//, '') ?? containerd?.socket ?? ''
  const servingStore = servingStoreOf(flags, certDir)
  const serving = (await servingStore?.read()) ?? (await servingOf(flags, certDir, [nodeName, nodeIp]))
  await using kubelet = await startKubelet({
    nodeName,
    hostname: nodeName,
    client,
    criSocket,
    rootDir: flags.rootDir,
    logDir: flags.podLogDir,
    cgroupRoot: flags.cgroupRoot,
    nodeIps: [nodeIp],
    clusterDomain: flags.clusterDomain,
    maxPods: countOf('--max-pods', flags.maxPods),
    server: { host: flags.address, port: portNumber('--port', flags.port), ...serving, clientCa },
    onError: logFault,
    ...(flags.clusterDns ? { clusterDns: flags.clusterDns.split(',') } : {}),
    ...(flags.podManifestPath ? { manifestDir: flags.podManifestPath } : {}),
  })
  await using _files = await followServingFiles(flags, kubelet)
  await using informers = new Informers({ client, onError: logFault })
  await using _credentials = await keepKubeletCredentials({
    kubelet,
    client,
    transport,
    informers,
    clientStore: rotatesClient ? clientStore : undefined,
    servingStore,
    onError: logFault,
  })
  if (containerd) {
    const podCidr = flags.podCidr ?? (await podCidrOf(client, nodeName, termination.signal))
    await containerd.connectPods(podCidr)
  }
  await aborted(termination.signal)
}

/** A containerd below the kubelet's own folder. Containers outlive this process. */
async function startOwnContainerd({ rootDir }: KubeletFlags) {
  const folder = join(rootDir, 'containerd')
  const cniConfDir = join(folder, 'net.d')
  await mkdir(cniConfDir, { recursive: true, mode: 0o711 })
  const type = await chooseCniType()
  await prepareHost(type)
  const containerd = await superviseContainerd(
    { root: join(folder, 'root'), state: join(folder, 'state'), sandboxImage: pauseImageName, cniConfDir },
    { onTrouble: (message, error) => logFault(new Error(message, { cause: error })) },
  )
  using cri = connectCri(containerd.current.socket)
  await ensurePauseImage(containerd.current, cri)
  return {
    socket: containerd.current.socket,
    async connectPods(podCidr: string): Promise<void> {
      const mtu = await outgoingMtu()
      const config = cniConfig({
        name: 'typernetes',
        type,
        podCidr,
        bridge: 't8s0',
        ipamDir: join(folder, 'ipam'),
        ...(mtu ? { mtu } : {}),
      })
      await writeFileAtomically(join(cniConfDir, '10-typernetes.conflist'), config, { mode: 0o644 })
    },
    [Symbol.asyncDispose]: () => containerd[Symbol.asyncDispose](),
  }
}

/** Has the kubelet use the files that it serves with, and knows clients by, as they are. */
const followServingFiles = (flags: KubeletFlags, kubelet: Kubelet): Promise<AsyncDisposable> => {
  const { clientCaFile, tlsCertFile, tlsPrivateKeyFile } = flags
  return followFiles(
    [clientCaFile, tlsCertFile, tlsPrivateKeyFile].flatMap(file => file ?? []),
    {
      onError: logFault,
      async changed() {
        kubelet.renewServing({
          ...(clientCaFile ? { clientCa: await certificatesText(clientCaFile) } : {}),
          ...(await servingPair(flags)),
        })
      },
    },
  )
}

/** Where the certificate to serve with is kept, if it is asked for. */
function servingStoreOf(flags: KubeletFlags, certDir: string): CertificateStore | undefined {
  if (!isTrue('--rotate-server-certificates', flags.rotateServerCertificates)) return undefined
  if (flags.tlsCertFile)
    throw new OperatorError(
      '--tls-cert-file and --rotate-server-certificates exclude each other',
      'Give the certificate to serve with, or let the kubelet ask for it.',
    )
  return new CertificateStore(certDir, 'kubelet-server')
}

async function bootstrap(
  bootstrapKubeconfig: string,
  { kubeconfig }: KubeletFlags,
  nodeName: string,
  store: CertificateStore,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  if (!kubeconfig)
    throw new OperatorError(
      '--bootstrap-kubeconfig needs --kubeconfig',
      'Name the file that the kubelet is to make and to use from then on.',
    )
  await bootstrapKubelet({ nodeName, kubeconfig, bootstrapKubeconfig, store, signal, onError: logFault })
}

/** Uses the certificate that was renewed last; at first, that is the one of the kubeconfig. */
async function adoptClientCertificate(
  store: CertificateStore,
  nodeName: string,
  { clientCert, clientKey }: Connection,
  transport: RenewableTransport,
): Promise<void> {
  const kept = await store.read()
  if (kept && isOfNode(kept.certificate, nodeName)) {
    transport.renew({ clientCert: kept.certificate, clientKey: kept.key })
    return
  }
  if (!clientCert || !clientKey || !isOfNode(clientCert, nodeName))
    throw new OperatorError(
      `the kubeconfig holds no certificate of system:node:${nodeName} that could be renewed`,
      'Have one made with --bootstrap-kubeconfig, or leave --rotate-certificates out.',
    )
  await store.write({ certificate: clientCert, key: clientKey })
}

const isOfNode = (pem: string, nodeName: string): boolean => {
  const certificate = new X509Certificate(pem)
  return certificateSays(certificate, clientWish(nodeName)) && Date.parse(certificate.validTo) > Date.now()
}

const servingPair = ({ tlsCertFile, tlsPrivateKeyFile }: KubeletFlags) =>
  keyPairOf(
    'the certificate to serve with',
    ['--tls-cert-file', tlsCertFile],
    ['--tls-private-key-file', tlsPrivateKeyFile],
  )

async function servingOf(flags: KubeletFlags, certDir: string, hosts: readonly [string, ...string[]]) {
  return (await servingPair(flags)) ?? ensureSelfSignedServing(certDir, 'kubelet', hosts)
}

interface ProxyFlags extends KubeconfigFlags, FeatureFlags {
  readonly hostnameOverride?: string
  readonly clusterCidr: string
  readonly cleanup?: boolean
}

/** `t8s proxy` */
export async function runProxy(flags: ProxyFlags): Promise<void> {
  await featureGatesOf(flags)
  if (flags.cleanup) return removeRules('typernetes')
  using termination = terminationSignal()
  const { client, transport } = await connect(flags, 'kube-proxy/v1.36.2')
  await using _transport = transport
  const nodeName = nodeNameOf(flags.hostnameOverride)
  await using _proxy = await startProxy({
    client,
    nodeName,
    podCidr: await podCidrOf(client, nodeName, termination.signal),
    clusterCidr: flags.clusterCidr,
    onError: logFault,
  })
  await aborted(termination.signal)
}

interface DnsFlags extends KubeconfigFlags {
  readonly bindAddress: string
  readonly port: string
  readonly clusterDomain: string
  readonly resolvConf: string
}

/** `t8s dns` */
export async function runDns(flags: DnsFlags): Promise<void> {
  using termination = terminationSignal()
  const { client, transport } = await connect(flags, 't8s-dns/v1.36.2')
  await using _transport = transport
  await using _dns = await startDns({
    client,
    address: flags.bindAddress,
    port: portNumber('--port', flags.port),
    clusterDomain: flags.clusterDomain,
    resolvConf: flags.resolvConf,
    onError: logFault,
  })
  await aborted(termination.signal)
}
