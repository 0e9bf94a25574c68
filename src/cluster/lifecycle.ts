import { mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Node } from '../api/core/v1/index.js'
import { apiClient } from '../client/api-client.js'
import type { Client } from '../client/client.js'
import { httpsTransport } from '../client/https-transport.js'
import { messageOf } from '../machinery/message-of.js'
import { isNotFound } from '../machinery/status-error.js'
import { queryDns } from '../network/dns/index.js'
import { inNamespace } from '../network/node-namespace.js'
import { installPackages } from './apt.js'
import { firstAddress } from './assembly.js'
import { type ClusterConfig, readConfig, writeConfig } from './cluster-config.js'
import { adminEndpoint, type ClusterCredentials, ensureClusterCredentials } from './cluster-credentials.js'
import { commandFor } from './command-for.js'
import { isOtherConfig, takeOnConfig, withCheckedFile } from './config-reload.js'
import { contextName } from './context-name.js'
import { findDaemon, startDaemon, stopDaemon } from './daemon.js'
import { contextEntry, kubeconfigForNewContext, mergeContext, removeContext, requireKubeconfig } from './kubeconfig.js'
import { localNodes } from './local-nodes.js'
import { tailLog } from './log-file.js'
import { removeNodes, stopNodes } from './node-removal.js'
import { hasCode, OperatorError } from './operator-error.js'
import { missingRequirements } from './packages.js'
import { type ClusterPaths, nodePaths } from './paths.js'
import type { ClusterPki } from './pki.js'
import type { ProcessSpec } from './process-spec.js'
import { listProcesses } from './process-table.js'
import type { Progress } from './progress.js'
import { answersHttp } from './readiness.js'
import { refuseChanges, requireFreePorts } from './start-conditions.js'
import { endOrphans } from './supervisor.js'

/** The program that runs the parts of a cluster: the one that was started. */
const program = process.argv[1] ?? ''

const pollMs = 20
const dnsProbe = 'kubernetes.default.svc'

export interface UpOptions {
  readonly paths: ClusterPaths
  readonly config: ClusterConfig
  readonly progress: Progress
  /** False only lists what would be installed. */
  readonly install: boolean
  readonly signal: AbortSignal
  /** How long the cluster may take to become ready, in ms. */
  readonly timeoutMs: number
}

const supervisorDir = (paths: ClusterPaths): string => join(paths.run, 'supervisor')
const supervisorLog = (paths: ClusterPaths): string => join(paths.logs, 'supervisor.log')

/**
 * Brings a cluster up: installs what is missing, makes its certificates, starts it in the background, and waits until
 * its node is ready and its DNS answers. Harmless if it is up already. If it fails or is interrupted, what it has
 * started is stopped again. Answers the path of the kubeconfig that got the context.
 */
export async function bringUp(
  options: UpOptions,
): Promise<{ readonly kubeconfig: string; readonly alreadyUp: boolean }> {
  const { paths, progress, signal } = options
  // What a name or a file makes impossible is found before anything is made.
  for (const { name } of localNodes(options.config)) nodePaths(paths, name)
  await requireKubeconfig(options.config.kubeconfig ?? (await kubeconfigForNewContext()))
  const { config, manifest } = await withCheckedFile(options.config, progress)
  const running = await findDaemon(supervisorDir(paths))
  const known = await readConfig(paths)
  if (known) refuseChanges(known, config, running !== undefined)
  await ensurePackages(options)
  signal.throwIfAborted()
  if (!running) {
    if (known) await endOrphans(supervisorDir(paths))
    // A cluster that was killed may still have in the kernel what it is to have no more.
    if (known && known.nodes > config.nodes) await stopNodes(paths, known)
    await requireFreePorts(config)
  }
  const { pki, admin } = await progress.step('certificates', () => prepareFiles(paths, config))
  try {
    if (!running)
      await progress.step('processes', async step => {
        step.detail('starting')
        await startDaemon([process.execPath, program, 'supervise', '--name', config.name, ...rootFlag()], {
          stateDir: supervisorDir(paths),
          logFile: supervisorLog(paths),
          signal,
        })
      })
    const endpoint = adminEndpoint(config, pki.ca, admin)
    await using transport = httpsTransport(endpoint)
    const client = apiClient(transport.handle)
    if (running && isOtherConfig(known, config))
      await progress.step('taking on the configuration', () => takeOnConfig(supervisorDir(paths), manifest, client))
    const until = { signal, deadline: performance.now() + options.timeoutMs }
    const waitFor = (title: string, check: () => Promise<string | undefined>) =>
      progress.step(title, step =>
        untilWell(
          check,
          text => step.detail(text),
          until,
          () => explain(paths, title),
        ),
      )
    await waitFor('API server', () => apiServerTrouble(config, pki))
    await Promise.all([
      waitFor(config.nodes === 1 ? 'node ready' : 'nodes ready', () => nodesTrouble(client, config)),
      waitFor('cluster DNS', () => dnsTrouble(config)),
    ])
    if (!running) await retireNodes(paths, config, client)
    const kubeconfig = await mergeContext(
      config.kubeconfig ?? (await kubeconfigForNewContext()),
      contextEntry({
        name: contextName(config.name),
        server: endpoint.server,
        ca: pki.ca.certificate,
        credential: admin,
      }),
    )
    await writeConfig(paths, { ...config, kubeconfig })
    return { kubeconfig, alreadyUp: running !== undefined }
  } catch (error) {
    // What it would be next time is what it is.
    if (running && known) await writeConfig(paths, known)
    // Nothing half-started is left behind; a cluster that ran before is not ours to stop.
    if (!running) await progress.step('stopping again', () => takeDown(paths, config))
    throw error
  }
}

