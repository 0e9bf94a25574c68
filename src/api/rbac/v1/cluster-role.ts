import { LabelSelector, ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  list,
  type MessageSchema,
  optional,
  pointer,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'
import { PolicyRule } from './policy-rule.js'

const aggregationRule = { clusterRoleSelectors: optional(1, list(LabelSelector)) }
export interface AggregationRule extends FieldsType<typeof aggregationRule> {}
export const AggregationRule: MessageSchema<AggregationRule> = message('AggregationRule', aggregationRule)

const clusterRole = {
  metadata: embedded(1, ObjectMeta),
  rules: embedded(2, list(PolicyRule)),
  aggregationRule: pointer(3, AggregationRule),
}
export interface ClusterRole extends TypeMeta, FieldsType<typeof clusterRole> {}
export interface ClusterRoleInit extends TypeMeta, FieldsInit<typeof clusterRole> {}
/** Permissions in the whole cluster. */
export const ClusterRole: Kind<ClusterRole, ClusterRoleInit> = kind(
  'ClusterRole',
  { plural: 'clusterroles', namespaced: false },
  clusterRole,
)
