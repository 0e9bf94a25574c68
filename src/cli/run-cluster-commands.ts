import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type ClusterConfig, defaultConfig, readConfig } from '../cluster/cluster-config.js'
import { commandFor } from '../cluster/command-for.js'
import { contextName } from '../cluster/context-name.js'
import { terminationSignal } from '../cluster/daemon.js'
import { dnsAddressIn, freshConfig, knownConfigs } from '../cluster/fresh-config.js'
import { bringUp, clusterStatus, deleteCluster, takeDown } from '../cluster/lifecycle.js'
import { OperatorError } from '../cluster/operator-error.js'
import { elapsed, showProgress } from '../cluster/progress.js'
import { parseCidr } from '../machinery/ip-address.js'
import { type ClusterFlags, existingCluster, pathsOf } from './existing-cluster.js'
import { type FeatureFlags, featureGatesOf, runtimeConfigOf } from './feature-flags.js'
import { countOf, durationMs, portNumber } from './flag-values.js'
import { followLogs } from './follow-logs.js'

interface UpFlags extends ClusterFlags, FeatureFlags {
  readonly install: boolean
  readonly apiPort?: string
  readonly address?: string
  readonly serviceCidr?: string
  readonly podCidr?: string
  readonly nodes?: string
  readonly nodeCidr?: string
  readonly kubeletPort?: string
  readonly dnsPort?: string
  readonly nodeName?: string
  readonly simulatedNodes?: string
  /** False if there is to be none. */
  readonly config?: string | false
  readonly kubeconfig?: string
  readonly timeout: string
}

/** `t8s up` */
export async function up(flags: UpFlags): Promise<void> {
  requireRoot('up')
  const paths = pathsOf(flags)
  const warn = (text: string) => process.stderr.write(`warning: ${text}\n`)
  const known = (await readConfig(paths)) ?? freshConfig(flags.name, await knownConfigs(flags.root, warn))
  const config = configOf(flags, known)
  await featureGatesOf(config)
  await runtimeConfigOf(config)
  const timeoutMs = durationMs('--timeout', flags.timeout)
  using progress = showProgress(process.stderr)
  using termination = terminationSignal()
  const began = performance.now()
  const { kubeconfig, alreadyUp } = await bringUp({
    paths,
    config,
    progress,
    install: flags.install,
    signal: termination.signal,
    timeoutMs,
  })
  const context = contextName(config.name)
  process.stdout.write(
    `\n${alreadyUp ? 'The cluster is up already' : `The cluster is ready after ${elapsed(performance.now() - began)}`}. ` +
      `kubectl's context is now "${context}" (${kubeconfig}).\n\nTry:\n` +
      `  kubectl get nodes -o wide\n` +
      `  ${commandFor(flags.name, 'image load FILE')}      # a Docker or OCI archive, when there is no registry\n` +
      `  kubectl create deployment web --image=IMAGE --replicas=3\n`,
  )
}

/** `t8s down` */
export async function down(flags: ClusterFlags): Promise<void> {
  requireRoot('down')
  const { paths, config } = await existingCluster(flags)
  using progress = showProgress(process.stderr)
  await progress.step('stopping the cluster', () => takeDown(paths, config))
  process.stdout.write(
    `The cluster is stopped; its data is kept. \`${commandFor(flags.name, 'up')}\` starts it again.\n`,
  )
}

/** `t8s delete` */
export async function remove(flags: ClusterFlags): Promise<void> {
  requireRoot('delete')
  const paths = pathsOf(flags)
  const config = (await readConfig(paths).catch(() => undefined)) ?? defaultConfig(flags.name)
  using progress = showProgress(process.stderr)
  await progress.step('removing the cluster', () => deleteCluster(paths, config))
}

