import type { Resource } from '../../../machinery/resource.js'
import { mutatingAdmissionPolicies, mutatingAdmissionPolicyBindings } from './mutating-admission-policies.js'
import { validatingAdmissionPolicies, validatingAdmissionPolicyBindings } from './validating-admission-policies.js'
import { mutatingWebhookConfigurations, validatingWebhookConfigurations } from './webhook-configurations.js'

/** The resources of admissionregistration.k8s.io/v1. */
export const admissionregistrationResources: readonly Resource[] = [
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  mutatingWebhookConfigurations,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
  validatingWebhookConfigurations,
] as unknown as readonly Resource[]
