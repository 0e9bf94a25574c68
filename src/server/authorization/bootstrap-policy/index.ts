export {
  bootstrapClusterRoleBindings,
  bootstrapClusterRoles,
  bootstrapRoleBindings,
  bootstrapRoles,
  featurePolicy,
} from './bootstrap-policy.js'
export { reconciledBinding, reconciledRole } from './reconcile.js'
