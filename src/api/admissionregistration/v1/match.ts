import { LabelSelector } from '../../../machinery/meta/index.js'
import {
  type FieldsType,
  inline,
  list,
  type MessageSchema,
  optional,
  pointer,
  required,
  string,
} from '../../../schema/index.js'
import { message } from './declare.js'

const rule = {
  apiGroups: optional(1, list(string)),
  apiVersions: optional(2, list(string)),
  resources: optional(3, list(string)),
  scope: pointer(4, string, { enum: ['*', 'Cluster', 'Namespaced'] }),
}
export interface Rule extends FieldsType<typeof rule> {}
export const Rule: MessageSchema<Rule> = message('Rule', rule)

const ruleWithOperations = {
  operations: optional(1, list(string)),
  rule: inline(2, Rule),
}
export interface RuleWithOperations extends FieldsType<typeof ruleWithOperations> {}
export const RuleWithOperations: MessageSchema<RuleWithOperations> = message('RuleWithOperations', ruleWithOperations)

const namedRuleWithOperations = {
  resourceNames: optional(1, list(string)),
  ruleWithOperations: inline(2, RuleWithOperations),
}
export interface NamedRuleWithOperations extends FieldsType<typeof namedRuleWithOperations> {}
export const NamedRuleWithOperations: MessageSchema<NamedRuleWithOperations> = message(
  'NamedRuleWithOperations',
  namedRuleWithOperations,
  { atomic: true },
)

const matchResources = {
  namespaceSelector: pointer(1, LabelSelector),
  objectSelector: pointer(2, LabelSelector),
  resourceRules: optional(3, list(NamedRuleWithOperations)),
  excludeResourceRules: optional(4, list(NamedRuleWithOperations)),
  matchPolicy: pointer(7, string, { enum: ['Equivalent', 'Exact'] }),
}
export interface MatchResources extends FieldsType<typeof matchResources> {}
export const MatchResources: MessageSchema<MatchResources> = message('MatchResources', matchResources, { atomic: true })

const matchCondition = {
  name: required(1, string),
  expression: required(2, string),
}
export interface MatchCondition extends FieldsType<typeof matchCondition> {}
export const MatchCondition: MessageSchema<MatchCondition> = message('MatchCondition', matchCondition)
