import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  list,
  type MessageSchema,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const groupResources = {
  group: optional(1, string),
  resources: optional(2, list(string, { type: 'none' })),
  resourceNames: optional(3, list(string, { type: 'none' })),
}
export interface GroupResources extends FieldsType<typeof groupResources> {}
export const GroupResources: MessageSchema<GroupResources> = message('GroupResources', groupResources)

const policyRule = {
  level: required(1, string),
  users: optional(2, list(string, { type: 'none' })),
  userGroups: optional(3, list(string, { type: 'none' })),
  verbs: optional(4, list(string, { type: 'none' })),
  resources: optional(5, list(GroupResources, { type: 'none' })),
  namespaces: optional(6, list(string, { type: 'none' })),
  nonResourceURLs: optional(7, list(string, { type: 'none' })),
  omitStages: optional(8, list(string, { type: 'none' })),
  omitManagedFields: pointer(9, boolean),
}
export interface PolicyRule extends FieldsType<typeof policyRule> {}
export const PolicyRule: MessageSchema<PolicyRule> = message('PolicyRule', policyRule)

const policy = {
  metadata: embedded(1, ObjectMeta),
  rules: required(2, list(PolicyRule, { type: 'none' })),
  omitStages: optional(3, list(string, { type: 'none' })),
  omitManagedFields: optional(4, boolean),
}
export interface Policy extends TypeMeta, FieldsType<typeof policy> {}
export interface PolicyInit extends TypeMeta, FieldsInit<typeof policy> {}
/** Which requests are written to the audit log, and how much of them. */
export const Policy: Kind<Policy, PolicyInit> = kind('Policy', { plural: '', namespaced: false }, policy)
