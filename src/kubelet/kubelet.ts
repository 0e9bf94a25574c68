import { setMaxListeners } from 'node:events'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Pod } from '../api/core/v1/index.js'
import { EventWriter } from '../client/event-recorder.js'
import { Informer } from '../client/informer.js'
import { systemClock } from '../machinery/clock.js'
import { quantityValue } from '../machinery/quantity.js'
import { parseResolvConf } from './container/dns.js'
import { cpuShares } from './container/linux-resources.js'
import { DisposalStack } from './disposal-stack.js'
import { burstableWeight, removeLeftovers, repeatedly, rotateLogs } from './housekeeping.js'
import { ImagePuller } from './images/image-puller.js'
import { FolderWatches } from './logs/folder-watches.js'
import { MirrorPods } from './mirror-pods.js'
import { findCgroupHierarchies } from './node/cgroup-hierarchies.js'
import { cgroupUsage } from './node/cgroup-usage.js'
import { Cgroups } from './node/cgroups.js'
import { diskUsage } from './node/disk-usage.js'
import { Evictor, evictionDefaults } from './node/evictor.js'
import { FolderUsages } from './node/folder-usage.js'
import { ImageCollector } from './node/image-collector.js'
import { hostAddresses, machineFacts } from './node/machine-facts.js'
import { NodeAgent } from './node/node-agent.js'
import { nodeCapacity } from './node/node-capacity.js'
import { type NodeContext, podLogFolder } from './node-context.js'
import { diskConsumption, memoryConsumption } from './node-usage.js'
import type { KubeletOptions, ServerCredentials } from './options.js'
import { podCgroup } from './pod-sandbox.js'
import { PodWorkers } from './pod-workers.js'
import { ReferencedObjects } from './referenced-objects.js'
import { connectCri } from './runtime/cri-client.js'
import { imageMounts } from './runtime/image-mounts.js'
import { listMounts } from './runtime/mounts.js'
import { runtimeFeatures } from './runtime-features.js'
import { followRuntime } from './runtime-follower.js'
import { RuntimeView } from './runtime-view.js'
import { Services } from './services.js'
import { Access } from './serving/access.js'
import { claimedDisks, volumeMetrics } from './serving/claimed-disks.js'
import { configz } from './serving/configz.js'
import { containerMetrics } from './serving/container-metrics.js'
import { type KubeletServer, startKubeletServer } from './serving/kubelet-server.js'
import { agentMetrics, probeMetrics, resourceMetrics } from './serving/metrics-text.js'
import { routes } from './serving/routes.js'
import { briefSummary, CpuRates, statsSummary } from './serving/stats-summary.js'
import { systemContainers } from './serving/system-containers.js'
import { nodeUsage } from './serving/usage.js'
import { nodeDetails } from './serving/usage-details.js'
import { Slots } from './slots.js'
import { followManifests } from './static-pods.js'
import { StatusWriter } from './status-writer.js'
import { terminationMessages } from './termination-message.js'
import { imageVolumeReferences } from './volumes/image-volumes.js'
import { mountTmpfs } from './volumes/mounts.js'

/** A running node agent. Disposing of it stops the agent; pods go on, and the next one finds them. */
export interface Kubelet extends AsyncDisposable {
  readonly nodeName: string
  /** Where the server listens; undefined if there is none. */
  readonly port: number | undefined
  /** Resolves when the API server knows that the node is ready. */
  readonly ready: Promise<void>
  /** Shows more below `/metrics`, in Prometheus' text format. */
  addMetrics(text: () => string): void
  /** Swaps what is served with, or by what clients are known; what is under way goes on. */
  renewServing(change: Partial<ServerCredentials>): void
}

const defaultMaxPods = 110
const defaultPort = 10250
/** Containers made at the same time; more would only wait for the processors. */
const concurrency = 8
const intervals = { watchful: 10_000, thorough: 300_000 }

