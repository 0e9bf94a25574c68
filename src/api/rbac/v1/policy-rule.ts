import {
  type FieldsType,
  list,
  type MessageSchema,
  message,
  optional,
  required,
  string,
} from '../../../schema/index.js'

const policyRule = {
  verbs: required(1, list(string)),
  apiGroups: optional(2, list(string)),
  resources: optional(3, list(string)),
  resourceNames: optional(4, list(string)),
  nonResourceURLs: optional(5, list(string)),
}
export interface PolicyRule extends FieldsType<typeof policyRule> {}
export const PolicyRule: MessageSchema<PolicyRule> = message('k8s.io.api.rbac.v1.PolicyRule', policyRule)
