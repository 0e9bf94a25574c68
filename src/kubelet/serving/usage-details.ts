import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Pod } from '../../api/core/v1/index.js'
import { type CgroupDetails, cgroupDetails } from '../node/cgroup-details.js'
import { type DiskUsage, diskUsage } from '../node/disk-usage.js'
import type { FolderUsage, FolderUsages } from '../node/folder-usage.js'
import { type InterfaceUsage, networkUsage } from '../node/network-usage.js'
import type { CriClient } from '../runtime/cri-client.js'
import type { ContainerStats } from '../runtime/cri-messages.js'
import type { ClaimedDisk } from './claimed-disks.js'
import { type ContainerUsage, type NodeUsage, nodeUsage, type PodUsage, type UsageContext } from './usage.js'

export interface DetailsContext extends UsageContext {
  readonly cri: CriClient
  readonly rootDir: string
  /** Where volumes of a pod are, one folder a plugin. */
  readonly volumeFolders: (uid: string) => readonly string[]
  readonly claimedDisks: (pod: Pod) => Promise<readonly ClaimedDisk[]>
  readonly logFolderOf: (pod: Pod) => string
  /** What folders of logs and volumes take. */
  readonly folders: FolderUsages
}

export interface ContainerDetails extends ContainerUsage {
  readonly details: CgroupDetails
  /** What it wrote into its own file system. */
  readonly written: FolderUsage
  readonly logs: FolderUsage
}

export interface VolumeUsage {
  readonly name: string
  /** The claim that it is of. */
  readonly claim?: string
  /** All that is on the disk, if that is the volume's own. */
  readonly used?: FolderUsage
  /** The filesystem that it lies on. */
  readonly disk: DiskUsage
}

export interface PodDetails extends Omit<PodUsage, 'containers'> {
  readonly details: CgroupDetails
  readonly containers: readonly ContainerDetails[]
  /** The pod's own interfaces; none on the node's network. */
  readonly network: readonly InterfaceUsage[]
  readonly volumes: readonly VolumeUsage[]
}

export interface NodeDetails extends Omit<NodeUsage, 'pods'> {
  readonly details: CgroupDetails
  readonly disk: DiskUsage
  readonly network: readonly InterfaceUsage[]
  readonly processes: { readonly running: number; readonly most: number }
  readonly pods: readonly PodDetails[]
}

/** Everything that is measured about the node and its running pods. */
export async function nodeDetails(context: DetailsContext): Promise<NodeDetails> {
  const { cri, hierarchies, rootDir } = context
  const [measured, { stats }, details, disk, network, processes] = await Promise.all([
    nodeUsage(context),
    cri.listContainerStats({}),
    cgroupDetails(hierarchies, '/'),
    diskUsage(rootDir),
    networkUsage('self'),
    processCount(),
  ])
  const byId = new Map(stats.map(entry => [entry.attributes?.id ?? '', entry]))
  const pods = await Promise.all(measured.pods.map(pod => podDetails(context, pod, byId)))
  return { ...measured, details, disk, network, processes, pods }
}

async function podDetails(
  context: DetailsContext,
  measured: PodUsage,
  stats: ReadonlyMap<string, ContainerStats>,
): Promise<PodDetails> {
  const { hierarchies, folders, logFolderOf } = context
  const { pod, cgroup, sandboxCgroup } = measured
  const [details, network, volumes, containers] = await Promise.all([
    cgroupDetails(hierarchies, cgroup),
    pod.spec.hostNetwork || sandboxCgroup === undefined ? [] : podNetwork(context, sandboxCgroup),
    podVolumes(context, pod),
    Promise.all(
      measured.containers.map(async container => ({
        ...container,
        details: await cgroupDetails(hierarchies, container.cgroup),
        written: writtenBy(stats.get(container.id)),
        logs: await folders.of(join(logFolderOf(pod), container.name)),
      })),
    ),
  ])
  return { ...measured, details, network, volumes, containers }
}

const writtenBy = (stats: ContainerStats | undefined): FolderUsage => ({
  bytes: stats?.writableLayer?.usedBytes?.value ?? 0,
  inodes: stats?.writableLayer?.inodesUsed?.value ?? 0,
})

async function podNetwork({ hierarchies }: DetailsContext, sandboxCgroup: string): Promise<readonly InterfaceUsage[]> {
  const { processes } = await cgroupDetails(hierarchies, sandboxCgroup)
  const [first] = processes
  return first === undefined ? [] : networkUsage(first)
}

/** Volumes whose content the node keeps for the pod, and claimed disks, by the names that the pod gives them. */
async function podVolumes({ volumeFolders, claimedDisks, folders }: DetailsContext, pod: Pod): Promise<VolumeUsage[]> {
  const names = new Set((pod.spec.volumes ?? []).map(({ name }) => name))
  const found: VolumeUsage[] = [...(await claimedDisks(pod))]
  for (const folder of await below(await below(volumeFolders(pod.metadata.uid ?? '')))) {
    const name = basename(folder)
    const disk = names.has(name) ? await diskUsage(folder).catch(() => undefined) : undefined
    if (disk) found.push({ name, used: await folders.of(folder), disk })
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** What is in folders; nothing in those that are not there. */
async function below(folders: readonly string[]): Promise<readonly string[]> {
  const entries = folders.map(async folder => {
    const names = await readdir(folder).catch(() => [])
    return names.map(name => join(folder, name))
  })
  return (await Promise.all(entries)).flat()
}

/** Processes and threads there are on the machine, and how many there may be. */
async function processCount(): Promise<NodeDetails['processes']> {
  const [load, ...limits] = await Promise.all(
    ['/proc/loadavg', '/proc/sys/kernel/pid_max', '/proc/sys/kernel/threads-max'].map(path =>
      readFile(path, 'utf8').catch(() => ''),
    ),
  )
  const known = limits.map(Number).filter(limit => limit > 0)
  return { running: Number(/\/(\d+)/.exec(load ?? '')?.[1] ?? 0), most: known.length > 0 ? Math.min(...known) : 0 }
}
