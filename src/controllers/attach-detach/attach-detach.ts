import { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/core/v1/index.js'
import { claimIsFor, claimNamesOf } from '../../api/core/v1/pod-volume-claims.js'
import { CSIDriver, VolumeAttachment } from '../../api/storage/v1/index.js'
import {
  type Cache,
  type Controller,
  controller,
  index,
  type Key,
  type ReconcileContext,
  watchAlso,
} from '../../client/controller.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import type { MetricsRegistry } from '../../machinery/metrics/index.js'
import { isAlreadyExists, isNotFound } from '../../machinery/status-error.js'
import { claimKey, podsOfClaim } from '../persistentvolume-binder/indexes.js'
import { podFinished } from '../pod-state.js'
import { type AttachableVolume, attachableVolume, attachmentName } from './attachable-volume.js'
import { reportAttached, withdraw } from './attached-volumes.js'
import { type AttachAction, type NodeView, planAttachments } from './plan.js'

/** What is remembered of a volume from one look to the next. */
interface Memory {
  /** Since when nodes do not want it any more, by their names. */
  readonly unwantedSince: Map<string, number>
  /** Uids of pods that have been told that another node has it. */
  readonly refused: Set<string>
}

const attachmentsOf = index(VolumeAttachment, ({ spec: { source } }) =>
  source.persistentVolumeName ? [source.persistentVolumeName] : [],
)
const attachmentsOn = index(VolumeAttachment, ({ spec }) => [spec.nodeName])
const volumesOfDriver = index(PersistentVolume, ({ spec }) => (spec.csi ? [spec.csi.driver] : []))

/**
 * Has volumes attached to the nodes whose pods use them, and detached where nobody does, by asking CSI drivers for it.
 * https://kubernetes.io/docs/concepts/storage/persistent-volumes/#csi
 */
export function attachDetach(metrics?: MetricsRegistry): Controller {
  const forced = metrics && forcedDetaches(metrics)
  const memories = new Map<string, Memory>()
  return controller({
    name: 'attachdetach',
    watches: {
      for: PersistentVolume,
      also: [
        watchAlso(Pod, (pod, old, cache) =>
          usesDifferently(pod, old, cache) ? [pod, ...(old ? [old] : [])].flatMap(each => volumesOf(each, cache)) : [],
        ),
        watchAlso(PersistentVolumeClaim, ({ spec }) => (spec.volumeName ? [keyOf(spec.volumeName)] : [])),
        watchAlso(VolumeAttachment, ({ spec }) =>
          spec.source.persistentVolumeName ? [keyOf(spec.source.persistentVolumeName)] : [],
        ),
        watchAlso(Node, (node, old, cache) =>
          old && sameFor(node, old) && cache.get(Node, node.metadata)
            ? []
            : cache
                .by(attachmentsOn, node.metadata.name ?? '')
                .flatMap(({ spec }) => spec.source.persistentVolumeName ?? [])
                .map(keyOf),
        ),
        watchAlso(CSIDriver, ({ metadata }, _old, cache) =>
          cache.by(volumesOfDriver, metadata.name ?? '').map(volume => keyOf(volume.metadata.name ?? '')),
        ),
      ],
    },
    async reconcile({ name }, context) {
      const persistent = context.get(PersistentVolume, { name })
      // Its driver keeps it from going while it is attached.
      const volume = persistent && attachableVolume(persistent)
      if (!persistent || !volume) {
        memories.delete(name)
        return undefined
      }
      const memory = memories.get(name) ?? { unwantedSince: new Map(), refused: new Set() }
      memories.set(name, memory)
      const now = context.clock.now()
      // A driver that nobody has declared attaches.
      const needed = context.get(CSIDriver, { name: volume.driver })?.spec.attachRequired !== false
      const users = usersOf(persistent, context)
      const plan = planAttachments({
        volume,
        users: needed ? users : [],
        nodes: nodesAsSeen(volume, users, context),
        attachments: context.by(attachmentsOf, name),
        unwantedSince: memory.unwantedSince,
        now,
      })
      for (const nodeName of memory.unwantedSince.keys())
        if (!plan.unwanted.includes(nodeName)) memory.unwantedSince.delete(nodeName)
      for (const nodeName of plan.unwanted)
        if (!memory.unwantedSince.has(nodeName)) memory.unwantedSince.set(nodeName, now)
      for (const action of plan.actions) {
        if (action.type === 'detach' && action.forced) forced?.with(action.forced).add()
        await act(action, volume, memory, context)
      }
      return plan.after === undefined ? undefined : { after: plan.after }
    },
  })
}

const forcedDetaches = (metrics: MetricsRegistry) =>
  metrics.counter({
    name: 'attach_detach_controller_attachdetach_controller_forced_detaches',
    help: 'Volumes that were detached though their node had not let go of them.',
    labels: ['reason'],
  })

const keyOf = (name: string): Key => ({ namespace: '', name })

/** The names of volumes that a pod uses, by its bound claims. */
const volumesOf = (pod: Pod, cache: Cache): Key[] =>
  claimNamesOf(pod).flatMap(name => {
    const claim = cache.get(PersistentVolumeClaim, { namespace: pod.metadata.namespace ?? '', name })
    return claim?.spec.volumeName ? [keyOf(claim.spec.volumeName)] : []
  })

/** Pods on nodes that use the volume by the claim that it is bound to. */
function usersOf({ metadata, spec: { claimRef } }: PersistentVolume, context: ReconcileContext): readonly Pod[] {
  const claim = claimRef && context.get(PersistentVolumeClaim, claimRef)
  if (!claim || claim.metadata.uid !== claimRef.uid || claim.spec.volumeName !== metadata.name) return []
  const name = claim.metadata.name ?? ''
  return context
    .by(podsOfClaim, claimKey(claim.metadata))
    .filter(pod => pod.spec.nodeName && !hasEnded(pod) && (namesClaim(pod, name) || claimIsFor(pod, claim)))
}

const namesClaim = ({ spec }: Pod, name: string): boolean =>
  (spec.volumes ?? []).some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === name)

