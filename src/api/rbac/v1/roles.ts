import { invalidValue, required } from '../../../machinery/field-errors.js'
import { pathSegmentName } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabelSelector } from '../../../machinery/validate-labels.js'
import { ClusterRole } from './cluster-role.js'
import type { PolicyRule } from './policy-rule.js'
import { Role } from './role.js'

export const roles: Resource<Role> = resource(Role, {
  strategy: {
    createOnUpdate: true,
    nameErrors: pathSegmentName,
    validate: ({ rules }) => validateRules(rules, true),
    validateUpdate: ({ rules }) => validateRules(rules, true),
  },
})

export const clusterRoles: Resource<ClusterRole> = resource(ClusterRole, {
  strategy: {
    createOnUpdate: true,
    nameErrors: pathSegmentName,
    validate: validateClusterRole,
    validateUpdate: validateClusterRole,
  },
})

function validateClusterRole({ rules, aggregationRule }: ClusterRole): FieldError[] {
  const errors = validateRules(rules, false)
  if (!aggregationRule) return errors
  const at = root.child('aggregationRule', 'clusterRoleSelectors')
  const { clusterRoleSelectors = [] } = aggregationRule
  if (clusterRoleSelectors.length === 0)
    errors.push(required(at, 'at least one clusterRoleSelector required if aggregationRule is non-nil'))
  return [...errors, ...clusterRoleSelectors.flatMap((selector, i) => validateLabelSelector(selector, at.index(i)))]
}

const validateRules = (rules: readonly PolicyRule[] | null, namespaced: boolean): FieldError[] =>
  (rules ?? []).flatMap((rule, i) => validateRule(rule, namespaced, root.child('rules').index(i)))

/** https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
function validateRule(rule: PolicyRule, namespaced: boolean, at: FieldPath): FieldError[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
  const errors: FieldError[] = []
  if (!verbs?.length) errors.push(required(at.child('verbs'), 'verbs must contain at least one value'))
  if (nonResourceURLs.length > 0) {
    const here = at.child('nonResourceURLs')
    if (namespaced)
      errors.push(invalidValue(here, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'))
    if (apiGroups.length + resources.length + resourceNames.length > 0)
      errors.push(
        invalidValue(here, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'),
      )
    return errors
  }
  if (apiGroups.length === 0)
    errors.push(required(at.child('apiGroups'), 'resource rules must supply at least one api group'))
  if (resources.length === 0)
    errors.push(required(at.child('resources'), 'resource rules must supply at least one resource'))
  return errors
}
