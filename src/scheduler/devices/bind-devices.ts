import { Pod } from '../../api/core/v1/index.js'
import { type AllocationResult, ResourceClaim } from '../../api/resource/v1/index.js'
import type { Client } from '../../client/client.js'
import { type Clock, rfc3339 } from '../../machinery/clock.js'
import { isConflict, isNotFound } from '../../machinery/status-error.js'
import { Unschedulable } from '../framework.js'
import type { SchedulerMetrics } from '../scheduler-metrics.js'
import { untilHolds } from '../until-holds.js'
import type { DeviceState } from './device-state.js'
import type { ExtendedClaim } from './extended-resources.js'
import { isReservedFor } from './pod-device-claims.js'

/** Keeps a claim until what was allocated to it is given back. */
const finalizer = 'resource.kubernetes.io/delete-protection'
/** How long a claim that was made may take to be seen, in ms. */
const seenTimeout = 120_000
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

/** Makes the claim for a pod's extended resources. */
export async function createExtendedClaim(
  { claim }: ExtendedClaim,
  client: Client,
  metrics: Pick<SchedulerMetrics, 'claimCreated'> | undefined,
): Promise<ResourceClaim> {
  const { name: _name, uid: _uid, ...metadata } = claim.metadata
  try {
    const created = await client.create(ResourceClaim, { metadata, spec: claim.spec })
    metrics?.claimCreated(true)
    return created
  } catch (error) {
    metrics?.claimCreated(false)
    throw error
  }
}

/** Waits until everybody sees what has been allocated to a new claim, and tells the pod of it. */
export async function tellOfExtendedClaim(
  claim: ResourceClaim,
  { mappings }: ExtendedClaim,
  pod: Pod,
  state: Pick<DeviceState, 'claims' | 'onClaimChange'>,
  options: { readonly client: Client; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  await untilHolds({
    look: () => state.claims.get(claim.metadata)?.status.allocation !== undefined,
    listen: state.onClaimChange,
    clock: options.clock,
    timeout: seenTimeout,
    late: () => new Error(`claim ${claim.metadata.name} for extended resources has not been seen in time`),
    signal: options.signal,
  })
  const extendedResourceClaimStatus = { requestMappings: mappings, resourceClaimName: claim.metadata.name }
  const body = { metadata: { uid: pod.metadata.uid }, status: { extendedResourceClaimStatus } }
  await options.client.patch(Pod, pod.metadata, { type: 'strategic', body }, { subresource: 'status' })
}

/** Deletes a claim that was made for extended resources, with what has been allocated to it. */
export async function deleteExtendedClaim(claim: ResourceClaim, client: Client): Promise<void> {
  try {
    const current = await client.get(ResourceClaim, claim.metadata)
    if (current.metadata.uid !== claim.metadata.uid) return
    const { finalizers = [] } = current.metadata
    const metadata = { ...current.metadata, finalizers: finalizers.filter(name => name !== finalizer) }
    if (finalizers.includes(finalizer)) await client.update(ResourceClaim, { ...current, metadata })
    await client.delete(ResourceClaim, claim.metadata)
  } catch (error) {
    if (!isNotFound(error)) throw error
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

/** Gives the devices of a claim back that nobody but the pod uses; false if somebody else was faster with it. */
export async function deallocate(claim: ResourceClaim, client: Client): Promise<boolean> {
  const { allocation: _allocation, reservedFor: _reservedFor, devices: _devices, ...status } = claim.status
  try {
    await client.update(ResourceClaim, { ...claim, status }, { subresource: 'status' })
    return true
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error
    return false
  }
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
  await untilHolds({
    look: () => waiting.every(({ metadata }) => isReady(state.claims.get(metadata))),
    listen: state.onClaimChange,
    clock,
    timeout: bindingTimeout,
    late: () => new Unschedulable('device binding timeout exceeded'),
    signal,
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
