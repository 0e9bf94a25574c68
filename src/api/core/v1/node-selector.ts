import { type FieldsType, list, type MessageSchema, optional, required, string } from '../../../schema/index.js'
import { message } from './declare.js'

const nodeSelectorRequirement = {
  key: required(1, string),
  operator: required(2, string, { enum: ['DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn'] }),
  values: optional(3, list(string)),
}
export interface NodeSelectorRequirement extends FieldsType<typeof nodeSelectorRequirement> {}
export const NodeSelectorRequirement: MessageSchema<NodeSelectorRequirement> = message(
  'NodeSelectorRequirement',
  nodeSelectorRequirement,
)

const nodeSelectorTerm = {
  matchExpressions: optional(1, list(NodeSelectorRequirement)),
  matchFields: optional(2, list(NodeSelectorRequirement)),
}
export interface NodeSelectorTerm extends FieldsType<typeof nodeSelectorTerm> {}
export const NodeSelectorTerm: MessageSchema<NodeSelectorTerm> = message('NodeSelectorTerm', nodeSelectorTerm, {
  atomic: true,
})

const nodeSelector = { nodeSelectorTerms: required(1, list(NodeSelectorTerm)) }
export interface NodeSelector extends FieldsType<typeof nodeSelector> {}
export const NodeSelector: MessageSchema<NodeSelector> = message('NodeSelector', nodeSelector, { atomic: true })

const topologySelectorLabelRequirement = {
  key: required(1, string),
  values: required(2, list(string)),
}
export interface TopologySelectorLabelRequirement extends FieldsType<typeof topologySelectorLabelRequirement> {}
export const TopologySelectorLabelRequirement: MessageSchema<TopologySelectorLabelRequirement> = message(
  'TopologySelectorLabelRequirement',
  topologySelectorLabelRequirement,
)

const topologySelectorTerm = { matchLabelExpressions: optional(1, list(TopologySelectorLabelRequirement)) }
export interface TopologySelectorTerm extends FieldsType<typeof topologySelectorTerm> {}
export const TopologySelectorTerm: MessageSchema<TopologySelectorTerm> = message(
  'TopologySelectorTerm',
  topologySelectorTerm,
  { atomic: true },
)