/** Stops everything and keeps the data. Harmless if nothing runs. */
export async function takeDown(paths: ClusterPaths, config: ClusterConfig): Promise<void> {
  await stopDaemon(supervisorDir(paths))
  await endOrphans(supervisorDir(paths))
  await stopNodes(paths, config)
}

/** Removes every trace of a cluster. Harmless if there is none. */
export async function deleteCluster(paths: ClusterPaths, config: ClusterConfig): Promise<void> {
  await takeDown(paths, config)
  await removeNodes(paths, config)
  if (config.kubeconfig) await removeContext(config.kubeconfig, contextName(config.name))
  for (const folder of [paths.run, paths.logs, paths.data]) {
    await rm(folder, { recursive: true, force: true })
    await removeIfEmpty(dirname(folder))
  }
}

/** Other clusters may be there as well. */
async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder)
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'ENOENT')) throw error
  }
}

/** Forgets the nodes that a cluster had when it was told to have more of them. */
async function retireNodes(paths: ClusterPaths, config: ClusterConfig, client: Client): Promise<void> {
  const present = new Set(localNodes(config).map(({ name }) => name))
  for (const name of await readdir(join(paths.data, 'nodes'))) {
    if (present.has(name)) continue
    await client.delete(Node, { name }).catch(error => {
      if (!isNotFound(error)) throw error
    })
    const { data, run } = nodePaths(paths, name)
    for (const folder of [data, run]) await rm(folder, { recursive: true, force: true })
  }
}

/** What a supervisor keeps running for a cluster. */
export const processSpecs = (config: ClusterConfig): readonly ProcessSpec[] => {
  const flags = ['--name', config.name, ...rootFlag()]
  return [
    { name: 'control-plane', argv: [process.execPath, program, 'control-plane', ...flags] },
    ...localNodes(config).map(({ name, process: processName, namespace }): ProcessSpec => {
      const argv = [process.execPath, program, 'node', ...flags, '--node', name] as const
      return { name: processName, argv: namespace ? [...inNamespace(namespace), ...argv] : argv, graceMs: 20_000 }
    }),
  ]
}

export { supervisorDir, supervisorLog }

/** The folder everything lies below, if it is not the usual ones; children must agree with us. */
const rootFlag = (): readonly string[] => (process.env['T8S_ROOT'] ? ['--root', process.env['T8S_ROOT']] : [])

async function ensurePackages({ progress, install, signal }: UpOptions): Promise<void> {
  const missing = missingRequirements()
  if (missing.length === 0) return
  const names = missing.map(requirement => requirement.package)
  if (!install)
    throw new OperatorError(
      `packages are missing: ${missing.map(({ package: name, purpose }) => `${name} (${purpose})`).join(', ')}`,
      `Install them with: apt-get install --no-install-recommends ${names.join(' ')}`,
    )
  for (const { package: name, purpose } of missing) progress.note(`to be installed: ${name} (${purpose})`)
  await progress.step(`installing ${names.length} Debian packages`, step =>
    installPackages(names, { signal, onOutput: line => step.detail(line) }),
  )
}

async function prepareFiles(paths: ClusterPaths, config: ClusterConfig): Promise<ClusterCredentials> {
  for (const folder of [paths.data, paths.run]) await mkdir(folder, { recursive: true, mode: 0o711 })
  const credentials = await ensureClusterCredentials(paths, config)
  await writeConfig(paths, config)
  return credentials
}

