import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  keyed,
  type MessageSchema,
  optional,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const componentCondition = {
  type: required(1, string),
  status: required(2, string),
  message: optional(3, string),
  error: optional(4, string),
}
export interface ComponentCondition extends FieldsType<typeof componentCondition> {}
export const ComponentCondition: MessageSchema<ComponentCondition> = message('ComponentCondition', componentCondition)

const componentStatus = {
  metadata: embedded(1, ObjectMeta),
  conditions: optional(2, keyed(ComponentCondition, ['type'], 'type')),
}
export interface ComponentStatus extends TypeMeta, FieldsType<typeof componentStatus> {}
export interface ComponentStatusInit extends TypeMeta, FieldsInit<typeof componentStatus> {}
/** Health of a control plane component (deprecated upstream, still served). */
export const ComponentStatus: Kind<ComponentStatus, ComponentStatusInit> = kind(
  'ComponentStatus',
  { plural: 'componentstatuses', namespaced: false },
  componentStatus,
)
