import { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1/index.js'
import { type Controller, controller, type ReconcileContext, watchAlso } from '../../client/controller.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { expansionOf, pendingOnNode, resizing, wantsMore, withResizer } from './expansion.js'

/**
 * Has the volumes of claims expanded that ask for more: mostly by telling that somebody else is to do it.
 * https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims
 */
export const volumeExpand: Controller = controller({
  name: 'persistentvolume-expander',
  eventSource: 'volume_expand',
  watches: {
    for: PersistentVolumeClaim,
    also: [
      watchAlso(PersistentVolume, ({ spec: { claimRef } }) =>
        claimRef ? [{ namespace: claimRef.namespace ?? '', name: claimRef.name ?? '' }] : [],
      ),
    ],
  },
  async reconcile(key, context) {
    const claim = context.get(PersistentVolumeClaim, key)
    if (!claim || !wantsMore(claim)) return undefined
    const volume = context.get(PersistentVolume, { name: claim.spec.volumeName ?? '' })
    if (!volume || volume.spec.claimRef?.uid !== claim.metadata.uid) return undefined
    const expansion = expansionOf(claim, volume)
    if (expansion?.by === 'node') await leaveToNode(claim, volume, expansion, context)
    else if (expansion) {
      context.events.record(claim, 'Normal', 'ExternalExpanding', expansion.message)
      if (expansion.resizer) await writeStatus(claim, withResizer(claim, expansion.resizer), context)
    }
    return undefined
  },
})

/** Nothing but the file system has to grow, which takes the node. */
async function leaveToNode(
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
  { resizer, size }: { readonly resizer: string; readonly size: string },
  context: ReconcileContext,
): Promise<void> {
  const { client, clock, events } = context
  const begun = await writeStatus(claim, resizing(withResizer(claim, resizer), size, clock.now()), context)
  const capacity = { ...volume.spec.capacity, storage: size }
  if (!jsonEqual(capacity, volume.spec.capacity))
    await client.patch(PersistentVolume, volume.metadata, { type: 'merge', body: { spec: { capacity } } })
  await writeStatus(begun, pendingOnNode(begun, clock.now()), context)
  events.record(claim, 'Normal', 'FileSystemResizeRequired', 'Require file system resize of volume on node')
}

async function writeStatus(
  old: PersistentVolumeClaim,
  claim: PersistentVolumeClaim,
  { client }: ReconcileContext,
): Promise<PersistentVolumeClaim> {
  if (jsonEqual(old, claim)) return old
  return client.update(PersistentVolumeClaim, claim, { subresource: 'status' })
}
