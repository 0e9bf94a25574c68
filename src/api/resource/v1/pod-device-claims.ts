import type { Pod, PodResourceClaim } from '../../core/v1/index.js'
import type { ResourceClaim } from './index.js'

/** The claim behind an entry of a pod's `spec.resourceClaims`. */
export type NamedClaim =
  /** `generated`: made for this pod alone. */
  | { readonly name: string; readonly generated: boolean }
  /** None is needed. */
  | 'none'
  /** It is still to be made. */
  | 'missing'

export function claimOf({ status }: Pod, { name, resourceClaimName, resourceClaimTemplateName }: PodResourceClaim) {
  if (resourceClaimName !== undefined) return { name: resourceClaimName, generated: false } satisfies NamedClaim
  if (resourceClaimTemplateName === undefined) return 'none' satisfies NamedClaim
  const noted = status.resourceClaimStatuses?.find(entry => entry.name === name)
  if (!noted) return 'missing' satisfies NamedClaim
  return (
    noted.resourceClaimName === undefined ? 'none' : { name: noted.resourceClaimName, generated: true }
  ) satisfies NamedClaim
}

/** The names of all claims that a pod uses, as far as they are known. */
export function claimNamesOf(pod: Pod): string[] {
  const named = (pod.spec.resourceClaims ?? []).map(entry => claimOf(pod, entry))
  const extended = pod.status.extendedResourceClaimStatus?.resourceClaimName
  return [...named.flatMap(claim => (typeof claim === 'string' ? [] : [claim.name])), ...(extended ? [extended] : [])]
}

/** The pod that a claim was made for. */
export const owningPod = ({ metadata }: ResourceClaim): { readonly name: string; readonly uid: string } | undefined =>
  metadata.ownerReferences?.find(
    ({ apiVersion, kind, controller }) => controller && apiVersion === 'v1' && kind === 'Pod',
  )