/** `t8s status`: exit code 0 if all is well, 1 if something is not, 3 if the cluster is stopped. */
export async function status(flags: ClusterFlags): Promise<void> {
  const found = await clusterStatus(pathsOf(flags))
  if (!found) {
    process.stdout.write(`There is no cluster ${flags.name}. \`${commandFor(flags.name, 'up')}\` makes it.\n`)
    process.exitCode = 3
    return
  }
  const { config, supervisor, processes, troubles } = found
  if (supervisor === undefined && Object.keys(troubles).length === 0) {
    process.stdout.write(`The cluster ${flags.name} is stopped. \`${commandFor(flags.name, 'up')}\` starts it.\n`)
    process.exitCode = 3
    return
  }
  const lines = [
    `cluster ${config.name} at https://127.0.0.1:${config.apiPort}, context ${contextName(config.name)}`,
    ...(config.configFile ? [`with ${config.configFile}`] : []),
    '',
  ]
  lines.push(
    `  supervisor     ${supervisor === undefined ? `not running; \`${commandFor(flags.name, 'up')}\` starts it` : `running, pid ${supervisor}`}`,
  )
  for (const { name, running, identity, restarts, startedAt } of processes)
    lines.push(
      `  ${name.padEnd(14)} ${running ? `running, pid ${identity?.pid}` : 'not running'}` +
        `${startedAt && running ? `, up ${elapsed(Date.now() - startedAt)}` : ''}${restarts ? `, restarted ${restarts} times` : ''}`,
    )
  lines.push('')
  for (const [part, trouble] of Object.entries(troubles)) lines.push(`  ${part.padEnd(14)} ${trouble ?? 'ok'}`)
  process.stdout.write(`${lines.join('\n')}\n`)
  if (supervisor === undefined || Object.values(troubles).some(trouble => trouble !== undefined)) process.exitCode = 1
}

/** `t8s logs [component]` */
export async function logs(
  component: string | undefined,
  flags: ClusterFlags & { readonly follow?: boolean; readonly tail: string },
): Promise<void> {
  const { paths, config } = await existingCluster(flags)
  const lines = countOf('--tail', flags.tail)
  using termination = terminationSignal()
  await followLogs(paths, config, { component, lines, follow: flags.follow === true, signal: termination.signal })
}

/** The clusters of this machine, which a new one must not get in the way of. */
function requireRoot(command: string): void {
  if (process.getuid?.() !== 0)
    throw new OperatorError(`\`t8s ${command}\` must be run as root`, `It runs containers. Try: sudo t8s ${command}`)
}

/** What was chosen before, and what the flags change of it. */
function configOf(flags: UpFlags, known: ClusterConfig): ClusterConfig {
  const serviceCidr = networkOf('--service-cidr', flags.serviceCidr ?? known.serviceCidr)
  const { configFile: _, ...others } = known
  const configFile = configFileOf(flags, known)
  return {
    ...others,
    ...(configFile ? { configFile } : {}),
    serviceCidr,
    podCidr: networkOf('--pod-cidr', flags.podCidr ?? known.podCidr),
    dnsAddress: dnsAddressIn(serviceCidr),
    nodeCidr: networkOf('--node-cidr', flags.nodeCidr ?? known.nodeCidr),
    ...(flags.nodes ? { nodes: countOf('--nodes', flags.nodes, 1) } : {}),
    ...(flags.address ? { address: flags.address } : {}),
    ...(flags.nodeName ? { nodeName: flags.nodeName } : {}),
    ...(flags.runtimeConfig !== undefined ? { runtimeConfig: flags.runtimeConfig } : {}),
    ...(flags.featureGates !== undefined ? { featureGates: flags.featureGates } : {}),
    ...(flags.kubeconfig ? { kubeconfig: flags.kubeconfig } : {}),
    ...(flags.apiPort ? { apiPort: portNumber('--api-port', flags.apiPort) } : {}),
    ...(flags.kubeletPort ? { kubeletPort: portNumber('--kubelet-port', flags.kubeletPort) } : {}),
    ...(flags.dnsPort ? { dnsPort: portNumber('--dns-port', flags.dnsPort) } : {}),
    ...(flags.simulatedNodes ? { simulatedNodes: countOf('--simulated-nodes', flags.simulatedNodes) } : {}),
  }
}

/** The one that is named, the one of this folder, or the one the cluster has. */
function configFileOf({ config }: UpFlags, known: ClusterConfig): string | undefined {
  if (config === false) return undefined
  const ofThisFolder = existsSync(defaultConfigFile) ? defaultConfigFile : undefined
  const named = config ?? ofThisFolder
  return named === undefined ? known.configFile : resolve(named)
}

const defaultConfigFile = 't8s.config.ts'

function networkOf(flag: string, value: string): string {
  if (!parseCidr(value))
    throw new OperatorError(`${flag} is ${JSON.stringify(value)}, which is no network`, 'Write it as in 10.96.0.0/16.')
  return value
}
