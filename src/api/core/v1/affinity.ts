import { LabelSelector } from '../../../machinery/meta/index.js'
import {
  type FieldsType,
  int32,
  int64,
  list,
  type MessageSchema,
  optional,
  pointer,
  required,
  string,
} from '../../../schema/index.js'
import { message } from './declare.js'
import { NodeSelector, NodeSelectorTerm } from './node-selector.js'

const preferredSchedulingTerm = {
  weight: required(1, int32),
  preference: required(2, NodeSelectorTerm),
}
export interface PreferredSchedulingTerm extends FieldsType<typeof preferredSchedulingTerm> {}
export const PreferredSchedulingTerm: MessageSchema<PreferredSchedulingTerm> = message(
  'PreferredSchedulingTerm',
  preferredSchedulingTerm,
)

const nodeAffinity = {
  requiredDuringSchedulingIgnoredDuringExecution: pointer(1, NodeSelector),
  preferredDuringSchedulingIgnoredDuringExecution: optional(2, list(PreferredSchedulingTerm)),
}
export interface NodeAffinity extends FieldsType<typeof nodeAffinity> {}
export const NodeAffinity: MessageSchema<NodeAffinity> = message('NodeAffinity', nodeAffinity)

const podAffinityTerm = {
  labelSelector: pointer(1, LabelSelector),
  namespaces: optional(2, list(string)),
  topologyKey: required(3, string),
  namespaceSelector: pointer(4, LabelSelector),
  matchLabelKeys: optional(5, list(string)),
  mismatchLabelKeys: optional(6, list(string)),
}
export interface PodAffinityTerm extends FieldsType<typeof podAffinityTerm> {}
export const PodAffinityTerm: MessageSchema<PodAffinityTerm> = message('PodAffinityTerm', podAffinityTerm)

const weightedPodAffinityTerm = {
  weight: required(1, int32),
  podAffinityTerm: required(2, PodAffinityTerm),
}
export interface WeightedPodAffinityTerm extends FieldsType<typeof weightedPodAffinityTerm> {}
export const WeightedPodAffinityTerm: MessageSchema<WeightedPodAffinityTerm> = message(
  'WeightedPodAffinityTerm',
  weightedPodAffinityTerm,
)

const podAffinity = {
  requiredDuringSchedulingIgnoredDuringExecution: optional(1, list(PodAffinityTerm)),
  preferredDuringSchedulingIgnoredDuringExecution: optional(2, list(WeightedPodAffinityTerm)),
}
export interface PodAffinity extends FieldsType<typeof podAffinity> {}
export const PodAffinity: MessageSchema<PodAffinity> = message('PodAffinity', podAffinity)

const podAntiAffinity = {
  requiredDuringSchedulingIgnoredDuringExecution: optional(1, list(PodAffinityTerm)),
  preferredDuringSchedulingIgnoredDuringExecution: optional(2, list(WeightedPodAffinityTerm)),
}
export interface PodAntiAffinity extends FieldsType<typeof podAntiAffinity> {}
export const PodAntiAffinity: MessageSchema<PodAntiAffinity> = message('PodAntiAffinity', podAntiAffinity)

const affinity = {
  nodeAffinity: pointer(1, NodeAffinity),
  podAffinity: pointer(2, PodAffinity),
  podAntiAffinity: pointer(3, PodAntiAffinity),
}
export interface Affinity extends FieldsType<typeof affinity> {}
export const Affinity: MessageSchema<Affinity> = message('Affinity', affinity)

const toleration = {
  key: optional(1, string),
  operator: optional(2, string, { enum: ['Equal', 'Exists', 'Gt', 'Lt'] }),
  value: optional(3, string),
  effect: optional(4, string, { enum: ['NoExecute', 'NoSchedule', 'PreferNoSchedule'] }),
  tolerationSeconds: pointer(5, int64),
}
export interface Toleration extends FieldsType<typeof toleration> {}
export const Toleration: MessageSchema<Toleration> = message('Toleration', toleration)

const topologySpreadConstraint = {
  maxSkew: required(1, int32),
  topologyKey: required(2, string),
  whenUnsatisfiable: required(3, string, { enum: ['DoNotSchedule', 'ScheduleAnyway'] }),
  labelSelector: pointer(4, LabelSelector),
  minDomains: pointer(5, int32),
  nodeAffinityPolicy: pointer(6, string, { enum: ['Honor', 'Ignore'] }),
  nodeTaintsPolicy: pointer(7, string, { enum: ['Honor', 'Ignore'] }),
  matchLabelKeys: optional(8, list(string)),
}
export interface TopologySpreadConstraint extends FieldsType<typeof topologySpreadConstraint> {}
export const TopologySpreadConstraint: MessageSchema<TopologySpreadConstraint> = message(
  'TopologySpreadConstraint',
  topologySpreadConstraint,
)
