import { type ClusterConfig, readConfig } from '../cluster/cluster-config.js'
import { ControlPlane } from '../cluster/control-plane.js'
import { terminationSignal } from '../cluster/daemon.js'
import { ensureEncryptionFile } from '../cluster/encryption-file.js'
import { ensureClusterCredentials, processSpecs, supervisorDir } from '../cluster/lifecycle.js'
import { kernelName, localNodes } from '../cluster/local-nodes.js'
import { startNode } from '../cluster/node.js'
import { OperatorError } from '../cluster/operator-error.js'
import { type ClusterPaths, clusterPaths } from '../cluster/paths.js'
import { SUPERVISED_BY } from '../cluster/process-table.js'
import { supervise } from '../cluster/supervisor.js'
import { ensureNodeNamespace, ensureWayOut } from '../network/node-namespace.js'
import { logFault } from './log.js'
import { aborted } from './run-api-server.js'

interface Flags {
  readonly name: string
  readonly root?: string
}

async function clusterOf({ name, root }: Flags): Promise<{ paths: ClusterPaths; config: ClusterConfig }> {
  if (root) process.env['T8S_ROOT'] = root
  const paths = clusterPaths(name, { root })
  const config = await readConfig(paths)
  if (!config) throw new OperatorError(`there is no cluster ${name}`, '`t8s up` makes it.')
  return { paths, config }
}

/** Keeps the processes of a cluster running until it is asked to end. */
export async function runSupervisor(flags: Flags): Promise<void> {
  using termination = terminationSignal()
  const { paths, config } = await clusterOf(flags)
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
export async function runControlPlane(flags: Flags): Promise<void> {
  using termination = terminationSignal()
  const { paths, config } = await clusterOf(flags)
  const credentials = await ensureClusterCredentials(paths, config)
  await ensureEncryptionFile(paths.encryption)
  await using _controlPlane = await ControlPlane.start({
    dataDir: paths.store,
    operation: { encryption: { file: paths.encryption, reload: true } },
    bindAddress: '0.0.0.0',
    port: config.apiPort,
    advertiseAddress: config.address,
    serviceCidr: config.serviceCidr,
    podCidr: config.podCidr,
    simulatedNodes: config.simulatedNodes,
    ...(config.configFile ? { config: config.configFile } : {}),
    ...credentials,
    authentication: { bootstrapTokens: true },
    onError: logFault,
  })
  await aborted(termination.signal)
}

/** Kubelet, service proxy and DNS of a node, and the containerd under it. */
export async function runNode(flags: Flags & { readonly node?: string }): Promise<void> {
  using termination = terminationSignal()
  // What this process starts outlives it, and must not be taken for the supervisor's own.
  delete process.env[SUPERVISED_BY]
  const { paths, config } = await clusterOf(flags)
  const { pki } = await ensureClusterCredentials(paths, config)
  const local = localNodes(config).find(({ name }) => name === (flags.node ?? config.nodeName))
  if (!local)
    throw new OperatorError(
      `the cluster ${config.name} has no node ${flags.node}`,
      '`t8s up --nodes` says how many it has.',
    )
  await using _node = await startNode({ paths, config, local, pki, signal: termination.signal, onError: logFault })
  await aborted(termination.signal)
}
