import { type FieldsType, list, type MessageSchema, optional, required, string } from '../../../schema/index.js'
import { message } from './declare.js'

const policyRule = {
  verbs: required(1, list(string)),
  apiGroups: optional(2, list(string)),
  resources: optional(3, list(string)),
  resourceNames: optional(4, list(string)),
  nonResourceURLs: optional(5, list(string)),
}
export interface PolicyRule extends FieldsType<typeof policyRule> {}
export const PolicyRule: MessageSchema<PolicyRule> = message('PolicyRule', policyRule)
