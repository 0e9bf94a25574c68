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
  ['available_bytes', 'Bytes of the volume that may still be written.', ({ available }) => available],
  ['capacity_bytes', 'Bytes that the volume holds.', ({ capacity }) => capacity],
  ['inodes', 'Inodes that the volume has.', ({ inodes }) => inodes],
  ['inodes_free', 'Inodes of the volume that are free.', ({ inodesFree }) => inodesFree],
  ['inodes_used', 'Inodes of the volume that are taken.', ({ inodes, inodesFree }) => inodes - inodesFree],
  ['used_bytes', 'Bytes of the volume that are taken.', ({ capacity, available }) => capacity - available],
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
