import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  keyed,
  kind,
  list,
  type MessageSchema,
  message,
  nullable,
  optional,
  required,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'

const namespaceSpec = {
  finalizers: optional(1, list(string)),
}
export interface NamespaceSpec extends FieldsType<typeof namespaceSpec> {}
export const NamespaceSpec: MessageSchema<NamespaceSpec> = message('k8s.io.api.core.v1.NamespaceSpec', namespaceSpec)

const namespaceCondition = {
  type: required(1, string),
  status: required(2, string),
  lastTransitionTime: nullable(4, time),
  reason: optional(5, string),
  message: optional(6, string),
}
export interface NamespaceCondition extends FieldsType<typeof namespaceCondition> {}
export const NamespaceCondition: MessageSchema<NamespaceCondition> = message(
  'k8s.io.api.core.v1.NamespaceCondition',
  namespaceCondition,
)

const namespaceStatus = {
  phase: optional(1, string, { enum: ['Active', 'Terminating'] }),
  conditions: optional(2, keyed(NamespaceCondition, ['type'], 'type')),
}
export interface NamespaceStatus extends FieldsType<typeof namespaceStatus> {}
export const NamespaceStatus: MessageSchema<NamespaceStatus> = message(
  'k8s.io.api.core.v1.NamespaceStatus',
  namespaceStatus,
)

const namespace = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, NamespaceSpec),
  status: embedded(3, NamespaceStatus),
}
export interface Namespace extends TypeMeta, FieldsType<typeof namespace> {}
export interface NamespaceInit extends TypeMeta, FieldsInit<typeof namespace> {}
/** A scope for names. */
export const Namespace: Kind<Namespace, NamespaceInit> = kind(
  'k8s.io.api.core.v1.Namespace',
  { group: '', version: 'v1', plural: 'namespaces', namespaced: false },
  namespace,
)
