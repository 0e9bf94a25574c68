import {
  type FieldsType,
  list,
  type MessageSchema,
  message,
  optional,
  required,
  string,
} from '../../../schema/index.js'

const nodeSelectorRequirement = {
  key: required(1, string),
  operator: required(2, string, { enum: ['DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn'] }),
  values: optional(3, list(string)),
}
export interface NodeSelectorRequirement extends FieldsType<typeof nodeSelectorRequirement> {}
export const NodeSelectorRequirement: MessageSchema<NodeSelectorRequirement> = message(
  'k8s.io.api.core.v1.NodeSelectorRequirement',
  nodeSelectorRequirement,
)

const nodeSelectorTerm = {
  matchExpressions: optional(1, list(NodeSelectorRequirement)),
  matchFields: optional(2, list(NodeSelectorRequirement)),
}
export interface NodeSelectorTerm extends FieldsType<typeof nodeSelectorTerm> {}
export const NodeSelectorTerm: MessageSchema<NodeSelectorTerm> = message(
  'k8s.io.api.core.v1.NodeSelectorTerm',
  nodeSelectorTerm,
  { atomic: true },
)

const nodeSelector = {
  nodeSelectorTerms: required(1, list(NodeSelectorTerm)),
}
export interface NodeSelector extends FieldsType<typeof nodeSelector> {}
export const NodeSelector: MessageSchema<NodeSelector> = message('k8s.io.api.core.v1.NodeSelector', nodeSelector, {
  atomic: true,
})

const topologySelectorLabelRequirement = {
  key: required(1, string),
  values: required(2, list(string)),
}
export interface TopologySelectorLabelRequirement extends FieldsType<typeof topologySelectorLabelRequirement> {}
export const TopologySelectorLabelRequirement: MessageSchema<TopologySelectorLabelRequirement> = message(
  'k8s.io.api.core.v1.TopologySelectorLabelRequirement',
  topologySelectorLabelRequirement,
)

const topologySelectorTerm = {
  matchLabelExpressions: optional(1, list(TopologySelectorLabelRequirement)),
}
export interface TopologySelectorTerm extends FieldsType<typeof topologySelectorTerm> {}
export const TopologySelectorTerm: MessageSchema<TopologySelectorTerm> = message(
  'k8s.io.api.core.v1.TopologySelectorTerm',
  topologySelectorTerm,
  { atomic: true },
)