/** Asks until `check` finds no trouble; the trouble of the moment is shown. */
async function untilWell(
  check: () => Promise<string | undefined>,
  show: (trouble: string) => void,
  { signal, deadline }: { readonly signal: AbortSignal; readonly deadline: number },
  explain: () => Promise<string>,
): Promise<void> {
  let trouble: string | undefined
  for (;;) {
    signal.throwIfAborted()
    if (performance.now() > deadline)
      throw new OperatorError(`gave up waiting: ${trouble ?? 'it did not answer in time'}`, await explain())
    trouble = await answerWithin(check()).catch(messageOf)
    if (trouble === undefined) return
    show(trouble)
    await pause(pollMs)
  }
}

/** An answer that stays out must not hold up everything else: who is asked is asked again. */
const patienceMs = 3_000

async function answerWithin<T>(answer: Promise<T>): Promise<T> {
  const settled = new AbortController()
  const late = pause(patienceMs, undefined, { signal: settled.signal }).then(() => {
    throw new Error(`no answer within ${patienceMs / 1000} s`)
  })
  // Either may lose the race and fail unheard.
  late.catch(() => {})
  answer.catch(() => {})
  try {
    return await Promise.race([answer, late])
  } finally {
    settled.abort()
  }
}

async function apiServerTrouble({ apiPort }: ClusterConfig, pki: ClusterPki): Promise<string | undefined> {
  await answersHttp({ url: `https://127.0.0.1:${apiPort}/readyz`, ca: pki.ca.certificate })
  return undefined
}

async function nodeTrouble(client: Client, name: string): Promise<string | undefined> {
  const { status } = await client.get(Node, { name })
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' ? undefined : (ready?.message ?? 'the node has not reported yet')
}

/** The first trouble of any node; which one, if there are several. */
async function nodesTrouble(client: Client, config: ClusterConfig): Promise<string | undefined> {
  for (const { name } of localNodes(config)) {
    const trouble = await nodeTrouble(client, name).catch(messageOf)
    if (trouble !== undefined) return config.nodes === 1 ? trouble : `${name}: ${trouble}`
  }
  return undefined
}

async function dnsTrouble(config: ClusterConfig): Promise<string | undefined> {
  const name = `${dnsProbe}.${config.clusterDomain}`
  const answers = await queryDns({ address: config.dnsAddress, port: 53, name, timeoutMs: 500 })
  return answers.includes(firstAddress(config.serviceCidr)) ? undefined : `no address for ${name} yet`
}

/** What to look at when the cluster does not come up: the last lines of its processes' logs. */
async function explain(paths: ClusterPaths, what: string): Promise<string> {
  const component = what === 'API server' ? 'control-plane' : 'node'
  const lines = await tailLog(join(paths.logs, `${component}.log`), { lines: 5 })
  const said = lines.length > 0 ? `Its log ends with:\n  ${lines.join('\n  ')}\n` : ''
  return `${said}\`${commandFor(paths.name, `logs ${component}`)}\` shows all of it; with --timeout you can give it longer.`
}

export interface ClusterStatus {
  readonly config: ClusterConfig
  readonly supervisor: number | undefined
  readonly processes: Awaited<ReturnType<typeof listProcesses>>
  /** What is wrong with each part; undefined if it is well. */
  readonly troubles: { readonly [part: string]: string | undefined }
}

/** How a cluster is. Undefined if there is none. */
export async function clusterStatus(paths: ClusterPaths): Promise<ClusterStatus | undefined> {
  const config = await readConfig(paths)
  if (!config) return undefined
  const supervisor = await findDaemon(supervisorDir(paths))
  const processes = await listProcesses(supervisorDir(paths))
  if (!supervisor && processes.every(({ running }) => !running))
    return { config, supervisor: undefined, processes, troubles: {} }
  const { pki, admin } = await ensureClusterCredentials(paths, config)
  await using transport = httpsTransport(adminEndpoint(config, pki.ca, admin))
  const client = apiClient(transport.handle)
  const [apiServer, node, dns] = await Promise.all([
    apiServerTrouble(config, pki).catch(messageOf),
    nodesTrouble(client, config),
    dnsTrouble(config).catch(messageOf),
  ])
  return {
    config,
    supervisor: supervisor?.pid,
    processes,
    troubles: { 'API server': apiServer, [config.nodes === 1 ? 'node' : 'nodes']: node, 'cluster DNS': dns },
  }
}
