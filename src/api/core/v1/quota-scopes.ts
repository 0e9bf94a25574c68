import type { PersistentVolumeClaim } from './persistent-volume-claim.js'
import type { Pod } from './pod.js'
import { qosClass } from './pod-qos.js'
import type { ResourceQuota, ScopedResourceSelectorRequirement } from './resource-quota.js'

type Requirement = Pick<ScopedResourceSelectorRequirement, 'scopeName' | 'operator' | 'values'>

/** What must hold of an object for a quota to count it. A bare scope only has to exist. */
export const requirementsOf = ({ spec }: ResourceQuota): readonly Requirement[] => [
  ...(spec.scopes ?? []).map((scopeName): Requirement => ({ scopeName, operator: 'Exists' })),
  ...(spec.scopeSelector?.matchExpressions ?? []),
]

/** Whether a quota counts a pod: https://kubernetes.io/docs/concepts/policy/resource-quotas/#quota-scopes */
export const podInScopes = (quota: ResourceQuota, pod: Pod): boolean =>
  requirementsOf(quota).every(requirement => podMeets(requirement, pod))

function podMeets(requirement: Requirement, pod: Pod): boolean {
  const { spec } = pod
  switch (requirement.scopeName) {
    case 'Terminating':
      return spec.activeDeadlineSeconds !== undefined
    case 'NotTerminating':
      return spec.activeDeadlineSeconds === undefined
    case 'BestEffort':
      return qosClass(pod) === 'BestEffort'
    case 'NotBestEffort':
      return qosClass(pod) !== 'BestEffort'
    case 'PriorityClass':
      return selects(requirement, spec.priorityClassName ?? '')
    case 'CrossNamespacePodAffinity':
      return reachesOtherNamespaces(pod)
    default:
      return false
  }
}

/** Whether a quota counts a claim. */
export const claimInScopes = (quota: ResourceQuota, { spec, status }: PersistentVolumeClaim): boolean =>
  requirementsOf(quota).every(
    requirement =>
      requirement.scopeName === 'VolumeAttributesClass' &&
      [
        spec.volumeAttributesClassName,
        status.currentVolumeAttributesClassName,
        status.modifyVolumeStatus?.targetVolumeAttributesClassName,
      ].some(name => selects(requirement, name ?? '')),
  )

function selects({ operator, values = [] }: Requirement, name: string): boolean {
  switch (operator) {
    case 'Exists':
      return name !== ''
    case 'DoesNotExist':
      return name === ''
    case 'In':
      return values.includes(name)
    case 'NotIn':
      return !values.includes(name)
    default:
      return false
  }
}

function reachesOtherNamespaces({ spec: { affinity } }: Pod): boolean {
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap(affinity => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(term => term.podAffinityTerm),
  ])
  return terms.some(({ namespaces, namespaceSelector }) => namespaces?.length || namespaceSelector)
}
