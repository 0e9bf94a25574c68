import { controllerRoles, featureControllerRoles } from '../server/authorization/bootstrap-policy/controller-roles.js'

/** Controllers whose account is called otherwise than they are. */
const accounts: { readonly [controller: string]: string } = {
  certificatesigningrequest: 'certificate-controller',
  daemonset: 'daemon-set-controller',
  'endpointslice-mirroring': 'endpointslicemirroring-controller',
  'garbage-collector': 'generic-garbage-collector',
  'legacy-serviceaccount-token-cleaner': 'legacy-service-account-token-cleaner',
  'node-ipam': 'node-controller',
  'node-lifecycle': 'node-controller',
  'persistentvolume-binder': 'persistent-volume-binder',
  'persistentvolume-expander': 'expand-controller',
  'persistentvolume-protection': 'pv-protection-controller',
  'persistentvolume-reclaimer': 'persistent-volume-binder',
  'persistentvolumeclaim-protection': 'pvc-protection-controller',
  replicationcontroller: 'replication-controller',
  'service-cidr': 'service-cidrs-controller',
  serviceaccount: 'service-account-controller',
  resourceclaim: 'resource-claim-controller',
  'resourceclaim-generator': 'resource-claim-controller',
  'taint-eviction': 'node-controller',
}

/** Accounts whose rights are not those of a cluster role that every cluster has. */
const others = new Set([
  'bootstrap-signer',
  'token-cleaner',
  'kubelet-serving-approver',
  ...Object.keys(featureControllerRoles),
])

/**
 * The service account in `kube-system` that a controller acts as: the one of its name, with or without `-controller`
 * behind it, that the bootstrap policy has a role for. Undefined of a controller that has none: it acts as
 * kube-controller-manager itself.
 */
export function accountOfController(controller: string): string | undefined {
  return [accounts[controller], controller, `${controller}-controller`].find(
    name => name !== undefined && (Object.hasOwn(controllerRoles, name) || others.has(name)),
  )
}
