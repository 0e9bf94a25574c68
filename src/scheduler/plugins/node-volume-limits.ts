import { PersistentVolume } from '../../api/core/v1/index.js'
import type { claimNamesOf } from '../../api/core/v1/pod-volume-claims.js'
import { CSINode, VolumeAttachment } from '../../api/storage/v1/index.js'
import { index } from '../../client/controller.js'
import type { PluginFactory } from '../framework.js'
import { claimInterest, kindInterest, podInterest } from '../hints.js'
import type { NodeInfo } from '../node-info.js'
import { type AttachedVolume, attachedVolumes, volumeKey } from '../volumes/attached-volumes.js'
import { volumeState } from '../volumes/volume-state.js'

const exceeded = { reasons: ['node(s) exceed max volume count'] }

const attachmentsOfNode = index(VolumeAttachment, ({ spec }) => [spec.nodeName])

/** A node gets no more volumes of a CSI driver than that says it can have: `allocatable.count` of its CSINode. */
export const nodeVolumeLimits: PluginFactory = ({ informers }) => {
  const state = volumeState(informers)
  const [nodes, attachments] = [informers.of(CSINode), informers.of(VolumeAttachment)]

  /** What is attached already, or will be for pods that are on the node. */
  function volumesOn(info: NodeInfo, csiNode: CSINode): Map<string, AttachedVolume> {
    const found = new Map<string, AttachedVolume>()
    const add = (volume: AttachedVolume) => found.set(volumeKey(volume), volume)
    for (const pod of info.pods.values()) if (mayAttach(pod)) attachedVolumes(pod, csiNode, state).forEach(add)
    for (const { spec } of attachments.by(attachmentsOfNode, info.name)) {
      const volume = state.volumes.get({ name: spec.source.persistentVolumeName ?? '' })
      if (volume?.spec.csi?.driver === spec.attacher)
        add({ driver: spec.attacher, handle: volume.spec.csi.volumeHandle })
    }
    return found
  }

  return {
    name: 'NodeVolumeLimits',
    events: [
      kindInterest(CSINode, ['add', 'update'], (old, now) => moreAllowed(old, now)),
      podInterest(['delete'], (_, old) => old !== undefined && mayAttach(old)),
      claimInterest(['add', 'update']),
      kindInterest(PersistentVolume, ['add', 'update']),
      kindInterest(VolumeAttachment, ['delete']),
    ],
    filter({ pod }) {
      if (!mayAttach(pod)) return undefined
      return info => {
        const csiNode = nodes.get({ name: info.name })
        const limits = new Map(csiNode?.spec.drivers.map(({ name, allocatable }) => [name, allocatable?.count]))
        if (!csiNode || limits.size === 0) return undefined
        const wanted = attachedVolumes(pod, csiNode, state).filter(({ driver }) => limits.get(driver) !== undefined)
        if (wanted.length === 0) return undefined
        const present = volumesOn(info, csiNode)
        const added = new Map(wanted.map(volume => [volumeKey(volume), volume]))
        for (const key of present.keys()) added.delete(key)
        for (const { driver } of added.values()) {
          const count = (volumes: Map<string, AttachedVolume>) =>
            [...volumes.values()].filter(volume => volume.driver === driver).length
          if (count(present) + count(added) > (limits.get(driver) ?? 0)) return exceeded
        }
        return undefined
      }
    },
  }
}

/** Whether a pod may have volumes that are attached to its node. */
function mayAttach(pod: Parameters<typeof claimNamesOf>[0]): boolean {
  const { volumes = [] } = pod.spec
  return volumes.some(
    ({ awsElasticBlockStore, azureDisk, cinder, gcePersistentDisk, portworxVolume, vsphereVolume, ...volume }) =>
      volume.persistentVolumeClaim ??
      volume.ephemeral ??
      awsElasticBlockStore ??
      azureDisk ??
      cinder ??
      gcePersistentDisk ??
      portworxVolume ??
      vsphereVolume,
  )
}

/** Whether a node may have more volumes of a driver than before. */
function moreAllowed(old: CSINode | undefined, now: CSINode | undefined): boolean {
  if (!old) return true
  const before = new Map(old.spec.drivers.map(({ name, allocatable }) => [name, allocatable?.count]))
  return (now?.spec.drivers ?? []).some(({ name, allocatable }) => {
    const limit = before.get(name)
    return !before.has(name) || (limit !== undefined && (allocatable?.count ?? Number.POSITIVE_INFINITY) > limit)
  })
}
