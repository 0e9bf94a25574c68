import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  int64,
  type Kind,
  keyed,
  list,
  type MessageSchema,
  nullable,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'
import { JSONSchemaProps } from './json-schema-props.js'
import { CustomResourceConversion } from './webhook-conversion.js'

const customResourceColumnDefinition = {
  name: required(1, string),
  type: required(2, string),
  format: optional(3, string),
  description: optional(4, string),
  priority: optional(5, int32),
  jsonPath: required(6, string),
}
export interface CustomResourceColumnDefinition extends FieldsType<typeof customResourceColumnDefinition> {}
export const CustomResourceColumnDefinition: MessageSchema<CustomResourceColumnDefinition> = message(
  'CustomResourceColumnDefinition',
  customResourceColumnDefinition,
)

const customResourceDefinitionNames = {
  plural: required(1, string),
  singular: optional(2, string),
  shortNames: optional(3, list(string)),
  kind: required(4, string),
  listKind: optional(5, string),
  categories: optional(6, list(string)),
}
export interface CustomResourceDefinitionNames extends FieldsType<typeof customResourceDefinitionNames> {}
export const CustomResourceDefinitionNames: MessageSchema<CustomResourceDefinitionNames> = message(
  'CustomResourceDefinitionNames',
  customResourceDefinitionNames,
)

const customResourceSubresourceScale = {
  specReplicasPath: required(1, string),
  statusReplicasPath: required(2, string),
  labelSelectorPath: pointer(3, string),
}
export interface CustomResourceSubresourceScale extends FieldsType<typeof customResourceSubresourceScale> {}
export const CustomResourceSubresourceScale: MessageSchema<CustomResourceSubresourceScale> = message(
  'CustomResourceSubresourceScale',
  customResourceSubresourceScale,
)

const customResourceSubresourceStatus = {}
export interface CustomResourceSubresourceStatus extends FieldsType<typeof customResourceSubresourceStatus> {}
export const CustomResourceSubresourceStatus: MessageSchema<CustomResourceSubresourceStatus> = message(
  'CustomResourceSubresourceStatus',
  customResourceSubresourceStatus,
)

const customResourceSubresources = {
  status: pointer(1, CustomResourceSubresourceStatus),
  scale: pointer(2, CustomResourceSubresourceScale),
}
export interface CustomResourceSubresources extends FieldsType<typeof customResourceSubresources> {}
export const CustomResourceSubresources: MessageSchema<CustomResourceSubresources> = message(
  'CustomResourceSubresources',
  customResourceSubresources,
)

const customResourceValidation = { openAPIV3Schema: pointer(1, JSONSchemaProps) }
export interface CustomResourceValidation extends FieldsType<typeof customResourceValidation> {}
export const CustomResourceValidation: MessageSchema<CustomResourceValidation> = message(
  'CustomResourceValidation',
  customResourceValidation,
)

const selectableField = { jsonPath: required(1, string) }
export interface SelectableField extends FieldsType<typeof selectableField> {}
export const SelectableField: MessageSchema<SelectableField> = message('SelectableField', selectableField)

const customResourceDefinitionVersion = {
  name: required(1, string),
  served: required(2, boolean),
  storage: required(3, boolean),
  deprecated: optional(7, boolean),
  deprecationWarning: pointer(8, string),
  schema: pointer(4, CustomResourceValidation),
  subresources: pointer(5, CustomResourceSubresources),
  additionalPrinterColumns: optional(6, list(CustomResourceColumnDefinition)),
  selectableFields: optional(9, list(SelectableField)),
}
export interface CustomResourceDefinitionVersion extends FieldsType<typeof customResourceDefinitionVersion> {}
export const CustomResourceDefinitionVersion: MessageSchema<CustomResourceDefinitionVersion> = message(
  'CustomResourceDefinitionVersion',
  customResourceDefinitionVersion,
)

const customResourceDefinitionSpec = {
  group: required(1, string),
  names: required(3, CustomResourceDefinitionNames),
  scope: required(4, string),
  versions: required(7, list(CustomResourceDefinitionVersion)),
  conversion: pointer(9, CustomResourceConversion),
  preserveUnknownFields: optional(10, boolean),
}
export interface CustomResourceDefinitionSpec extends FieldsType<typeof customResourceDefinitionSpec> {}
export const CustomResourceDefinitionSpec: MessageSchema<CustomResourceDefinitionSpec> = message(
  'CustomResourceDefinitionSpec',
  customResourceDefinitionSpec,
)

const customResourceDefinitionCondition = {
  type: required(1, string),
  status: required(2, string),
  lastTransitionTime: nullable(3, time),
  reason: optional(4, string),
  message: optional(5, string),
  observedGeneration: optional(6, int64),
}
export interface CustomResourceDefinitionCondition extends FieldsType<typeof customResourceDefinitionCondition> {}
export const CustomResourceDefinitionCondition: MessageSchema<CustomResourceDefinitionCondition> = message(
  'CustomResourceDefinitionCondition',
  customResourceDefinitionCondition,
)

const customResourceDefinitionStatus = {
  conditions: embedded(1, keyed(CustomResourceDefinitionCondition, ['type'])),
  acceptedNames: embedded(2, CustomResourceDefinitionNames),
  storedVersions: embedded(3, list(string)),
  observedGeneration: optional(4, int64),
}
export interface CustomResourceDefinitionStatus extends FieldsType<typeof customResourceDefinitionStatus> {}
export interface CustomResourceDefinitionStatusInit extends FieldsInit<typeof customResourceDefinitionStatus> {}
export const CustomResourceDefinitionStatus: MessageSchema<
  CustomResourceDefinitionStatus,
  CustomResourceDefinitionStatusInit
> = message('CustomResourceDefinitionStatus', customResourceDefinitionStatus)

const customResourceDefinition = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, CustomResourceDefinitionSpec),
  status: embedded(3, CustomResourceDefinitionStatus),
}
export interface CustomResourceDefinition extends TypeMeta, FieldsType<typeof customResourceDefinition> {}
export interface CustomResourceDefinitionInit extends TypeMeta, FieldsInit<typeof customResourceDefinition> {}
/** A resource that users add to the API. */
export const CustomResourceDefinition: Kind<CustomResourceDefinition, CustomResourceDefinitionInit> = kind(
  'CustomResourceDefinition',
  { plural: 'customresourcedefinitions', namespaced: false },
  customResourceDefinition,
)
