import type { Pod } from '../../api/core/v1/index.js'
import { type DiskUsage, diskUsage } from '../node/disk-usage.js'
import type { ReadyVolume } from '../volumes/pod-volumes.js'
import { metricFamily } from './metrics-text.js'

/** A volume of a pod that is a disk, or a part of one, of its own. */
export interface ClaimedDisk {
  /** By which the pod knows it. */
  readonly name: string
  readonly claim: string
  readonly disk: DiskUsage
}

/** How full the disks are that a pod has by claims; those that cannot be read are left out. */
export async function claimedDisks(volumes: ReadonlyMap<string, ReadyVolume>): Promise<ClaimedDisk[]> {
  const found = await Promise.all(
    [...volumes].map(async ([name, volume]) => {
      if (volume.type !== 'folder' || volume.claim === undefined) return []
      const { claim } = volume
      return diskUsage(volume.path).then(
        disk => [{ name, claim, disk }],
        () => [],
      )
    }),
  )
  return found.flat()
}

const families: readonly (readonly [name: string, help: string, value: (disk: DiskUsage) => number])[] = [
  ['available_bytes', 'Number of available bytes in the volume', ({ available }) => available],
  ['capacity_bytes', 'Capacity in bytes of the volume', ({ capacity }) => capacity],
  ['inodes', 'Maximum number of inodes in the volume', ({ inodes }) => inodes],
  ['inodes_free', 'Number of free inodes in the volume', ({ inodesFree }) => inodesFree],
  ['inodes_used', 'Number of used inodes in the volume', ({ inodes, inodesFree }) => inodes - inodesFree],
  ['used_bytes', 'Number of used bytes in the volume', ({ capacity, available }) => capacity - available],
]

/** Disks as `/metrics` shows them: each claim once, however many pods share it. */
export function volumeMetrics(pods: readonly { readonly pod: Pod; readonly disks: readonly ClaimedDisk[] }[]): string {
  const claims = new Map(
    pods.flatMap(({ pod, disks }) => {
      const { namespace = '' } = pod.metadata
      return disks.map(
        ({ claim, disk }) =>
          [`${namespace}/${claim}`, { labels: { namespace, persistentvolumeclaim: claim }, disk }] as const,
      )
    }),
  )
  return families
    .map(([name, help, value]) =>
      metricFamily(
        `kubelet_volume_stats_${name}`,
        'gauge',
        `[ALPHA] ${help}`,
        [...claims.values()].map(({ labels, disk }) => ({ labels, value: value(disk) })),
      ),
    )
    .join('')
}
