import {
  ClusterRole,
  ClusterRoleBinding,
  type PolicyRule,
  Role,
  RoleBinding,
  type Subject,
} from '../../../api/rbac/v1/index.js'
import { componentRoles } from './component-roles.js'
import { controllerRoles, featureControllerRoles } from './controller-roles.js'
import { allow, events, fullAuthority } from './rule.js'
import { aggregatedRoles, aggregateParts } from './user-roles.js'

const group = 'rbac.authorization.k8s.io'
const aggregateTo = (role: string) => ({ [`${group}/aggregate-to-${role}`]: 'true' })

/** Roles with this annotation are kept up to date at every start; somebody who sets it to `false` keeps theirs. */
export const autoUpdateAnnotation = 'rbac.authorization.kubernetes.io/autoupdate'

const metadata = (name: string, labels: { readonly [key: string]: string } = {}, namespace?: string) => ({
  name,
  ...(namespace ? { namespace } : {}),
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
  annotations: { [autoUpdateAnnotation]: 'true' },
})

const user = (name: string): Subject => ({ kind: 'User', apiGroup: group, name })
const groupOf = (name: string): Subject => ({ kind: 'Group', apiGroup: group, name })
const account = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' })

const clusterRole = (name: string, rules: readonly PolicyRule[] | null, more: Partial<ClusterRole> = {}) =>
  ({ apiVersion: `${group}/v1`, kind: ClusterRole.gvk.kind, metadata: metadata(name), rules, ...more }) as ClusterRole

/** Every cluster role that a cluster has from its first moment. */
export const bootstrapClusterRoles: readonly ClusterRole[] = [
  clusterRole('cluster-admin', fullAuthority),
  ...aggregatedRoles.map(({ name, partOf }) =>
    clusterRole(name, null, {
      metadata: metadata(name, partOf ? aggregateTo(partOf) : {}),
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregateTo(name) }] },
    }),
  ),
  ...Object.entries(aggregateParts).map(([role, rules]) =>
    clusterRole(`system:aggregate-to-${role}`, rules, {
      metadata: metadata(`system:aggregate-to-${role}`, aggregateTo(role)),
    }),
  ),
  ...Object.entries(componentRoles).map(([name, rules]) => clusterRole(name, rules)),
  ...Object.entries(controllerRoles).map(controllerRole),
]

function controllerRole([name, rules]: readonly [controller: string, rules: readonly PolicyRule[]]): ClusterRole {
  return clusterRole(`system:controller:${name}`, rules)
}

const everybody = [groupOf('system:authenticated'), groupOf('system:unauthenticated')]
const scheduler = [user('system:kube-scheduler')]

/** Whom the roles of their names are bound to; that of nodes is bound to nobody, since Node authorization does more. */
const bound: { readonly [role: string]: readonly Subject[] } = {
  'cluster-admin': [groupOf('system:masters')],
  'system:basic-user': [groupOf('system:authenticated')],
  'system:discovery': [groupOf('system:authenticated')],
  'system:kube-controller-manager': [user('system:kube-controller-manager')],
  'system:kube-dns': [account('kube-dns')],
  'system:kube-scheduler': scheduler,
  'system:monitoring': [groupOf('system:monitoring')],
  'system:node': [],
  'system:node-proxier': [user('system:kube-proxy')],
  'system:openshift:public-info-viewer': everybody,
  'system:public-info-viewer': everybody,
  'system:service-account-issuer-discovery': [groupOf('system:serviceaccounts')],
  'system:volume-scheduler': scheduler,
  ...Object.fromEntries(Object.keys(controllerRoles).map(name => [`system:controller:${name}`, [account(name)]])),
}

const clusterRoleBinding = (name: string, subjects: readonly Subject[]) =>
  ({
    apiVersion: `${group}/v1`,
    kind: ClusterRoleBinding.gvk.kind,
    metadata: metadata(name),
    ...(subjects.length > 0 ? { subjects } : {}),
    roleRef: { apiGroup: group, kind: 'ClusterRole', name },
  }) as ClusterRoleBinding

/** Every cluster role binding that a cluster has from its first moment. */
export const bootstrapClusterRoleBindings: readonly ClusterRoleBinding[] = Object.entries(bound).map(
  ([name, subjects]) => clusterRoleBinding(name, subjects),
)

/** What a cluster has besides where a feature is on, by the controller that works for it. */
export const featurePolicy = (controller: keyof typeof featureControllerRoles) => ({
  role: controllerRole([controller, featureControllerRoles[controller]]),
  binding: clusterRoleBinding(`system:controller:${controller}`, [account(controller)]),
})

interface NamespacedPolicy {
  readonly namespace: string
  readonly role: string
  /** That of the role unless said otherwise. */
  readonly binding?: string
  readonly rules: readonly PolicyRule[]
  readonly subjects: readonly Subject[]
}

const lockRules = [
  allow('create get list update watch', 'coordination.k8s.io', 'leases'),
  allow('create get list update watch', 'coordination.k8s.io', 'leasecandidates'),
]
const controllerManager = user('system:kube-controller-manager')

const namespacedPolicy: readonly NamespacedPolicy[] = [
  {
    namespace: 'kube-public',
    role: 'system:controller:bootstrap-signer',
    rules: [
      allow('get list watch', 'core', 'configmaps'),
      allow('update', 'core', 'configmaps', 'cluster-info'),
      events,
    ],
    subjects: [account('bootstrap-signer')],
  },
  {
    namespace: 'kube-system',
    role: 'extension-apiserver-authentication-reader',
    binding: 'system::extension-apiserver-authentication-reader',
    rules: [allow('get list watch', 'core', 'configmaps', 'extension-apiserver-authentication')],
    subjects: [controllerManager, ...scheduler],
  },
  {
    namespace: 'kube-system',
    role: 'system::leader-locking-kube-controller-manager',
    rules: lockRules,
    subjects: [controllerManager, account('kube-controller-manager'), account('leader-election-controller')],
  },
  {
    namespace: 'kube-system',
    role: 'system::leader-locking-kube-scheduler',
    rules: lockRules,
    subjects: [...scheduler, account('kube-scheduler')],
  },
  {
    namespace: 'kube-system',
    role: 'system:controller:bootstrap-signer',
    rules: [allow('get list watch', 'core', 'secrets')],
    subjects: [account('bootstrap-signer')],
  },
  {
    namespace: 'kube-system',
    role: 'system:controller:cloud-provider',
    rules: [allow('create get list watch', 'core', 'configmaps')],
    subjects: [account('cloud-provider')],
  },
  {
    namespace: 'kube-system',
    role: 'system:controller:token-cleaner',
    rules: [allow('delete get list watch', 'core', 'secrets'), events],
    subjects: [account('token-cleaner')],
  },
]

/** Every role that a cluster has from its first moment. */
export const bootstrapRoles: readonly Role[] = namespacedPolicy.map(
  ({ namespace, role, rules }) =>
    ({
      apiVersion: `${group}/v1`,
      kind: Role.gvk.kind,
      metadata: metadata(role, {}, namespace),
      rules,
    }) as Role,
)

/** Every role binding that a cluster has from its first moment. */
export const bootstrapRoleBindings: readonly RoleBinding[] = namespacedPolicy.map(
  ({ namespace, role, binding = role, subjects }) =>
    ({
      apiVersion: `${group}/v1`,
      kind: RoleBinding.gvk.kind,
      metadata: metadata(binding, {}, namespace),
      subjects,
      roleRef: { apiGroup: group, kind: 'Role', name: role },
    }) as RoleBinding,
)