/** Runs a node: registers it, and runs the pods that are bound to it. Needs root. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { nodeName, client, clock = systemClock, onError = error => console.error(error) } = options
  const stopping = new AbortController()
  const { signal } = stopping
  // Every call that is under way listens to it.
  setMaxListeners(0, signal)
  const parts = new DisposalStack()
  try {
    const podsFolder = join(options.rootDir, 'pods')
    const secretFolder = secretFolderOf(options.rootDir)
    await mkdir(podsFolder, { recursive: true, mode: 0o750 })
    await mkdir(options.logDir, { recursive: true, mode: 0o755 })
    await ensureTmpfs(secretFolder)

    const facts = { ...machineFacts(), ...(options.hostname ? { hostname: options.hostname } : {}) }
    const hostIps = options.nodeIps ?? hostAddresses()
    const disk = () => diskUsage(options.rootDir)
    const thresholds = { ...evictionDefaults, ...options.eviction }
    const maxPods = options.maxPods ?? defaultMaxPods
    const capacity = nodeCapacity(facts, await disk(), {
      maxPods,
      reserved: options.reserved ?? {},
      memoryThreshold: thresholds.memoryAvailable,
      diskThreshold: thresholds.diskAvailable,
    })
    const hierarchies = findCgroupHierarchies()
    const cgroups = new Cgroups(hierarchies, options.cgroupRoot ?? '/')
    await cgroups.prepare({
      cpuShares: cpuShares(facts.cpus * 1000),
      memoryLimitInBytes: quantityValue(capacity.allocatable.memory ?? '0'),
    })

    const cri = parts.use(connectCri(options.criSocket))
    const writer = parts.use(new EventWriter({ client, clock, onError }))
    const events = writer.recorder({ component: 'kubelet', host: nodeName })
    const machine = { hostIps, allocatable: capacity.allocatable, memoryCapacity: facts.memory }
    const objects = new ReferencedObjects(client, clock)
    const messages = terminationMessages(podsFolder, clock)
    const view = new RuntimeView({ cri, clock, signal, messages, changed: uid => workers.wake(uid) })
    const images = parts.use(imageMounts(options.criSocket, cri))
    const context: NodeContext = {
      nodeName,
      client,
      cri,
      clock,
      events,
      view,
      images: new ImagePuller({ cri, clock }),
      volumes: { client, clock, objects, podsFolder, secretFolder, node: machine, imageMounts: images },
      cgroups,
      statuses: parts.use(new StatusWriter(client, clock)),
      services: parts.use(new Services(client, clock, onError)),
      slots: new Slots(concurrency),
      dns: {
        clusterDns: options.clusterDns ?? [],
        clusterDomain: options.clusterDomain ?? 'cluster.local',
        host: parseResolvConf(await readFile(options.resolvConf ?? '/etc/resolv.conf', 'utf8').catch(() => '')),
      },
      machine,
      features: () => runtimeFeatures(agent.runtime),
      podsFolder,
      logFolder: options.logDir,
      seccompFolder: join(options.rootDir, 'seccomp'),
      hostsFile: () => readFile('/etc/hosts', 'utf8').catch(() => ''),
    }
    const imageCollector = new ImageCollector({
      cri,
      clock,
      disk,
      mounted: () => imageVolumeReferences(workers.active),
    })
    const evictor = new Evictor({
      clock,
      events,
      thresholds: options.eviction ?? {},
      memoryAvailable: async () => facts.memory - ((await cgroupUsage(hierarchies, '/'))?.workingSet ?? 0),
      disk,
      pods: () => workers.active,
      memoryOf: pod => memoryConsumption(context, hierarchies, pod),
      diskOf: pod => diskConsumption(context, pod),
      freeDisk: async () => (await imageCollector.collect(true)) > 0,
      condemn: (pod, verdict) => workers.condemn(pod.metadata.uid ?? '', verdict),
      changed: () => agent.check(),
    })
    const nodeState = () => ({
      name: nodeName,
      labels: agent.node?.metadata.labels ?? {},
      allocatable: capacity.allocatable,
      memoryPressure: evictor.pressure.memory,
      diskPressure: evictor.pressure.disk,
      allowedSysctls: options.allowedSysctls ?? [],
    })
    const mirrors = new MirrorPods(client, () => agent.node?.metadata.uid, onError)
    const workers: PodWorkers = new PodWorkers(context, { state: nodeState, refresh: () => agent.refresh() }, mirrors)
    const watches = parts.use(new FolderWatches())

    const furtherMetrics: (() => string)[] = []
    let server: KubeletServer | undefined
    if (options.server) {
      const rates = new CpuRates()
      const startTime = clock.now()
      const measured = {
        cri,
        clock,
        hierarchies,
        rootDir: options.rootDir,
        claimedDisks: (pod: Pod) => claimedDisks(workers.volumesOf(pod.metadata.uid ?? '')),
        volumeFolders: (uid: string) => [join(podsFolder, uid, 'volumes'), join(secretFolder, uid)],
        logFolderOf: (pod: Pod) => podLogFolder(context, pod),
        folders: new FolderUsages(clock),
        pods: () => workers.pods,
        observed: (uid: string) => view.get(uid),
        podCgroup: (pod: Pod) => podCgroup(context, pod),
      }
      const served = routes({
        ...measured,
        logFolder: options.logDir,
        watches,
        onChange: (uid, changed) => view.onChange(uid, changed),
        summary: async brief => {
          rates.sweep(clock.now() - intervals.thorough)
          const options = {
            rates,
            startTime,
            memoryCapacity: facts.memory,
            systemContainers: await systemContainers(hierarchies, cgroups.podsPath, startTime),
          }
          if (brief) return briefSummary(nodeName, await nodeUsage(measured), options)
          const [imageFilesystem] = (await cri.imageFsInfo({})).imageFilesystems
          const more = { ...options, swapCapacity: facts.swap, imageFilesystem }
          return statsSummary(nodeName, await nodeDetails(measured), more)
        },
        resourceMetrics: async () => {
          const usage = await nodeUsage(measured)
          // So that the first summary tells how fast CPU time is used.
          rates.note(usage)
          rates.sweep(clock.now() - intervals.thorough)
          return resourceMetrics(usage)
        },
        containerMetrics: async () => containerMetrics(await nodeDetails(measured), facts),
        configz: () => configz(options, { ...thresholds, maxPods, port: server?.port ?? defaultPort }),
        probeMetrics: () => probeMetrics(workers.probeCounts),
        metrics: async () => {
          const all = workers.pods.map(({ metadata }) => view.get(metadata.uid ?? ''))
          const running = all.filter(({ sandboxes }) => sandboxes.some(({ ready }) => ready)).length
          const containers = all.flatMap(({ containers }) => containers)
          const disks = await Promise.all(
            workers.pods.map(async pod => ({ pod, disks: await measured.claimedDisks(pod) })),
          )
          const own = [agentMetrics(nodeName, containers, running), volumeMetrics(disks)]
          return [...own, ...furtherMetrics.map(text => text())].join('')
        },
      })
      server = parts.use(await startKubeletServer(options.server, new Access(client, clock, nodeName), served, onError))
    }

    const agent: NodeAgent = parts.use(
      new NodeAgent({
        client,
        cri,
        clock,
        events,
        facts,
        registration: {
          name: nodeName,
          facts,
          ...(options.labels ? { labels: options.labels } : {}),
          ...(options.taints ? { taints: options.taints } : {}),
        },
        addresses: hostIps,
        capacity,
        pressure: () => evictor.pressure,
        port: () => server?.port ?? defaultPort,
        onError,
      }),
    )
    const pods = new Informer(Pod, {
      client,
      clock,
      onError,
      selection: { fieldSelector: `spec.nodeName=${nodeName}` },
    })
    let tellListed = () => {}
    const firstList = new Promise<void>(resolve => {
      tellListed = resolve
    })
    const clearUp = async () => {
      if (workers.hasBegun) await removeLeftovers(context, uid => workers.knows(uid))
    }
    const background = [
      followRuntime({
        view,
        criSocket: options.criSocket,
        clock,
        signal,
        onError,
        listed: () => {
          tellListed()
          workers.adoptOrphans()
        },
        reconnected: () => agent.check(),
      }),
      begin(pods, workers, agent, firstList, signal).then(clearUp).catch(onError),
    ]
    const { manifestDir } = options
    if (manifestDir) {
      const changed = (statics: readonly Pod[]) => workers.setStatics(statics)
      const manifests = { folder: manifestDir, nodeName, clock, watches, signal, onError, changed }
      background.push(firstList.then(() => followManifests(manifests)).catch(onError))
    }
    const work = { clock, signal, onError }
    background.push(
      repeatedly(intervals.watchful, () => evictor.check(), work),
      repeatedly(intervals.watchful, () => rotateLogs(context, workers.pods), work),
      repeatedly(
        intervals.watchful,
        burstableWeight(cgroups, () => workers.active),
        work,
      ),
      repeatedly(intervals.thorough, () => imageCollector.collect(), work),
      repeatedly(
        intervals.thorough,
        async () => {
          context.images.sweep()
          await clearUp()
        },
        work,
      ),
    )
    parts.defer(async () => {
      await workers.stop()
      stopping.abort(new Error('the node agent stops'))
      // If the runtime has never answered, there has been nothing to follow.
      tellListed()
      await pods[Symbol.asyncDispose]()
      await Promise.all(background)
    })
    // Node events are about the node's name in place of its uid.
    const self = { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName, uid: nodeName } }
    events.record(self, 'Normal', 'Starting', 'Starting kubelet.')
    agent.start()
    pods.start()
    return {
      nodeName,
      port: server?.port,
      ready: agent.ready,
      addMetrics: text => furtherMetrics.push(text),
      renewServing: change => server?.renew(change),
      [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
    }
  } catch (error) {
    stopping.abort(error)
    await parts[Symbol.asyncDispose]()
    throw error
  }
}

/** Hands pods to their workers once it is known what already runs, and what the node is. */
async function begin(
  pods: Informer<Pod>,
  workers: PodWorkers,
  agent: NodeAgent,
  firstList: Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const stopped = new Promise<'stopped'>(resolve => signal.addEventListener('abort', () => resolve('stopped')))
  const all = Promise.all([pods.synced(), agent.registered, firstList]).catch(() => 'stopped' as const)
  if ((await Promise.race([all, stopped])) === 'stopped') return
  workers.begin(pods.list())
  pods.onChange((pod, _, change) => {
    if (change === 'deleted') workers.gone(pod)
    else workers.set(pod)
  })
}

/** Where what must not be written to disk lies. */
const secretFolderOf = (rootDir: string): string => join(rootDir, 'secrets')

/** A folder whose content is never written to disk; one that an earlier agent mounted is kept. */
async function ensureTmpfs(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 })
  if ((await listMounts()).some(({ path }) => path === folder)) return
  await mountTmpfs(folder)
}
