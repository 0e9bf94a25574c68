import { mkdir, readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { writeFileAtomically } from '../cluster/atomic-file.js'
import { machineAddress } from '../cluster/cluster-config.js'
import { terminationSignal } from '../cluster/daemon.js'
import { podCidrOf } from '../cluster/node.js'
import { OperatorError } from '../cluster/operator-error.js'
import { ensureSelfSignedServing } from '../cluster/pki-files.js'
import { startKubelet } from '../kubelet/kubelet.js'
import { connectCri, ensurePauseImage, pauseImageName, superviseContainerd } from '../kubelet/runtime/index.js'
import { startDns } from '../network/dns/index.js'
import { chooseCniType, cniConfig, outgoingMtu, prepareHost } from '../network/node-network.js'
import { removeRules, startProxy } from '../network/proxy/index.js'
import { logFault } from './log.js'
import { aborted, portNumber } from './run-api-server.js'
import { connect, type KubeconfigFlags } from './run-control-components.js'

const nodeNameOf = (override: string | undefined): string => (override ?? hostname()).toLowerCase()

interface KubeletFlags extends KubeconfigFlags {
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
}

/** `t8s kubelet` */
export async function runKubelet(flags: KubeletFlags): Promise<void> {
  using termination = terminationSignal()
  const { client, connection, transport } = await connect(flags, 'kubelet/v1.36.2')
  await using _transport = transport
  const nodeName = nodeNameOf(flags.hostnameOverride)
  const nodeIp = flags.nodeIp ?? machineAddress()
  const clientCa = flags.clientCaFile ? await readFile(flags.clientCaFile, 'utf8') : connection.ca
  if (!clientCa)
    throw new OperatorError(
      'nobody could be let in to ask for logs or to run commands: there is no authority for clients',
      'Name its certificate with --client-ca-file.',
    )
  await using containerd = flags.containerRuntimeEndpoint ? undefined : await startOwnContainerd(flags)
  const criSocket = flags.containerRuntimeEndpoint?.replace(/^unix:\/\//, '') ?? containerd?.socket ?? ''
  const serving = await servingOf(flags, [nodeName, nodeIp])
  await using _kubelet = await startKubelet({
    nodeName,
    client,
    criSocket,
    rootDir: flags.rootDir,
    logDir: flags.podLogDir,
    cgroupRoot: flags.cgroupRoot,
    nodeIps: [nodeIp],
    clusterDomain: flags.clusterDomain,
    maxPods: Number(flags.maxPods),
    server: { host: flags.address, port: portNumber('--port', flags.port), ...serving, clientCa },
    onError: logFault,
    ...(flags.clusterDns ? { clusterDns: flags.clusterDns.split(',') } : {}),
    ...(flags.podManifestPath ? { manifestDir: flags.podManifestPath } : {}),
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

async function servingOf(
  { rootDir, tlsCertFile, tlsPrivateKeyFile }: KubeletFlags,
  hosts: readonly [string, ...string[]],
) {
  if (!tlsCertFile || !tlsPrivateKeyFile) {
    await mkdir(rootDir, { recursive: true, mode: 0o711 })
    return ensureSelfSignedServing(join(rootDir, 'pki'), 'kubelet', hosts)
  }
  return { certificate: await readFile(tlsCertFile, 'utf8'), key: await readFile(tlsPrivateKeyFile, 'utf8') }
}

interface ProxyFlags extends KubeconfigFlags {
  readonly hostnameOverride?: string
  readonly clusterCidr: string
  readonly cleanup?: boolean
}

/** `t8s proxy` */
export async function runProxy(flags: ProxyFlags): Promise<void> {
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
