import type { PolicyRule } from '../../../api/rbac/v1/index.js'
import { allow } from './rule.js'

/**
 * Roles for people: `admin`, `edit` and `view` have no rules of their own, the aggregation controller gathers them from
 * all roles labelled so. An editor sees what a viewer sees, an administrator of a namespace does what an editor does.
 */
export const aggregatedRoles: readonly { readonly name: string; readonly partOf?: string }[] = [
  { name: 'admin' },
  { name: 'edit', partOf: 'admin' },
  { name: 'view', partOf: 'edit' },
]

/** What upstream's own kinds add to each, by its name. */
export const aggregateParts: { readonly [role: string]: readonly PolicyRule[] } = {
  admin: [
    allow('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
    allow(
      'create delete deletecollection get list patch update watch',
      'rbac.authorization.k8s.io',
      'rolebindings roles',
    ),
  ],
  edit: [
    allow('get list watch', 'core', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
    allow('impersonate', 'core', 'serviceaccounts'),
    allow(
      'create delete deletecollection patch update',
      'core',
      'pods pods/attach pods/exec pods/portforward pods/proxy',
    ),
    allow('create', 'core', 'pods/eviction'),
    allow(
      'create delete deletecollection patch update',
      'core',
      'configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
    ),
    allow('create', 'core', 'serviceaccounts/token'),
    allow('create delete deletecollection patch update', 'core events.k8s.io', 'events'),
    allow(
      'create delete deletecollection patch update',
      'apps',
      'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale',
    ),
    allow('create delete deletecollection patch update', 'autoscaling', 'horizontalpodautoscalers'),
    allow('create delete deletecollection patch update', 'batch', 'cronjobs jobs'),
    allow(
      'create delete deletecollection patch update',
      'extensions',
      'daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale',
    ),
    allow('create delete deletecollection patch update', 'policy', 'poddisruptionbudgets'),
    allow('create delete deletecollection patch update', 'networking.k8s.io', 'ingresses networkpolicies'),
    allow('create delete deletecollection get list patch update watch', 'coordination.k8s.io', 'leases'),
    allow('create delete deletecollection patch update', 'resource.k8s.io', 'resourceclaims resourceclaimtemplates'),
  ],
  view: [
    allow(
      'get list watch',
      'core',
      'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
    ),
    allow(
      'get list watch',
      'core',
      'bindings limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
    ),
    allow('get list watch', 'core', 'namespaces'),
    allow('get list watch', 'core events.k8s.io', 'events'),
    allow('get list watch', 'discovery.k8s.io', 'endpointslices'),
    allow(
      'get list watch',
      'apps',
      'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status',
    ),
    allow('get list watch', 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
    allow('get list watch', 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
    allow(
      'get list watch',
      'extensions',
      'daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale',
    ),
    allow('get list watch', 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
    allow('get list watch', 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
    allow('get list watch', 'resource.k8s.io', 'resourceclaims resourceclaims/status resourceclaimtemplates'),
  ],
}
