import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  keyed,
  list,
  type MessageSchema,
  nullable,
  optional,
  required,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const namespaceSpec = { finalizers: optional(1, list(string)) }
export interface NamespaceSpec extends FieldsType<typeof namespaceSpec> {}
export const NamespaceSpec: MessageSchema<NamespaceSpec> = message('NamespaceSpec', namespaceSpec)

const namespaceCondition = {
  type: required(1, string),
  status: required(2, string),
  lastTransitionTime: nullable(4, time),
  reason: optional(5, string),
  message: optional(6, string),
}
export interface NamespaceCondition extends FieldsType<typeof namespaceCondition> {}
export const NamespaceCondition: MessageSchema<NamespaceCondition> = message('NamespaceCondition', namespaceCondition)

const namespaceStatus = {
  phase: optional(1, string, { enum: ['Active', 'Terminating'] }),
  conditions: optional(2, keyed(NamespaceCondition, ['type'], 'type')),
}
export interface NamespaceStatus extends FieldsType<typeof namespaceStatus> {}
export const NamespaceStatus: MessageSchema<NamespaceStatus> = message('NamespaceStatus', namespaceStatus)

const namespace = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, NamespaceSpec),
  status: embedded(3, NamespaceStatus),
}
export interface Namespace extends TypeMeta, FieldsType<typeof namespace> {}
export interface NamespaceInit extends TypeMeta, FieldsInit<typeof namespace> {}
/** A scope for names. */
export const Namespace: Kind<Namespace, NamespaceInit> = kind(
  'Namespace',
  { plural: 'namespaces', namespaced: false },
  namespace,
)
