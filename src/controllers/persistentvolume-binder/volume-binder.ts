import { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/core/v1/index.js'
import { annotationOf, provisionedBy } from '../../api/core/v1/volume-annotations.js'
import { sameMode } from '../../api/core/v1/volume-match.js'
import { type Controller, controller, type Key, type ReconcileContext, watchAlso } from '../../client/controller.js'
import { messageOf } from '../../machinery/message-of.js'
import { isAlreadyExists, isNotFound } from '../../machinery/status-error.js'
import { podFinished } from '../pod-state.js'
import { volumeUnbound } from './binding.js'
import { deleteHostPath } from './host-path-deleter.js'
import { claimKey, podsOfClaim, volumesOfClaim } from './indexes.js'
import { reclaimOf } from './reclaim.js'
import { recyclerOutcome, recyclerPod, recyclerRef } from './recycler-pod.js'

/** Ms after which what failed is tried again. */
const retry = 15_000

export interface VolumeBinderOptions {
  /** Deletes a directory of this machine that a volume was made of; below `/tmp` only by default. */
  readonly deleteHostPath?: (path: string) => Promise<void>
}

/**
 * Says what state volumes are in, and reclaims those whose claims have gone.
 * https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming
 */
export const volumeBinder = (options: VolumeBinderOptions = {}): Controller =>
  controller({
    name: 'persistentvolume-reclaimer',
    eventSource: 'persistentvolume-controller',
    watches: {
      for: PersistentVolume,
      also: [
        watchAlso(PersistentVolumeClaim, ({ metadata, spec }, _old, cache) => [
          ...(spec.volumeName ? [volumeKey(spec.volumeName)] : []),
          ...cache.by(volumesOfClaim, claimKey(metadata)).map(volume => volumeKey(volume.metadata.name ?? '')),
        ]),
        watchAlso(Pod, ({ metadata: { namespace, name = '' } }) =>
          namespace === 'default' && name.startsWith('recycler-for-')
            ? [volumeKey(name.slice('recycler-for-'.length))]
            : [],
        ),
      ],
    },
    async reconcile(key, context) {
      const volume = context.get(PersistentVolume, { name: key.name })
      if (!volume) return undefined
      const { claimRef } = volume.spec
      if (!claimRef?.uid) {
        await writePhase(volume, 'Available', context)
        return undefined
      }
      const claim = await claimOf(volume, context)
      if (!claim) return reclaim(await released(volume, context), context, options)
      const { volumeName } = claim.spec
      if (volumeName === volume.metadata.name) await writePhase(volume, 'Bound', context)
      else if (!volumeName) warnOfMode(volume, claim, context)
      else if (
        annotationOf(volume, provisionedBy) !== undefined &&
        volume.spec.persistentVolumeReclaimPolicy === 'Delete'
      )
        return reclaim(await released(volume, context), context, options)
      else await unbind(volume, context)
      return undefined
    },
  })

const volumeKey = (name: string): Key => ({ namespace: '', name })

type Phase = 'Available' | 'Bound' | 'Released' | 'Failed'

async function writePhase(
  volume: PersistentVolume,
  phase: Phase,
  { client }: ReconcileContext,
  message?: string,
): Promise<PersistentVolume> {
  if (volume.status.phase === phase) return volume
  const { message: _, ...status } = volume.status
  const changed = { ...volume, status: { ...status, phase, ...(message ? { message } : {}) } }
  return await client.update(PersistentVolume, changed, { subresource: 'status' })
}

/** The claim that a volume belongs to. Before data is given up, the server is asked, which knows of newer ones. */
async function claimOf(
  { spec: { claimRef }, status }: PersistentVolume,
  { get, client }: ReconcileContext,
): Promise<PersistentVolumeClaim | undefined> {
  const ref = { namespace: claimRef?.namespace ?? '', name: claimRef?.name ?? '' }
  const ours = (claim: PersistentVolumeClaim | undefined) => (claim?.metadata.uid === claimRef?.uid ? claim : undefined)
  const cached = ours(get(PersistentVolumeClaim, ref))
  if (cached || status.phase === 'Released' || status.phase === 'Failed') return cached
  try {
    return ours(await client.get(PersistentVolumeClaim, ref))
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

const released = (volume: PersistentVolume, context: ReconcileContext): PersistentVolume | Promise<PersistentVolume> =>
  volume.status.phase === 'Failed' ? volume : writePhase(volume, 'Released', context)

async function fail(volume: PersistentVolume, reason: string, message: string, context: ReconcileContext) {
  const written = await writePhase(volume, 'Failed', context, message)
  if (written !== volume) context.events.record(written, 'Warning', reason, message)
  return { after: retry }
}

/** Gives a volume up to others. */
async function unbind(volume: PersistentVolume, context: ReconcileContext): Promise<void> {
  const unbound = await context.client.update(PersistentVolume, volumeUnbound(volume))
  await writePhase(unbound, 'Available', context)
}

/** A claim and the volume reserved for it never come together if one is a file system and the other a device. */
function warnOfMode(volume: PersistentVolume, claim: PersistentVolumeClaim, { events }: ReconcileContext): void {
  if (sameMode(volume, claim)) return
  const [from, to] = [JSON.stringify(volume.metadata.name), JSON.stringify(claim.metadata.name)]
  const why = 'due to incompatible volumeMode.'
  const reason = 'VolumeMismatch'
  events.record(
    volume,
    'Warning',
    reason,
    `Cannot bind PersistentVolume to requested PersistentVolumeClaim ${to} ${why}`,
  )
  events.record(
    claim,
    'Warning',
    reason,
    `Cannot bind PersistentVolumeClaim to requested PersistentVolume ${from} ${why}`,
  )
}

async function reclaim(volume: PersistentVolume, context: ReconcileContext, options: VolumeBinderOptions) {
  if (volume.metadata.deletionTimestamp) return undefined
  const todo = reclaimOf(volume)
  if (todo.act === 'fail') return fail(volume, todo.reason, todo.message, context)
  if (todo.act === 'recycle') return recycle(volume, context)
  if (todo.act === 'nothing') return undefined
  if (todo.hostPath !== undefined)
    try {
      await (options.deleteHostPath ?? deleteHostPath)(todo.hostPath)
    } catch (error) {
      return fail(volume, 'VolumeFailedDelete', messageOf(error), context)
    }
  const { name = '', uid = '' } = volume.metadata
  try {
    await context.client.delete(PersistentVolume, { name }, { preconditions: { uid } })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
  return undefined
}

/** Has a volume emptied by a pod, and gives it to others then. */
async function recycle(volume: PersistentVolume, context: ReconcileContext) {
  const { client, events } = context
  const users = context
    .by(podsOfClaim, claimKey(volume.spec.claimRef ?? {}))
    .filter(pod => !podFinished(pod))
    .map(({ metadata }) => claimKey(metadata))
  if (users.length > 0) {
    events.record(volume, 'Normal', 'VolumeFailedRecycle', `Volume is used by pods: ${users.sort().join(',')}`)
    return { after: retry }
  }
  const ref = recyclerRef(volume)
  const pod = context.get(Pod, ref)
  if (!pod) {
    try {
      await client.create(Pod, recyclerPod(volume))
      events.record(
        volume,
        'Normal',
        'RecyclerPod',
        `Recycler pod: Successfully created pod ${ref.namespace}/${ref.name}`,
      )
    } catch (error) {
      // The cache will show it.
      if (isAlreadyExists(error)) return { after: retry }
      const why = messageOf(error)
      const message = `Recycle failed: unexpected error creating recycler pod:  ${why}\n`
      return fail(volume, 'VolumeFailedRecycle', message, context)
    }
    return { after: retry }
  }
  const outcome = recyclerOutcome(pod)
  if (outcome === undefined || pod.metadata.deletionTimestamp) return { after: retry }
  // First of all: a recycler that stayed would vouch for the volume the next time.
  await client.delete(Pod, ref)
  if (outcome) return fail(volume, 'VolumeFailedRecycle', outcome, context)
  events.record(volume, 'Normal', 'VolumeRecycled', 'Volume recycled')
  await unbind(volume, context)
  return undefined
}
