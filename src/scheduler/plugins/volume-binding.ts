import { PersistentVolume, PersistentVolumeClaim, type Pod } from '../../api/core/v1/index.js'
import { termMatches } from '../../api/core/v1/node-matches.js'
import { StorageClass } from '../../api/storage/v1/index.js'
import type { AnyKind } from '../../client/controller.js'
import { type NodeFilterFunction, type SchedulerPlugin, type Snapshot, Unschedulable } from '../framework.js'
import { nodeInterest } from '../hints.js'

/** A claim and its volume have been bound to each other. */
const bindCompleted = 'pv.kubernetes.io/bind-completed'
/** The class of a claim before there was a field. */
const legacyClass = 'volume.beta.kubernetes.io/storage-class'
/** The node a claim's volume is being made for. */
const selectedNode = 'volume.kubernetes.io/selected-node'

const conflict = { reasons: ["node(s) didn't match PersistentVolume's node affinity"], unresolvable: true }
const missing = {
  reasons: ['node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'],
  unresolvable: true,
}
const unbindable = { reasons: ["node(s) didn't find available persistent volumes to bind"], unresolvable: true }

/** A pod goes where its volumes can be reached, and nowhere before they are there. */
export const volumeBinding: SchedulerPlugin = {
  name: 'VolumeBinding',
  events: [
    ...[PersistentVolumeClaim, PersistentVolume, StorageClass].map(kind => ({ of: kind as unknown as AnyKind })),
    nodeInterest(['add', 'updateNodeLabel']),
  ],
  filter({ pod, snapshot }) {
    const claims = claimsOf(pod, snapshot)
    if (claims.length === 0) return undefined
    const bound = claims.filter(isBound)
    const unbound = claims.filter(claim => !isBound(claim))
    if (unbound.some(claim => !waitsForConsumer(claim, snapshot)))
      throw new Unschedulable('pod has unbound immediate PersistentVolumeClaims')
    const volumes = bound.map(({ spec }) => snapshot.volume(spec.volumeName ?? ''))
    const chosen = unbound.flatMap(({ metadata }) => metadata.annotations?.[selectedNode] ?? [])
    const filter: NodeFilterFunction = info => {
      for (const volume of volumes) {
        if (!volume) return missing
        if (!reachable(volume, info.node)) return conflict
      }
      return chosen.every(name => name === info.name) ? undefined : unbindable
    }
    return filter
  },
}

/** The claims of a pod's volumes. Throws `Unschedulable` if one is not there, or will never be bound. */
function claimsOf({ metadata, spec }: Pod, snapshot: Snapshot): PersistentVolumeClaim[] {
  return (spec.volumes ?? []).flatMap(({ name: volume, persistentVolumeClaim, ephemeral }) => {
    if (!persistentVolumeClaim && !ephemeral) return []
    const name = persistentVolumeClaim?.claimName ?? `${metadata.name}-${volume}`
    const claim = snapshot.claim(metadata.namespace ?? '', name)
    if (!claim && ephemeral)
      throw new Unschedulable(`waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`)
    if (!claim) throw new Unschedulable(`persistentvolumeclaim "${name}" not found`)
    if (claim.status.phase === 'Lost')
      throw new Unschedulable(
        `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName ?? ''}"`,
      )
    if (claim.metadata.deletionTimestamp) throw new Unschedulable(`persistentvolumeclaim "${name}" is being deleted`)
    const owned = claim.metadata.ownerReferences?.some(({ controller, uid }) => controller && uid === metadata.uid)
    if (ephemeral && !owned)
      throw new Unschedulable(
        `PVC ${metadata.namespace}/${name} was not created for pod ${metadata.namespace}/${metadata.name} (pod is not owner)`,
      )
    return [claim]
  })
}

const isBound = ({ metadata, spec }: PersistentVolumeClaim): boolean =>
  Boolean(spec.volumeName) && metadata.annotations?.[bindCompleted] !== undefined

/** Whether a claim without a volume is to be bound only once its pod has a node. */
function waitsForConsumer({ metadata, spec }: PersistentVolumeClaim, snapshot: Snapshot): boolean {
  if (spec.volumeName) return false
  const name = metadata.annotations?.[legacyClass] ?? spec.storageClassName ?? ''
  return snapshot.storageClass(name)?.volumeBindingMode === 'WaitForFirstConsumer'
}

function reachable({ spec }: PersistentVolume, node: Parameters<typeof termMatches>[1] | undefined): boolean {
  const required = spec.nodeAffinity?.required
  return !required || (node !== undefined && required.nodeSelectorTerms.some(term => termMatches(term, node)))
}
