import { Pod } from '../../api/core/v1/index.js'
import { ResourceClaim, type ResourceClaimConsumerReference } from '../../api/resource/v1/index.js'
import { claimNamesOf, owningPod } from '../../api/resource/v1/pod-device-claims.js'
import { type Controller, controller, type ReconcileContext, watchAlso } from '../../client/controller.js'
import { isNotFound } from '../../machinery/status-error.js'
import { podFinished } from '../pod-state.js'

/** Keeps a claim until what was allocated to it is given back. */
const finalizer = 'resource.kubernetes.io/delete-protection'

/**
 * Takes back what is reserved for pods that need it no more, what is allocated to claims that nobody uses, and the
 * claims that were made for pods which have ended.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
 */
export const resourceClaims: Controller = controller({
  name: 'resourceclaim',
  eventSource: 'resource_claim',
  watches: {
    for: ResourceClaim,
    also: [
      watchAlso(Pod, (pod, old, cache) =>
        !old || isDone(pod) || !cache.get(Pod, pod.metadata)
          ? claimNamesOf(pod).map(name => ({ namespace: pod.metadata.namespace ?? '', name }))
          : [],
      ),
    ],
  },
  async reconcile(key, context) {
    const claim = context.get(ResourceClaim, key)
    if (!claim) return undefined
    const { reservedFor = [] } = claim.status
    const needed: ResourceClaimConsumerReference[] = []
    for (const consumer of reservedFor) if (await isNeeded(key.namespace, consumer, context)) needed.push(consumer)
    const settled = await release(claim, needed, context)
    if (needed.length === 0) await removeIfOrphaned(settled, context)
    return undefined
  },
})

/** It will not use its claims again. */
const isDone = (pod: Pod): boolean =>
  podFinished(pod) || (pod.metadata.deletionTimestamp !== undefined && !pod.spec.nodeName)

/** Consumers of other kinds than pods are for others to judge. */
async function isNeeded(
  namespace: string,
  { apiGroup, resource, name, uid }: ResourceClaimConsumerReference,
  { get, client }: ReconcileContext,
): Promise<boolean> {
  if (apiGroup || resource !== 'pods') return true
  const cached = get(Pod, { namespace, name })
  // The cache may not know of a new pod yet.
  const pod = cached?.metadata.uid === uid ? cached : await found(client.get(Pod, { namespace, name }))
  return pod?.metadata.uid === uid && !isDone(pod)
}

async function found<T>(asking: Promise<T>): Promise<T | undefined> {
  try {
    return await asking
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** Writes who is left, gives back what nobody uses, and lets a claim go that nothing is allocated to. */
async function release(
  claim: ResourceClaim,
  needed: readonly ResourceClaimConsumerReference[],
  { client }: ReconcileContext,
): Promise<ResourceClaim> {
  const { reservedFor = [], allocation } = claim.status
  const { finalizers = [], deletionTimestamp } = claim.metadata
  const fewer = needed.length < reservedFor.length
  const unused = needed.length === 0 && (fewer || deletionTimestamp !== undefined)
  const deallocate = unused && allocation !== undefined && finalizers.includes(finalizer)
  let settled = claim
  if (fewer || deallocate) {
    const { allocation: _allocation, devices: _devices, reservedFor: _reservedFor, ...rest } = claim.status
    const status = {
      ...(deallocate ? rest : { ...rest, ...allocated(claim.status) }),
      ...(needed.length > 0 ? { reservedFor: needed } : {}),
    }
    // An update fails if anything has changed meanwhile, such as another pod that has come to use it.
    settled = await client.update(ResourceClaim, { ...claim, status }, { subresource: 'status' })
  }
  if (!unused || settled.status.allocation || !settled.metadata.finalizers?.includes(finalizer)) return settled
  const metadata = { ...settled.metadata, finalizers: finalizers.filter(name => name !== finalizer) }
  return (await found(client.update(ResourceClaim, { ...settled, metadata }))) ?? settled
}

const allocated = ({ allocation, devices }: ResourceClaim['status']) => ({
  ...(allocation ? { allocation } : {}),
  ...(devices ? { devices } : {}),
})

/** A claim that was made for a pod goes with it; one whose pod is not known is left to the garbage collector. */
async function removeIfOrphaned(claim: ResourceClaim, { get, client }: ReconcileContext): Promise<void> {
  const owner = owningPod(claim)
  const { namespace = '', deletionTimestamp, uid } = claim.metadata
  const pod = owner && get(Pod, { namespace, name: owner.name })
  if (!pod || deletionTimestamp || (pod.metadata.uid === owner.uid && !isDone(pod))) return
  try {
    await client.delete(ResourceClaim, claim.metadata, uid ? { preconditions: { uid } } : {})
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
