import type { Pod } from '../../api/core/v1/index.js'
import type { ResourceClaim } from '../../api/resource/v1/index.js'
import { claimOf, owningPod } from '../../api/resource/v1/pod-device-claims.js'
import { Unschedulable } from '../framework.js'
import { classNamesOf } from './device-requests.js'
import type { DeviceState } from './device-state.js'

/** So many pods may share a claim. */
const mostConsumers = 256

/** Whether the pod is among those that use the claim. */
export const isReservedFor = ({ status }: ResourceClaim, { metadata }: Pod): boolean =>
  status.reservedFor?.some(({ uid }) => uid === metadata.uid) ?? false

/** The claims for devices of a pod. Throws `Unschedulable` if one is not there, or cannot be used by the pod. */
export function deviceClaims(pod: Pod, { claims }: Pick<DeviceState, 'claims'>): ResourceClaim[] {
  const { namespace = '' } = pod.metadata
  const found = (pod.spec.resourceClaims ?? []).flatMap(entry => {
    const named = claimOf(pod, entry)
    if (named === 'none') return []
    if (named === 'missing')
      throw new Unschedulable(`pod claim ${entry.name}: the resource claim has not been created yet`)
    const claim = claims.get({ namespace, name: named.name })
    if (!claim) throw new Unschedulable(`resourceclaim ${JSON.stringify(named.name)} not found`)
    if (claim.metadata.deletionTimestamp)
      throw new Unschedulable(`resourceclaim ${JSON.stringify(named.name)} is being deleted`)
    if (named.generated && owningPod(claim)?.uid !== pod.metadata.uid)
      throw new Unschedulable(
        `ResourceClaim ${namespace}/${named.name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`,
      )
    return [claim]
  })
  // Several entries may name the same claim.
  return [...new Set(found)]
}

/** Throws `Unschedulable` if a claim cannot be had by the pod on any node. */
export function checkClaim(claim: ResourceClaim, pod: Pod, { deviceClass }: Pick<DeviceState, 'deviceClass'>): void {
  const { allocation, reservedFor = [] } = claim.status
  if (allocation && !isReservedFor(claim, pod) && reservedFor.length >= mostConsumers)
    throw new Unschedulable('resourceclaim in use')
  if (allocation) return
  for (const [request, className] of classNamesOf(claim)) {
    if (!className) throw new Unschedulable(`request ${request}: unsupported request type`)
    if (!deviceClass(className)) throw new Unschedulable(`request ${request}: device class ${className} does not exist`)
  }
}
