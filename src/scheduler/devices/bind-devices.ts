import type { Pod } from '../../api/core/v1/index.js'
import { type AllocationResult, ResourceClaim } from '../../api/resource/v1/index.js'
import type { Client } from '../../client/client.js'
import { type Clock, rfc3339 } from '../../machinery/clock.js'
import { isConflict } from '../../machinery/status-error.js'
import { Unschedulable } from '../framework.js'
import type { DeviceState } from './device-state.js'
import { isReservedFor } from './pod-device-claims.js'

/** Keeps a claim until what was allocated to it is given back. */
const finalizer = 'resource.kubernetes.io/delete-protection'
/** How long devices may take to be ready, in ms. */
const bindingTimeout = 600_000

/**
 * Writes that a claim has been allocated so, unless it was before, and that the pod uses it. Throws what the client
 * throws, or an error if the claim has got another allocation meanwhile, or is being deleted.
 */
export async function reserveClaim(
  claim: ResourceClaim,
  allocation: AllocationResult | undefined,
  pod: Pod,
  client: Client,
  clock: Clock,
): Promise<ResourceClaim> {
  const consumer = { resource: 'pods', name: pod.metadata.name ?? '', uid: pod.metadata.uid ?? '' }
  let current = claim
  for (;;)
    try {
      if (current.metadata.deletionTimestamp)
        throw new Error(`claim ${claim.metadata.name} got deleted in the meantime`)
      if (allocation && current.status.allocation)
        throw new Error(`claim ${claim.metadata.name} got allocated elsewhere in the meantime`)
      if (!allocation && !current.status.allocation)
        throw new Error(`claim ${claim.metadata.name} got deallocated in the meantime`)
      if (isReservedFor(current, pod)) return current
      const { finalizers = [] } = current.metadata
      if (allocation && !finalizers.includes(finalizer)) {
        const metadata = { ...current.metadata, finalizers: [...finalizers, finalizer] }
        current = await client.update(ResourceClaim, { ...current, metadata })
      }
      const status = {
        ...current.status,
        ...(allocation ? { allocation: { ...allocation, allocationTimestamp: rfc3339(clock.now()) } } : {}),
        reservedFor: [...(current.status.reservedFor ?? []), consumer],
      }
      return await client.update(ResourceClaim, { ...current, status }, { subresource: 'status' })
    } catch (error) {
      // Somebody else has changed it: perhaps nothing that matters.
      if (!isConflict(error)) throw error
      const fresh = await client.get(ResourceClaim, claim.metadata)
      if (fresh.metadata.uid !== claim.metadata.uid)
        throw new Error(`claim ${claim.metadata.name} got deleted in the meantime`)
      current = fresh
    }
}

/** Takes back that a pod uses a claim. */
export async function releaseClaim(claim: ResourceClaim, pod: Pod, client: Client): Promise<ResourceClaim> {
  const { uid } = pod.metadata
  const body = {
    metadata: { uid: claim.metadata.uid },
    status: { reservedFor: [{ $patch: 'delete', uid }] },
  }
  return await client.patch(ResourceClaim, claim.metadata, { type: 'strategic', body }, { subresource: 'status' })
}

/** Gives the devices of a claim back that nobody but the pod uses. */
export async function deallocate(claim: ResourceClaim, client: Client): Promise<ResourceClaim> {
  const { allocation: _allocation, reservedFor: _reservedFor, devices: _devices, ...status } = claim.status
  return await client.update(ResourceClaim, { ...claim, status }, { subresource: 'status' })
}

/**
 * Waits until the devices of the claims say that they are ready. Throws `Unschedulable` if one fails, or is not ready in
 * time; the signal's reason if it aborts.
 */
export async function devicesReady(
  claims: readonly ResourceClaim[],
  state: Pick<DeviceState, 'claims' | 'onClaimChange'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const waiting = claims.filter(({ status }) =>
    status.allocation?.devices.results?.some(({ bindingConditions = [] }) => bindingConditions.length > 0),
  )
  if (waiting.length === 0) return
  await new Promise<void>((resolve, reject) => {
    const look = () => {
      try {
        if (waiting.every(({ metadata }) => isReady(state.claims.get(metadata)))) end(resolve)
      } catch (error) {
        end(() => reject(error))
      }
    }
    const aborted = () => end(() => reject(signal.reason))
    const timer = clock.after(bindingTimeout, () =>
      end(() => reject(new Unschedulable('device binding timeout exceeded'))),
    )
    const listening = state.onClaimChange(look)
    const end = (settle: () => void) => {
      timer[Symbol.dispose]()
      listening[Symbol.dispose]()
      signal.removeEventListener('abort', aborted)
      settle()
    }
    signal.addEventListener('abort', aborted, { once: true })
    if (signal.aborted) aborted()
    else look()
  })
}

function isReady(claim: ResourceClaim | undefined): boolean {
  if (!claim?.status.allocation) throw new Unschedulable('claim got deallocated in the meantime')
  const { allocation, devices = [] } = claim.status
  return (allocation.devices.results ?? []).every(result => {
    const { driver, pool, device, shareID, bindingConditions = [], bindingFailureConditions = [] } = result
    const status = devices.find(
      each => each.driver === driver && each.pool === pool && each.device === device && each.shareID === shareID,
    )
    const holds = (type: string) =>
      status?.conditions?.some(each => each.type === type && each.status === 'True') ?? false
    if (bindingFailureConditions.some(holds))
      throw new Unschedulable(`claim ${claim.metadata.name} binding failed: device ${driver}/${pool}/${device}`)
    return bindingConditions.every(holds)
  })
}
