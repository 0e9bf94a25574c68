import { type FieldsType, list, type MessageSchema, map, optional, required, string } from '../../schema/index.js'
import { message } from './declare.js'

const labelSelectorRequirement = {
  key: required(1, string),
  operator: required(2, string),
  values: optional(3, list(string)),
}
export interface LabelSelectorRequirement extends FieldsType<typeof labelSelectorRequirement> {}
export const LabelSelectorRequirement: MessageSchema<LabelSelectorRequirement> = message(
  'LabelSelectorRequirement',
  labelSelectorRequirement,
)

const labelSelector = {
  matchLabels: optional(1, map(string)),
  matchExpressions: optional(2, list(LabelSelectorRequirement)),
}
export interface LabelSelector extends FieldsType<typeof labelSelector> {}
export const LabelSelector: MessageSchema<LabelSelector> = message('LabelSelector', labelSelector, { atomic: true })

const fieldSelectorRequirement = {
  key: required(1, string),
  operator: required(2, string),
  values: optional(3, list(string)),
}
export interface FieldSelectorRequirement extends FieldsType<typeof fieldSelectorRequirement> {}
export const FieldSelectorRequirement: MessageSchema<FieldSelectorRequirement> = message(
  'FieldSelectorRequirement',
  fieldSelectorRequirement,
)
