import type { ClusterConfig } from '../cluster/cluster-config.js'
import { ensureClusterCredentials } from '../cluster/cluster-credentials.js'
import { ControlPlane } from '../cluster/control-plane.js'
import { keepClusterCredentials } from '../cluster/credential-upkeep.js'
import { terminationSignal } from '../cluster/daemon.js'
import { ensureEncryptionFile } from '../cluster/encryption-file.js'
import { prepareJoining } from '../cluster/joining.js'
import { processSpecs, supervisorDir } from '../cluster/lifecycle.js'
import { kernelName, localNodes } from '../cluster/local-nodes.js'
import { startNode } from '../cluster/node.js'
import { OperatorError } from '../cluster/operator-error.js'
import { SUPERVISED_BY } from '../cluster/process-table.js'
import { supervise } from '../cluster/supervisor.js'
import { ensureNodeNamespace, ensureWayOut } from '../network/node-namespace.js'
import { aborted } from './aborted.js'
import { type ClusterFlags, existingCluster } from './existing-cluster.js'
import { featureGatesOf, runtimeConfigOf } from './feature-flags.js'
import { logFault } from './log.js'

/** Keeps the processes of a cluster running until it is asked to end. */
export async function runSupervisor(flags: ClusterFlags): Promise<void> {
  using termination = terminationSignal()
  const { paths, config } = await existingCluster(flags)
  await prepareNetworks(config)
  await using supervision = await supervise(processSpecs(config), {
    stateDir: supervisorDir(paths),
    logDir: paths.logs,
    onEvent: event => process.stdout.write(`${new Date().toISOString()} ${JSON.stringify(event)}\n`),
  })
  await aborted(termination.signal)
  await supervision.stop()
}

/** The networks of nodes that are not the machine itself; after a boot of the machine they are gone. */
async function prepareNetworks(config: ClusterConfig): Promise<void> {
  const namespaces = localNodes(config).flatMap(({ namespace }) => namespace ?? [])
  if (namespaces.length === 0) return
  await ensureWayOut({ cluster: kernelName(config), ...config })
  for (const namespace of namespaces) await ensureNodeNamespace(namespace)
}

/** API server, controllers and scheduler of a cluster. */
export async function runControlPlane(flags: ClusterFlags): Promise<void> {
  using termination = terminationSignal()
  const { paths, config } = await existingCluster(flags)
  const credentials = await ensureClusterCredentials(paths, config)
  await ensureEncryptionFile(paths.encryption)
  await using controlPlane = await ControlPlane.start({
    dataDir: paths.store,
    operation: { encryption: { file: paths.encryption, reload: true } },
    bindAddress: '0.0.0.0',
    port: config.apiPort,
    advertiseAddress: config.address,
    serviceCidr: config.serviceCidr,
    podCidr: config.podCidr,
    simulatedNodes: config.simulatedNodes,
    runtimeConfig: await runtimeConfigOf(config),
    featureGates: await featureGatesOf(config),
    ...(config.configFile ? { config: config.configFile } : {}),
    ...credentials,
    authentication: { bootstrapTokens: true },
    apiServerNodes: [config.nodeName],
    onError: logFault,
  })
  await prepareJoining(controlPlane.client, {
    server: `https://${config.address}:${config.apiPort}`,
    ca: credentials.pki.ca.certificate,
  })
  const { signal, restart } = restartable(termination.signal)
  await using _upkeep = await keepClusterCredentials({
    paths,
    config,
    credentials,
    controlPlane,
    restart,
    onError: logFault,
  })
  await aborted(signal)
}

/** A signal that aborts as another one does, or when the process is to end in order to be started again. */
function restartable(termination: AbortSignal): { readonly signal: AbortSignal; readonly restart: () => void } {
  const stop = new AbortController()
  const restart = () => {
    process.stdout.write(
      'an authority of the cluster, or its key for service accounts, is another one: starting again\n',
    )
    stop.abort()
  }
  return { signal: AbortSignal.any([termination, stop.signal]), restart }
}

/** Kubelet, service proxy and DNS of a node, and the containerd under it. */
export async function runNode(flags: ClusterFlags & { readonly node?: string }): Promise<void> {
  using termination = terminationSignal()
  // What this process starts outlives it, and must not be taken for the supervisor's own.
  delete process.env[SUPERVISED_BY]
  const { paths, config } = await existingCluster(flags)
  const credentials = await ensureClusterCredentials(paths, config)
  const local = localNodes(config).find(({ name }) => name === (flags.node ?? config.nodeName))
  if (!local)
    throw new OperatorError(
      `the cluster ${config.name} has no node ${flags.node}`,
      '`t8s up --nodes` says how many it has.',
    )
  const { signal, restart } = restartable(termination.signal)
  await using _node = await startNode({ paths, config, local, credentials, signal, restart, onError: logFault })
  await aborted(signal)
}
