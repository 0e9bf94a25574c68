import {
  type FieldsType,
  list,
  type MessageSchema,
  map,
  message,
  optional,
  required,
  string,
} from '../../schema/index.js'

const labelSelectorRequirement = {
  key: required(1, string),
  operator: required(2, string),
  values: optional(3, list(string)),
}
export interface LabelSelectorRequirement extends FieldsType<typeof labelSelectorRequirement> {}
export const LabelSelectorRequirement: MessageSchema<LabelSelectorRequirement> = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement',
  labelSelectorRequirement,
)

const labelSelector = {
  matchLabels: optional(1, map(string)),
  matchExpressions: optional(2, list(LabelSelectorRequirement)),
}
export interface LabelSelector extends FieldsType<typeof labelSelector> {}
export const LabelSelector: MessageSchema<LabelSelector> = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.LabelSelector',
  labelSelector,
  { atomic: true },
)

const fieldSelectorRequirement = {
  key: required(1, string),
  operator: required(2, string),
  values: optional(3, list(string)),
}
export interface FieldSelectorRequirement extends FieldsType<typeof fieldSelectorRequirement> {}
export const FieldSelectorRequirement: MessageSchema<FieldSelectorRequirement> = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement',
  fieldSelectorRequirement,
)
