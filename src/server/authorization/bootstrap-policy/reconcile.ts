import type { AggregationRule, PolicyRule, RoleRef, Subject } from '../../../api/rbac/v1/index.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import type { ObjectMeta } from '../../../machinery/meta/index.js'
import { missingRights } from '../rbac/rule-coverage.js'
import { autoUpdateAnnotation } from './bootstrap-policy.js'

interface RoleLike {
  readonly metadata: ObjectMeta
  readonly rules: readonly PolicyRule[] | null
  readonly aggregationRule?: AggregationRule | null
}

interface BindingLike {
  readonly metadata: ObjectMeta
  readonly subjects?: readonly Subject[]
  readonly roleRef: RoleRef
}

/** Whether somebody wants to keep an object as it is. */
const isKept = ({ annotations }: ObjectMeta): boolean => annotations?.[autoUpdateAnnotation] === 'false'

/** What is there has precedence: only labels and annotations that are missing are added. */
const completed = <M extends ObjectMeta>(existing: M, expected: ObjectMeta): M => ({
  ...existing,
  labels: { ...expected.labels, ...existing.labels },
  annotations: { ...expected.annotations, ...existing.annotations },
})

/**
 * A role with all rights it is to have; rights beyond are left. Undefined if nothing is missing, or it is not to be
 * touched.
 */
export function reconciledRole<T extends RoleLike>(existing: T, expected: T): T | undefined {
  if (isKept(existing.metadata)) return undefined
  const rules = existing.rules ?? []
  const missing = missingRights(rules, expected.rules ?? [])
  const selectors = existing.aggregationRule?.clusterRoleSelectors ?? []
  const missingSelectors = (expected.aggregationRule?.clusterRoleSelectors ?? []).filter(
    selector => !selectors.some(known => jsonEqual(known, selector)),
  )
  const reconciled = {
    ...existing,
    metadata: completed(existing.metadata, expected.metadata),
    ...(missing.length > 0 ? { rules: [...rules, ...missing] } : {}),
    ...(missingSelectors.length > 0
      ? { aggregationRule: { clusterRoleSelectors: [...selectors, ...missingSelectors] } }
      : {}),
  }
  return jsonEqual(reconciled, existing) ? undefined : reconciled
}

/** A binding with all subjects it is to have; `recreate` if it must be made anew, as its role cannot be changed. */
export function reconciledBinding<T extends BindingLike>(existing: T, expected: T): T | 'recreate' | undefined {
  if (isKept(existing.metadata)) return undefined
  if (!jsonEqual(existing.roleRef, expected.roleRef)) return 'recreate'
  const subjects = existing.subjects ?? []
  const missing = (expected.subjects ?? []).filter(subject => !subjects.some(known => jsonEqual(known, subject)))
  const reconciled = {
    ...existing,
    metadata: completed(existing.metadata, expected.metadata),
    ...(missing.length > 0 ? { subjects: [...subjects, ...missing] } : {}),
  }
  return jsonEqual(reconciled, existing) ? undefined : reconciled
}
