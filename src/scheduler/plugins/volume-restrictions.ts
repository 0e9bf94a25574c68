import type { PersistentVolumeClaim, Pod, Volume } from '../../api/core/v1/index.js'
import { claimNamesOf } from '../../api/core/v1/pod-volume-claims.js'
import type { NodeFilterFunction, PluginFactory, Snapshot } from '../framework.js'
import { claimInterest, nodeInterest, podInterest } from '../hints.js'
import { volumeState } from '../volumes/volume-state.js'

const diskConflict = { reasons: ['node(s) had no available disk'] }
const inUse = {
  reasons: [
    'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
  ],
}

/** Disks that only one pod of a node may use, and claims that only one pod of all may use. */
export const volumeRestrictions: PluginFactory = ({ informers }) => {
  const { claims } = volumeState(informers)
  const exclusive = ({ spec }: PersistentVolumeClaim) => spec.accessModes?.includes('ReadWriteOncePod') ?? false
  return {
    name: 'VolumeRestrictions',
    events: [
      podInterest(['delete'], (pod, old) => old !== undefined && (sharesClaim(pod, old) || sharesDisk(pod, old))),
      nodeInterest(['add']),
      claimInterest(['add', 'update']),
    ],
    filter({ pod, snapshot }) {
      const { namespace = '' } = pod.metadata
      const names = claimNamesOf(pod)
      const own = new Set(
        names.filter(name => {
          const claim = claims.get({ namespace, name })
          return claim !== undefined && exclusive(claim)
        }),
      )
      const hasDisks = pod.spec.volumes?.some(isDisk) ?? false
      if (own.size === 0 && !hasDisks) return undefined
      const uses = (other: Pod) => claimNamesOf(other).filter(name => own.has(name)).length
      let others = own.size > 0 ? usesIn(namespace, snapshot, uses) : 0
      const filter: NodeFilterFunction = info => {
        if (hasDisks) for (const other of info.pods.values()) if (sharesDisk(pod, other)) return diskConflict
        return others > 0 ? inUse : undefined
      }
      if (own.size === 0) return filter
      return {
        filter,
        podAdded(other) {
          if (other.metadata.namespace === namespace) others += uses(other)
        },
        podRemoved(other) {
          if (other.metadata.namespace === namespace) others -= uses(other)
        },
      }
    },
  }
}

function usesIn(namespace: string, { nodes }: Snapshot, uses: (pod: Pod) => number): number {
  let count = 0
  for (const { pods } of nodes)
    for (const pod of pods.values()) if (pod.metadata.namespace === namespace) count += uses(pod)
  return count
}

function sharesClaim(a: Pod, b: Pod): boolean {
  const names = claimNamesOf(b)
  return a.metadata.namespace === b.metadata.namespace && claimNamesOf(a).some(name => names.includes(name))
}

const sharesDisk = (a: Pod, b: Pod): boolean =>
  (a.spec.volumes ?? []).some(volume => isDisk(volume) && (b.spec.volumes ?? []).some(other => clash(volume, other)))

const isDisk = ({ gcePersistentDisk, awsElasticBlockStore, iscsi, rbd }: Volume): boolean =>
  Boolean(gcePersistentDisk ?? awsElasticBlockStore ?? iscsi ?? rbd)

/** Whether two volumes are one disk, and not both only read it. */
function clash(a: Volume, b: Volume): boolean {
  const writes = (...sources: readonly { readonly readOnly?: boolean }[]) => !sources.every(({ readOnly }) => readOnly)
  if (a.gcePersistentDisk && b.gcePersistentDisk)
    return a.gcePersistentDisk.pdName === b.gcePersistentDisk.pdName && writes(a.gcePersistentDisk, b.gcePersistentDisk)
  if (a.awsElasticBlockStore && b.awsElasticBlockStore)
    return a.awsElasticBlockStore.volumeID === b.awsElasticBlockStore.volumeID
  if (a.iscsi && b.iscsi) return a.iscsi.iqn === b.iscsi.iqn && writes(a.iscsi, b.iscsi)
  if (!a.rbd || !b.rbd) return false
  const { monitors, pool, image } = b.rbd
  const same = a.rbd.pool === pool && a.rbd.image === image && a.rbd.monitors.some(each => monitors.includes(each))
  return same && writes(a.rbd, b.rbd)
}
