import type { Resource } from '../../../machinery/resource.js'
import { clusterRoleBindings, roleBindings } from './role-bindings.js'
import { clusterRoles, roles } from './roles.js'

/** The resources of rbac.authorization.k8s.io/v1. */
export const rbacResources: readonly Resource[] = [
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  roles,
] as unknown as readonly Resource[]