/** None of its containers will run again. */
function hasEnded(pod: Pod): boolean {
  if (podFinished(pod)) return true
  const { containerStatuses = [] } = pod.status
  return (
    pod.metadata.deletionTimestamp !== undefined &&
    containerStatuses.every(({ state }) => !state?.running && (state?.terminated || state?.waiting))
  )
}

const usesDifferently = (pod: Pod, old: Pod | undefined, cache: Cache): boolean =>
  claimNamesOf(pod).length > 0 &&
  (old === undefined ||
    pod.spec.nodeName !== old.spec.nodeName ||
    hasEnded(pod) !== hasEnded(old) ||
    !cache.get(Pod, pod.metadata))

const sameFor = (node: Node, old: Node): boolean =>
  isReady(node) === isReady(old) &&
  isOutOfService(node) === isOutOfService(old) &&
  isManaged(node) === isManaged(old) &&
  jsonEqual(node.status.volumesInUse, old.status.volumesInUse) &&
  jsonEqual(node.status.volumesAttached, old.status.volumesAttached)

const isReady = ({ status }: Node): boolean =>
  status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
const isOutOfService = ({ spec }: Node): boolean =>
  spec.taints?.some(({ key }) => key === 'node.kubernetes.io/out-of-service') ?? false
const isManaged = ({ metadata }: Node): boolean =>
  metadata.annotations?.['volumes.kubernetes.io/controller-managed-attach-detach'] === 'true'

/** The nodes that want the volume, or have it. */
function nodesAsSeen(
  { name, uniqueName }: AttachableVolume,
  users: readonly Pod[],
  context: ReconcileContext,
): Map<string, NodeView> {
  const names = new Set([
    ...users.map(({ spec }) => spec.nodeName ?? ''),
    ...context.by(attachmentsOf, name).map(({ spec }) => spec.nodeName),
  ])
  const views = new Map<string, NodeView>()
  for (const name of names) {
    const node = context.get(Node, { name })
    if (!node) continue
    views.set(name, {
      managed: isManaged(node),
      ready: isReady(node),
      outOfService: isOutOfService(node),
      mounted: node.status.volumesInUse?.includes(uniqueName) ?? false,
      reported: node.status.volumesAttached?.some(({ name }) => name === uniqueName) ?? false,
    })
  }
  return views
}

async function act(
  action: AttachAction,
  volume: AttachableVolume,
  { refused }: Memory,
  context: ReconcileContext,
): Promise<void> {
  const { client, events } = context
  const { nodeName } = action
  switch (action.type) {
    case 'attach': {
      refused.clear()
      const attachment = {
        metadata: { name: attachmentName(volume, nodeName) },
        spec: { attacher: volume.driver, nodeName, source: { persistentVolumeName: volume.name } },
      }
      await client.create(VolumeAttachment, attachment).catch(error => {
        if (!isAlreadyExists(error)) throw error
      })
      return
    }
    case 'report': {
      if (!(await reportAttached(client, nodeName, volume.uniqueName))) return
      const message = `AttachVolume.Attach succeeded for volume "${volume.name}" `
      for (const pod of action.pods) events.record(pod, 'Normal', 'SuccessfulAttachVolume', message)
      return
    }
    case 'fail': {
      const message = `AttachVolume.Attach failed for volume "${volume.name}" : ${action.why}`
      for (const pod of action.pods) events.record(pod, 'Warning', 'FailedAttachVolume', message)
      return
    }
    case 'refuse': {
      const { uid = '' } = action.pod.metadata
      if (refused.has(uid)) return
      refused.add(uid)
      const message = `Multi-Attach error for volume "${volume.name}" ${action.why}`
      events.record(action.pod, 'Warning', 'FailedAttachVolume', message)
      return
    }
    case 'detach':
      // Kubelet must not take it for attached any more when it is not.
      if (!(await withdraw(client, nodeName, volume.uniqueName, action.forced !== undefined))) return
      try {
        await client.delete(VolumeAttachment, { name: action.attachment.metadata.name ?? '' })
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
  }
}
