import type { Draft } from '../../../schema/index.js'
import type { PodAffinityTerm } from './affinity.js'
import type { Pod } from './pod.js'

/**
 * Labels named by key alone become conditions on the pod's own values, so that the scheduler sees plain selectors:
 * https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#matchlabelkeys
 */
export function mergeMatchLabelKeys({ metadata, spec }: Draft<Pod>): void {
  const labels = metadata.labels ?? {}
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {}
  for (const affinity of [podAffinity, podAntiAffinity]) {
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) mergeTerm(term, labels)
    for (const { podAffinityTerm } of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      mergeTerm(podAffinityTerm, labels)
  }
  for (const constraint of spec.topologySpreadConstraints ?? [])
    merge(constraint.labelSelector, constraint.matchLabelKeys, 'In', labels)
}

function mergeTerm(term: Draft<PodAffinityTerm>, labels: { readonly [key: string]: string }): void {
  merge(term.labelSelector, term.matchLabelKeys, 'In', labels)
  merge(term.labelSelector, term.mismatchLabelKeys, 'NotIn', labels)
}

function merge(
  selector: Draft<PodAffinityTerm>['labelSelector'],
  keys: readonly string[] | undefined,
  operator: 'In' | 'NotIn',
  labels: { readonly [key: string]: string },
): void {
  if (!selector) return
  for (const key of keys ?? []) {
    const value = labels[key]
    if (value === undefined) continue
    selector.matchExpressions = [...(selector.matchExpressions ?? []), { key, operator, values: [value] }]
  }
}
