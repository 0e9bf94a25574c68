import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  list,
  type MessageSchema,
  map,
  optional,
  pointer,
  quantity,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { Toleration } from '../../core/v1/index.js'
import { kind, message } from './declare.js'

const overhead = { podFixed: optional(1, map(quantity)) }
export interface Overhead extends FieldsType<typeof overhead> {}
export const Overhead: MessageSchema<Overhead> = message('Overhead', overhead)

const scheduling = {
  nodeSelector: optional(1, map(string, { atomic: true })),
  tolerations: optional(2, list(Toleration)),
}
export interface Scheduling extends FieldsType<typeof scheduling> {}
export const Scheduling: MessageSchema<Scheduling> = message('Scheduling', scheduling)

const runtimeClass = {
  metadata: embedded(1, ObjectMeta),
  handler: required(2, string),
  overhead: pointer(3, Overhead),
  scheduling: pointer(4, Scheduling),
}
export interface RuntimeClass extends TypeMeta, FieldsType<typeof runtimeClass> {}
export interface RuntimeClassInit extends TypeMeta, FieldsInit<typeof runtimeClass> {}
/** A container runtime configuration that pods may choose. */
export const RuntimeClass: Kind<RuntimeClass, RuntimeClassInit> = kind(
  'RuntimeClass',
  { plural: 'runtimeclasses', namespaced: false },
  runtimeClass,
)
