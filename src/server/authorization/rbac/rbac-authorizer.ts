import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../../api/rbac/v1/index.js'
import { goQuote } from '../../../machinery/go-format.js'
import type { UserInfo } from '../../../machinery/http.js'
import { follow } from '../../cache/follow.js'
import type { Registries } from '../../registry/registries.js'
import type { AccessRequest } from '../access-request.js'
import type { Authorizer, Decision, RuleList } from '../authorizer.js'
import { keysFor } from './compiled-role.js'
import { aggregateText, allowedBy } from './describe.js'
import { RbacIndex, type RoleNode } from './rbac-index.js'

/** Decides by roles and bindings: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
export function rbacAuthorizer(index: () => RbacIndex): Authorizer {
  return {
    authorize: (user, request) => decide(index(), user, request),
    rulesFor(user, namespace): RuleList {
      const { rules, missing } = index().rulesOf(user, namespace)
      return { rules, incomplete: false, errors: missing.length > 0 ? [missingText(missing)] : [] }
    },
  }
}

function decide(index: RbacIndex, user: UserInfo, { verb, path, resource }: AccessRequest): Decision {
  const keys = resource && keysFor(resource)
  const missing: RoleNode[] = []
  for (const scope of index.scopesOf(user, resource?.namespace ?? '')) {
    const grant = keys ? scope.forResource(keys, verb) : scope.forPath(path, verb)
    if (grant) return { verdict: 'allow', reason: allowedBy(grant.binding, grant.subject) }
    if (scope.missing.size > 0) missing.push(...scope.missing)
  }
  return { verdict: 'none', reason: missing.length > 0 ? `RBAC: ${missingText(missing)}` : '' }
}

/** A binding to a role that is not there grants nothing, and says so. */
export const missingText = (roles: readonly RoleNode[], plural = ''): string =>
  aggregateText(
    roles.map(
      ({ kind, name }) => `${kind.toLowerCase()}${plural}.rbac.authorization.k8s.io ${goQuote(name)} not found`,
    ),
  )

/** An index that follows the roles and bindings of a server, whose caches must be filled. */
export function followRbac(registries: Registries): RbacIndex {
  const index = new RbacIndex()
  const roles = {
    set: (role: Role | ClusterRole) => index.setRole(role),
    delete: (role: Role | ClusterRole) => index.deleteRole(role),
  }
  const bindings = {
    set: (binding: RoleBinding | ClusterRoleBinding) => index.setBinding(binding),
    delete: (binding: RoleBinding | ClusterRoleBinding) => index.deleteBinding(binding),
  }
  follow(registries.of(Role).cache, roles)
  follow(registries.of(ClusterRole).cache, roles)
  follow(registries.of(RoleBinding).cache, bindings)
  follow(registries.of(ClusterRoleBinding).cache, bindings)
  return index
}
