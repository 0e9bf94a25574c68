import type { AdmissionPlugin } from './admission.js'
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.js'
import { defaultIngressClass, defaultStorageClass } from './default-classes.js'
import { defaultTolerationSeconds } from './default-tolerations.js'
import { deviceAdminAccess } from './device-admin-access.js'
import { limitRanger } from './limit-ranger.js'
import { namespaceLifecycle } from './namespace-lifecycle.js'
import { nodeRestriction } from './node-restriction.js'
import { nodeDeclaredFeatures, podResize } from './pod-resize.js'
import { podSecurity } from './pod-security/pod-security.js'
import { podTopologyLabels } from './pod-topology-labels.js'
import { mutatingPolicies } from './policies/mutating-policies.js'
import { validatingPolicies } from './policies/validating-policies.js'
import { priority } from './priority.js'
import { resourceQuota } from './resource-quota.js'
import { runtimeClassAdmission } from './runtime-class.js'
import { serviceAccountAdmission } from './service-account.js'
import { storageObjectInUseProtection } from './storage-protection.js'
import { taintNodesByCondition } from './taint-nodes.js'
import { persistentVolumeClaimResize } from './volume-claim-resize.js'
import { mutatingWebhooks, validatingWebhooks, type WebhookParts } from './webhooks/webhooks.js'

/** The plugins that every API server has, in upstream's order, and others before policies and webhooks. */
export const builtInAdmission = (
  parts: WebhookParts,
  others: readonly AdmissionPlugin[] = [],
): readonly AdmissionPlugin[] => {
  const { registries, authorizer } = parts
  return [
    namespaceLifecycle(registries),
    deviceAdminAccess(registries),
    limitRanger(registries),
    serviceAccountAdmission(registries),
    nodeRestriction(registries),
    taintNodesByCondition,
    podSecurity(registries),
    priority(registries),
    defaultTolerationSeconds,
    defaultStorageClass(registries),
    storageObjectInUseProtection,
    persistentVolumeClaimResize(registries),
    runtimeClassAdmission(registries),
    certificateApproval(authorizer),
    certificateSigning(authorizer),
    certificateSubjectRestriction,
    defaultIngressClass(registries),
    podTopologyLabels(registries),
    nodeDeclaredFeatures(registries),
    podResize(registries),
    ...others,
    mutatingPolicies(registries, authorizer),
    mutatingWebhooks(parts),
    validatingPolicies(registries, authorizer),
    validatingWebhooks(parts),
    resourceQuota(registries),
  ]
}
